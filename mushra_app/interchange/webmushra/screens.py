"""Pages without ratings: texts, consent, loudness and questionnaires."""

import re
from typing import Any

from intone.documents import check
from intone.errors import UserError
from mushra_app.interchange.webmushra.keys import POINT, QUESTION, Differences, check_keys
from mushra_app.interchange.webmushra.markup import markdown, plain
from mushra_app.interchange.webmushra.read import ForeignPage, Lined
from mushra_app.study.steps import LoudnessStep, Question, QuestionsStep, Step, TextStep

_TYPES = {"text": "text", "long_text": "long_text", "number": "number", "likert": "scale"}


def _words(page: ForeignPage, differences: Differences) -> tuple[str, str]:
    """Return heading and Markdown of a page; list lost HTML."""
    title, dropped = plain(page.values.get("name"))
    text, lost = markdown(page.values.get("content"))
    for key, tags in (("name", dropped), ("content", lost)):
        if tags:
            differences.add(
                "lost",
                page,
                key,
                "HTML that is no text: " + ", ".join(tags),
                "the text without it",
                page.values[key],
            )
    return title, text


def text_step(page: ForeignPage, differences: Differences) -> list[Step]:
    """Return the step of a text page; none if it is empty."""
    title, text = _words(page, differences)
    if not (title or text):
        return []
    # A null text would be the usual instructions.
    return [TextStep(title=title or None, text=text or title)]


def loudness_steps(page: ForeignPage, differences: Differences) -> list[Step]:
    """Return the loudness step, after a page with the source's text."""
    _, text = _words(page, differences)
    if not text:
        return [LoudnessStep()]
    differences.add(
        "changed",
        page,
        "content",
        "the loudness page has its own words",
        "a page with these comes before it",
    )
    return [*text_step(page, Differences()), LoudnessStep()]


def consent_text(page: ForeignPage, differences: Differences) -> str:
    """Return the consent text of a page."""
    title, text = _words(page, differences)
    return f"## {title}\n\n{text}" if title and text else text or title


def finish_steps(page: ForeignPage, differences: Differences) -> list[Step]:
    """Return the questionnaire with its text, or only the text."""
    asked = page.values.get("questionnaire")
    if not asked:
        return text_step(page, differences)
    title, text = _words(page, differences)
    if not isinstance(asked, list) or not all(isinstance(q, Lined) for q in asked):
        raise UserError(
            f"{page.path}, line {page.line_of('questionnaire')}: questionnaire: not a list of "
            "questions; correct it"
        )
    names: list[str] = []
    questions = [_question(page, question, names, differences) for question in asked]
    return [QuestionsStep(title=title or None, text=text, questions=questions)]


def _question(
    page: ForeignPage, question: Lined, names: list[str], differences: Differences
) -> Question:
    differences += check_keys(question, dict.fromkeys(QUESTION), page, "questionnaire.")
    written = str(question.get("name") or "")
    name = _column(written, names)
    names.append(name)
    if name != written:
        differences.add(
            "changed",
            page,
            "questionnaire.name",
            f"{written!r} is no column's name",
            f"the column is {name}",
            written,
        )
    kind = _TYPES.get(str(question.get("type")))
    if kind is None:
        differences.add(
            "changed",
            page,
            "questionnaire.type",
            f"no such type of question: {question.get('type')!r}",
            "asked as text",
            question,
        )
    values: dict[str, Any] = {
        "name": name,
        "label": plain(question.get("label"))[0] or name,
        "type": kind or "text",
        "optional": bool(question.get("optional")),
    }
    if question.get("default") is not None:
        differences.add(
            "lost",
            page,
            "questionnaire.default",
            "an answer filled in beforehand",
            "the field is empty",
            question["default"],
        )
    if kind == "scale":
        values["options"] = _options(page, question, name, differences)
    elif kind == "number":
        values |= {key: question[key] for key in ("min", "max") if question.get(key) is not None}
    where = f"{page.path}, line {question.line}: questionnaire: {name}"
    return check(values, Question, where, "correct it")


def _options(page: ForeignPage, question: Lined, name: str, differences: Differences) -> list[str]:
    points = [p for p in question.get("response") or [] if isinstance(p, Lined)]
    options = []
    for point in points:
        differences += check_keys(point, POINT, page, "questionnaire.response.")
        options.append(plain(point.get("label"))[0] or str(point.get("value")))
    values = [str(point.get("value")) for point in points]
    if values != options:
        differences.add(
            "changed",
            page,
            "questionnaire.response",
            f"{name}: values of the points",
            "the answer is stored as the point's label",
            dict(zip(values, options, strict=True)),
        )
    return options


def _column(written: str, taken: list[str]) -> str:
    """Return a valid, free column name close to the written name."""
    name = re.sub(r"[^a-z0-9_]+", "_", written.lower()).strip("_")[:36] or "question"
    name = name if name[0].isalpha() else f"q_{name}"
    free, number = name, 2
    while free in taken:
        free, number = f"{name}_{number}", number + 1
    return free
