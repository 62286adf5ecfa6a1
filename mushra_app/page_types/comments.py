"""Comments on the whole test."""

from collections.abc import Mapping
from typing import Any

from mushra_app.http.errors import RefusedError
from mushra_app.page_types.base import PageContext, UnratedType
from mushra_app.study.steps import CommentsStep

LONGEST = 5000


class Comments(UnratedType[CommentsStep]):
    """One free text, which may stay empty."""

    name = "comments"

    def asked(self, page: PageContext[CommentsStep]) -> dict[str, Any]:
        """Return the longest text, characters."""
        del page
        return {"longest": LONGEST}

    def check(
        self, page: PageContext[CommentsStep], answers: Mapping[str, Any], opened_s: float
    ) -> None:
        """Check the length of the text."""
        del page, opened_s
        words = answers.get("comments", "")
        if set(answers) - {"comments"} or not isinstance(words, str):
            raise RefusedError(422, "this page takes one text, named comments")
        if len(words) > LONGEST:
            raise RefusedError(422, f"the text has more than {LONGEST} characters")
