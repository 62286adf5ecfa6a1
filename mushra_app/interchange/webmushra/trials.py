"""Rating pages as steps of a sitting."""

from dataclasses import dataclass, field
from typing import Any

from mushra_app.interchange.webmushra.keys import POINT, Differences, check_keys
from mushra_app.interchange.webmushra.markup import plain
from mushra_app.interchange.webmushra.read import ForeignPage, Lined
from mushra_app.interchange.webmushra.rectangle import Rectangle
from mushra_app.interchange.webmushra.stimuli import Cell, Cells
from mushra_app.study.steps import PageTypeName, TrialsStep

# Page of Intone by page of webMUSHRA; paired comparisons only with --pairs-as-preference.
RATED: dict[str, PageTypeName] = {
    "mushra": "mushra",
    "paired_comparison": "ab",
    "likert_single_stimulus": "acr",
    "likert_multi_stimulus": "acr",
}


@dataclass
class Draft:
    """Draft of a rating step; consecutive pages of one kind share it."""

    page: PageTypeName
    systems: tuple[str, ...]
    prompt: str | None
    labels: tuple[str, ...] | None
    scale: int
    shuffled: int | None
    most: int | None
    unforced: bool
    from_page: ForeignPage
    sentences: list[str] = field(default_factory=list)
    pages: int = 0

    @property
    def asked(self) -> tuple[Any, ...]:
        """Question that listeners answer."""
        return (self.prompt, self.labels, self.scale)

    def takes(self, other: "Draft") -> bool:
        """Return True if another page can be part of this step."""
        values = (self.page, self.systems, self.asked, self.shuffled, self.unforced)
        same = values == (other.page, other.systems, other.asked, other.shuffled, other.unforced)
        alone = self.most is not None or other.most is not None
        return same and not alone and not set(self.sentences) & set(other.sentences)

    def step(self, study: Rectangle, anchors: int, question: str | None) -> TrialsStep:
        """Return the step.

        Args:
            study: sentences and systems of the study.
            anchors: number of anchors on a page.
            question: name of the question; None for the usual one.
        """
        tested = [s for s in study.systems if s in self.systems]
        values: dict[str, Any] = {"page": self.page, "prompt": self.prompt, "question": question}
        if len(tested) < len(study.systems) and self.page != "ab":
            # An empty list would mean that only the reference is rated.
            values["systems"] = tested or [study.reference]
        if tuple(self.sentences) != study.sentences:
            values["sentences"] = self.sentences
        count = len(self.sentences)
        if self.page == "acr":
            values["labels"] = list(self.labels or ()) or None
            count *= 1 + len(tested) + anchors
        elif self.page == "ab":
            values["pairs"] = [(study.reference, system) for system in tested]
            values["no_preference"] = self.unforced
            count *= len(tested)
        values["pages"] = min(count, self.most or count)
        return TrialsStep.model_validate(values)


def drafts(
    number: int, page: ForeignPage, cells: Cells, study: Rectangle, differences: Differences
) -> list[Draft]:
    """Return the steps of a rating page that the study keeps."""
    kept = _kept(cells.pages[number], page, study, differences)
    if not kept:
        return []
    kind = RATED[page.type]
    scales = _scales(page, differences) if kind == "acr" else [None]
    prompt, dropped = plain(page.values.get("content"))
    if dropped:
        differences.add(
            "lost",
            page,
            "content",
            "HTML that is no text: " + ", ".join(dropped),
            "the question without it",
            page.values["content"],
        )
    most = page.values.get("maxStimuli")
    if not scales:
        differences.add(
            "lost",
            page,
            None,
            "none of its scales has five points",
            "left out, verbatim in the import's report",
            dict(page.values),
        )
    elif kind == "acr":
        _extra(page, kept, study, differences)
    return [
        Draft(
            page=kind,
            systems=tuple(
                dict.fromkeys(s for s in study.systems if any(c.system == s for c in kept))
            ),
            prompt=prompt or None,
            labels=labels,
            scale=scale,
            shuffled=page.shuffled,
            most=most if isinstance(most, int) and most > 0 else None,
            unforced=page.values.get("unforced") is not None,
            from_page=page,
            sentences=list(dict.fromkeys(c.sentence for c in kept)),
            pages=1,
        )
        for scale, labels in enumerate(scales)
    ]


def _kept(
    cells: list[Cell], page: ForeignPage, study: Rectangle, differences: Differences
) -> list[Cell]:
    """Return the stimuli that the study keeps."""
    kept = [cell for cell in cells if study.holds(cell.sentence, cell.system)]
    if not kept:
        differences.add(
            "lost",
            page,
            None,
            "it shares too few systems and sentences with other pages, and a study has all systems "
            "of all its sentences",
            f"left out; `--pages {page.id}` imports it as a study of its own",
            dict(page.values),
        )
        return []
    for cell in cells:
        if cell not in kept:
            differences.add(
                "lost",
                page,
                f"stimuli.{cell.label}",
                "a system or sentence that too few pages have, and a study has all systems of all "
                "its sentences",
                "left out",
                cell.path,
            )
    return kept


def _extra(page: ForeignPage, kept: list[Cell], study: Rectangle, differences: Differences) -> None:
    """Add stimuli that a category rating has only in Intone."""
    rated = {(c.sentence, c.system) for c in kept}
    systems = {study.reference, *(c.system for c in kept)}
    sentences = dict.fromkeys(c.sentence for c in kept)
    more = [f"{s} by {x}" for s in sentences for x in sorted(systems) if (s, x) not in rated]
    if more:
        differences.add(
            "added",
            page,
            "stimuli",
            "every system of the page says every sentence of it, the reference too",
            "rated as well: " + ", ".join(more),
        )


def _scales(page: ForeignPage, differences: Differences) -> list[tuple[str, ...] | None]:
    """Return labels of the scales, best first; only scales of five points."""
    response = page.values.get("response")
    lists = response if isinstance(response, list) else []
    several = bool(lists) and all(isinstance(entry, list) for entry in lists)
    scales: list[tuple[str, ...] | None] = []
    for scale in lists if several else [lists]:
        points = [p for p in scale if isinstance(p, Lined)]
        values = [p.get("value") for p in points]
        numbers = [v for v in values if isinstance(v, int | float) and not isinstance(v, bool)]
        if len(points) != 5 or len(set(numbers)) != 5:
            differences.add(
                "lost",
                page,
                "response",
                "a scale must have five points with numbers",
                "not asked",
                scale,
            )
            continue
        for point in points:
            differences += check_keys(point, POINT, page, "response.")
        if sorted(numbers) != [1, 2, 3, 4, 5]:
            differences.add(
                "changed",
                page,
                "response",
                "values of the points",
                "stored as 1 (worst) to 5 (best)",
                values,
            )
        best = sorted(points, key=lambda p: -p["value"])
        scales.append(tuple(plain(p.get("label"))[0] or str(p["value"]) for p in best))
    if several and len(scales) > 1:
        differences.add(
            "changed",
            page,
            "response",
            "several scales beneath each stimulus",
            "a step of pages for each scale",
        )
    if page.type == "likert_multi_stimulus" and scales:
        differences.add("changed", page, None, "all stimuli on one page", "one a page")
    return scales


def add_unsupported(page: ForeignPage, differences: Differences) -> None:
    """Add the difference for a page of a type that Intone lacks."""
    why = {
        "bs1116": "BS.1116 grades the impairment of each of two items, one of which is the hidden "
        "reference; no page of Intone asks that",
        "spatial": "Intone has no spatial ratings",
        "paired_comparison": "it asks which item is the reference, beside an open reference; pages "
        "of type ab ask which is better, without one",
    }.get(page.type, f"webMUSHRA has no page of type {page.type!r}")
    instead = "left out, verbatim in the import's report"
    if page.type == "paired_comparison":
        instead += "; `--pairs-as-preference` makes ab pages of its stimuli"
    differences.add("lost", page, None, why, instead, dict(page.values))
