"""Sounds of a study: preflight, anchors, loudness."""
