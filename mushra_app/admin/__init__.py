"""Researcher's side: an account, and pages on the progress of a study."""
