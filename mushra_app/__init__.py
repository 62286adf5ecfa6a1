"""Listening test: stimulus set and study file to ratings."""
