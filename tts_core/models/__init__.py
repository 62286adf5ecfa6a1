"""Acoustic models: a file for each system, and their parts."""
