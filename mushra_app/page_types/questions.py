"""A questionnaire."""

import math
from collections.abc import Mapping
from typing import Any

from mushra_app.http.errors import RefusedError
from mushra_app.page_types.base import PageContext, UnratedType
from mushra_app.study.steps import Question, QuestionsStep
from mushra_app.study.texts import html, translated

# Characters of an answer; all answers of a page together have to fit into one request.
LONGEST = {"text": 500, "long_text": 5000}


class Questions(UnratedType[QuestionsStep]):
    """Questions of six types; answers are checked at the end."""

    name = "questions"

    def asked(self, page: PageContext[QuestionsStep]) -> dict[str, Any]:
        """Return heading, text and questions."""
        step = page.step
        return {
            "title": step.title or translated(page.study.language, "questions_title"),
            "html": html(step.text),
            "questions": [
                q.model_dump() | {"longest": LONGEST.get(q.type)} for q in step.questions
            ],
        }

    def check(
        self, page: PageContext[QuestionsStep], answers: Mapping[str, Any], opened_s: float
    ) -> None:
        """Check that every answer is valid and no required answer is missing."""
        del opened_s
        questions = {q.name: q for q in page.step.questions}
        for name in answers:
            if name not in questions:
                raise RefusedError(422, f"{name}: no such question on this page")
        for name, question in questions.items():
            answer = answers.get(name)
            if _empty(answer):
                if not question.optional:
                    raise RefusedError(409, f"{name}: this question has not been answered")
            elif wrong := _wrong(question, answer):
                raise RefusedError(422, f"{name}: {wrong}")


def _empty(answer: object) -> bool:
    return answer is None or answer == [] or (isinstance(answer, str) and not answer.strip())


def _wrong(question: Question, answer: Any) -> str | None:
    """Return the problem of an answer, or None."""
    if question.type in LONGEST:
        if not isinstance(answer, str):
            return "the answer must be a text"
        most = LONGEST[question.type]
        return f"the answer has more than {most} characters" if len(answer) > most else None
    if question.type == "number":
        number = isinstance(answer, int | float) and not isinstance(answer, bool)
        if not number or not math.isfinite(answer):
            return "the answer must be a number"
        low = question.min is not None and answer < question.min
        high = question.max is not None and answer > question.max
        return f"{answer:g} is too {'small' if low else 'large'}" if low or high else None
    chosen = answer if question.type == "choices" and isinstance(answer, list) else [answer]
    unknown = [option for option in chosen if option not in question.options]
    if unknown:
        return f"{unknown[0]!r} is not one of the options"
    return "an answer was chosen twice" if len(set(chosen)) < len(chosen) else None
