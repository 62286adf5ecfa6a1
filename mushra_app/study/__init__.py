"""The study file and its texts."""
