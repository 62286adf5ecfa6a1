"""Comparison of a study with ITU-R BS.1534-3."""
