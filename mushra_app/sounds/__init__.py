"""Sounds of a study: preflight checks, anchors, loudness."""
