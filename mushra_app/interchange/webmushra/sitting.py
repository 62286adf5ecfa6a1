"""The pages of a webMUSHRA study as the steps of a sitting."""

from dataclasses import dataclass, field

from mushra_app.interchange.findings import Finding
from mushra_app.interchange.webmushra.keys import PAGES, check_keys, finding
from mushra_app.interchange.webmushra.read import ForeignPage
from mushra_app.interchange.webmushra.rectangle import Rectangle
from mushra_app.interchange.webmushra.screens import (
    consent_text,
    finish_steps,
    loudness_steps,
    text_step,
)
from mushra_app.interchange.webmushra.stimuli import Cells
from mushra_app.interchange.webmushra.trials import RATED, Draft, drafts, without_representation
from mushra_app.study.steps import Step


@dataclass
class Sitting:
    """What listeners meet.

    Attributes:
        steps: steps, and rating steps in the making.
        consent: texts of the pages of consent.
    """

    steps: list[Step | Draft] = field(default_factory=list)
    consent: list[str] = field(default_factory=list)

    @property
    def drafts(self) -> list[Draft]:
        """The rating steps."""
        return [step for step in self.steps if isinstance(step, Draft)]


def represented(page: ForeignPage, pairs: bool) -> bool:
    """Whether a page can be a rating page here. `pairs`: paired comparisons become preferences."""
    return page.type in RATED and (pairs or page.type != "paired_comparison")


def sitting(
    pages: list[tuple[int, ForeignPage]],
    cells: Cells,
    study: Rectangle,
    pairs: bool,
    found: list[Finding],
) -> Sitting:
    """Lay out all pages.

    Args:
        pages: the pages with their numbers.
        cells: their stimuli.
        study: what is in the stimulus set.
        pairs: whether paired comparisons become preferences.
        found: findings are added to it.
    """
    made = Sitting()
    for number, page in pages:
        if PAGES.get(page.type):
            found += check_keys(page.values, PAGES[page.type], page)
        if represented(page, pairs):
            if page.type == "paired_comparison":
                found.append(_asked_otherwise(page))
            for draft in drafts(number, page, cells, study, found):
                _add(made, draft)
            _hint_of_training(page, found)
        elif page.type == "consent":
            if made.steps:
                found.append(
                    finding("changed", page, None, "consent in the middle of the test",
                            "asked before anything else")
                )  # fmt: skip
            made.consent.append(consent_text(page, found))
        elif page.type in ("generic", "volume", "finish"):
            make = {"generic": text_step, "volume": loudness_steps, "finish": finish_steps}
            made.steps += make[page.type](page, found)
        else:
            found.append(without_representation(page))
            continue
        if page.shuffled is not None and not represented(page, pairs):
            found.append(
                finding("changed", page, None, "at a random place", "where it stands in the file")
            )
    _orders(pages, made, pairs, found)
    return made


def _add(made: Sitting, draft: Draft) -> None:
    """Put a page into a step of its kind in the run of rating pages at the end, or a new one."""
    for step in reversed(made.steps):
        if not isinstance(step, Draft):
            break
        if step.takes(draft):
            step.sentences += draft.sentences
            step.pages += draft.pages
            return
    made.steps.append(draft)


def _asked_otherwise(page: ForeignPage) -> Finding:
    return finding(
        "changed", page, None, "which item is the reference, beside an open reference",
        "which of the two is better, without an open reference: another question",
    )  # fmt: skip


def _hint_of_training(page: ForeignPage, found: list[Finding]) -> None:
    said = f"{page.id} {page.values.get('name') or ''}".lower()
    if any(word in said for word in ("train", "practice", "practise")):
        found.append(
            finding("note", page, None, "it may be for practice, which webMUSHRA has no word for",
                    "rated like the others; change the step's type to training if it is")
        )  # fmt: skip


def _orders(
    pages: list[tuple[int, ForeignPage]], made: Sitting, pairs: bool, found: list[Finding]
) -> None:
    """What was said of the order of rating pages."""
    for draft in made.drafts:
        if draft.shuffled is None and draft.pages > 1:
            found.append(
                finding("changed", draft.from_page, None,
                        f"this page and {draft.pages - 1} more in a fixed order",
                        "a step whose pages come in a random order for each listener")
            )  # fmt: skip
    rating = [page for _, page in pages if represented(page, pairs) and page.shuffled is not None]
    for group in dict.fromkeys(page.shuffled for page in rating):
        own = [page for page in rating if page.shuffled == group]
        steps = [draft for draft in made.drafts if draft.shuffled == group and not draft.scale]
        if len(steps) > 1:
            found.append(
                finding("changed", own[0], None, "pages of several kinds in one random order",
                        f"{len(steps)} steps, each with its pages in a random order")
            )  # fmt: skip
        if any(page.depth for page in own):
            found.append(
                finding("changed", own[0], None, "lists within a random list, kept together",
                        "all their pages in one random order")
            )  # fmt: skip
