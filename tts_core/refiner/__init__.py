"""Refiner: makes predicted log-mel spectrograms as sharp as recorded ones."""
