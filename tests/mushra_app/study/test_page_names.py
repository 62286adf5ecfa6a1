"""Page names of study files."""

from mushra_app.page_types import RATING_TYPES
from mushra_app.study.page_names import PAGE_NAMES


def test_page_names_are_the_rating_types():
    assert list(RATING_TYPES) == list(PAGE_NAMES)
