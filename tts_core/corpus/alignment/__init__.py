"""Alignment of phones with recordings, by several aligners or from files."""
