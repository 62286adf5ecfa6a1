"""Adversarial training of a trained system's decoder."""
