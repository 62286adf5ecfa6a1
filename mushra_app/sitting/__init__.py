"""One listener's way: admission, rating, submission, withdrawal."""
