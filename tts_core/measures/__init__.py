"""Measures of speech: prosody, word errors, quality, intervals."""
