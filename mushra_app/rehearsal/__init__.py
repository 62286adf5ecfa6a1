"""Rehearsal of a study with simulated listeners."""
