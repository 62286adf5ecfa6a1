"""Preparation of a corpus: recordings and texts to training data."""
