"""Names of the rating pages in study files and ratings."""

PAGE_NAMES = ("mushra", "mushra_nmr", "ab", "acr")
"""The keys of `mushra_app.page_types.RATING_TYPES`, which imports this package."""
