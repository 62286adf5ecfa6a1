"""Names of the rating pages, which study files and ratings use."""

PAGE_NAMES = ("mushra", "mushra_nmr", "ab", "acr")
"""The keys of `mushra_app.page_types.RATING_TYPES`, which imports this package."""
