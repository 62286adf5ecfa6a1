"""Sitting of one listener: admission, rating, submission, withdrawal."""
