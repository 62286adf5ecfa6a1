"""Pages without ratings: texts, consent, loudness and questionnaires."""

import re
from typing import Any

from intone.documents import check
from intone.errors import UserError
from mushra_app.interchange.findings import Finding
from mushra_app.interchange.webmushra.keys import POINT, QUESTION, check_keys, finding
from mushra_app.interchange.webmushra.markup import markdown, plain
from mushra_app.interchange.webmushra.read import ForeignPage, Lined
from mushra_app.study.steps import LoudnessStep, Question, QuestionsStep, Step, TextStep

_TYPES = {"text": "text", "long_text": "long_text", "number": "number", "likert": "scale"}


def words(page: ForeignPage, found: list[Finding]) -> tuple[str, str]:
    """Heading and Markdown of a page; what HTML said beyond them is listed."""
    title, dropped = plain(page.values.get("name"))
    text, lost = markdown(page.values.get("content"))
    for key, tags in (("name", dropped), ("content", lost)):
        if tags:
            found.append(
                finding("lost", page, key, "HTML that is no text: " + ", ".join(tags),
                        "the text without it", page.values[key])
            )  # fmt: skip
    return title, text


def text_step(page: ForeignPage, found: list[Finding]) -> list[Step]:
    """A page to read; none if there is nothing on it."""
    title, text = words(page, found)
    if not (title or text):
        return []
    # A null text would be the usual instructions.
    return [TextStep(title=title or None, text=text or title)]


def loudness_steps(page: ForeignPage, found: list[Finding]) -> list[Step]:
    """Setting the loudness, after a page with the words that stood there, if any."""
    _, text = words(page, found)
    if not text:
        return [LoudnessStep()]
    found.append(
        finding("changed", page, "content", "the loudness page has its own words",
                "a page with these comes before it")
    )  # fmt: skip
    return [*text_step(page, []), LoudnessStep()]


def consent_text(page: ForeignPage, found: list[Finding]) -> str:
    """What a listener agrees to."""
    title, text = words(page, found)
    return f"## {title}\n\n{text}" if title and text else text or title


def finish_steps(page: ForeignPage, found: list[Finding]) -> list[Step]:
    """The questionnaire with the words above it, or these alone."""
    asked = page.values.get("questionnaire")
    if not asked:
        return text_step(page, found)
    title, text = words(page, found)
    if not isinstance(asked, list) or not all(isinstance(q, Lined) for q in asked):
        raise UserError(
            f"line {page.line_of('questionnaire')}: questionnaire: no list of questions; mend it"
        )
    names: list[str] = []
    questions = [_question(page, one, names, found) for one in asked]
    return [QuestionsStep(title=title or None, text=text, questions=questions)]


def _question(page: ForeignPage, one: Lined, names: list[str], found: list[Finding]) -> Question:
    found += check_keys(one, dict.fromkeys(QUESTION), page, "questionnaire.")
    written = str(one.get("name") or "")
    name = _column(written, names)
    names.append(name)
    if name != written:
        found.append(
            finding("changed", page, "questionnaire.name", f"{written!r} is no column's name",
                    f"the column is {name}", written)
        )  # fmt: skip
    kind = _TYPES.get(str(one.get("type")))
    if kind is None:
        found.append(
            finding("changed", page, "questionnaire.type",
                    f"no such type of question: {one.get('type')!r}", "asked as text", one)
        )  # fmt: skip
    values: dict[str, Any] = {
        "name": name,
        "label": plain(one.get("label"))[0] or name,
        "type": kind or "text",
        "optional": bool(one.get("optional")),
    }
    if one.get("default") is not None:
        found.append(
            finding("lost", page, "questionnaire.default", "an answer filled in beforehand",
                    "the field is empty", one["default"])
        )  # fmt: skip
    if kind == "scale":
        values["options"] = _options(page, one, name, found)
    elif kind == "number":
        values |= {key: one[key] for key in ("min", "max") if one.get(key) is not None}
    where = f"line {one.line}: questionnaire: {name}"
    return check(values, Question, where, "correct it")


def _options(page: ForeignPage, one: Lined, name: str, found: list[Finding]) -> list[str]:
    points = [p for p in one.get("response") or [] if isinstance(p, Lined)]
    options = []
    for point in points:
        found += check_keys(point, POINT, page, "questionnaire.response.")
        options.append(plain(point.get("label"))[0] or str(point.get("value")))
    values = [str(point.get("value")) for point in points]
    if values != options:
        found.append(
            finding("changed", page, "questionnaire.response", f"{name}: values of the points",
                    "the answer is stored as the point's label",
                    dict(zip(values, options, strict=True)))
        )  # fmt: skip
    return options


def _column(written: str, taken: list[str]) -> str:
    """A column's name as near to the written one as there is."""
    name = re.sub(r"[^a-z0-9_]+", "_", written.lower()).strip("_")[:36] or "question"
    name = name if name[0].isalpha() else f"q_{name}"
    free, number = name, 2
    while free in taken:
        free, number = f"{name}_{number}", number + 1
    return free
