"""Composition root: command line, demo, and what one room hands to another."""
