"""Audit of a study's blindness."""
