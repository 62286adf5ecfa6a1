"""Evaluation of trained systems: held-out prosody, stimulus sets, runs."""
