"""Adversarial training: what vocoder and refiner share."""
