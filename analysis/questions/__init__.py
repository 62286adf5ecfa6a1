"""Questions that a reader asks of ratings, one a file."""
