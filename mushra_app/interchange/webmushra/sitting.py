"""The pages of a webMUSHRA study as the steps of a sitting."""

from dataclasses import dataclass, field

from mushra_app.interchange.webmushra.keys import PAGES, Differences, check_keys
from mushra_app.interchange.webmushra.read import ForeignPage
from mushra_app.interchange.webmushra.rectangle import Rectangle
from mushra_app.interchange.webmushra.screens import (
    consent_text,
    finish_steps,
    loudness_steps,
    text_step,
)
from mushra_app.interchange.webmushra.stimuli import Cells
from mushra_app.interchange.webmushra.trials import RATED, Draft, add_unsupported, drafts
from mushra_app.study.steps import Step


@dataclass
class Sitting:
    """Steps of the imported sitting.

    Attributes:
        steps: complete steps, and drafts of rating steps.
        consent: texts of the consent pages.
    """

    steps: list[Step | Draft] = field(default_factory=list)
    consent: list[str] = field(default_factory=list)

    @property
    def drafts(self) -> list[Draft]:
        """The rating steps."""
        return [step for step in self.steps if isinstance(step, Draft)]


def represented(page: ForeignPage, pairs: bool) -> bool:
    """Return True if a page can be a rating page.

    Args:
        page: the page.
        pairs: paired comparisons become preferences.
    """
    return page.type in RATED and (pairs or page.type != "paired_comparison")


def sitting(
    pages: list[tuple[int, ForeignPage]],
    cells: Cells,
    study: Rectangle,
    pairs: bool,
    differences: Differences,
) -> Sitting:
    """Convert all pages to steps.

    Args:
        pages: the pages with their numbers.
        cells: their stimuli.
        study: sentences and systems of the stimulus set.
        pairs: paired comparisons become preferences.
        differences: list to which findings are added.
    """
    made = Sitting()
    for number, page in pages:
        if PAGES.get(page.type):
            differences += check_keys(page.values, PAGES[page.type], page)
        if represented(page, pairs):
            if page.type == "paired_comparison":
                _add_other_question(page, differences)
            for draft in drafts(number, page, cells, study, differences):
                _add(made, draft)
            _hint_of_training(page, differences)
        elif page.type == "consent":
            if made.steps:
                differences.add(
                    "changed",
                    page,
                    None,
                    "consent in the middle of the test",
                    "asked before anything else",
                )
            made.consent.append(consent_text(page, differences))
        elif page.type in ("generic", "volume", "finish"):
            make = {"generic": text_step, "volume": loudness_steps, "finish": finish_steps}
            made.steps += make[page.type](page, differences)
        else:
            add_unsupported(page, differences)
            continue
        if page.shuffled is not None and not represented(page, pairs):
            differences.add(
                "changed", page, None, "at a random place", "at its position in the file"
            )
    _orders(pages, made, pairs, differences)
    return made


def _add(made: Sitting, draft: Draft) -> None:
    """Merge a draft into the last rating steps, or append it."""
    for step in reversed(made.steps):
        if not isinstance(step, Draft):
            break
        if step.takes(draft):
            step.sentences += draft.sentences
            step.pages += draft.pages
            return
    made.steps.append(draft)


def _add_other_question(page: ForeignPage, differences: Differences) -> None:
    differences.add(
        "changed",
        page,
        None,
        "which item is the reference, beside an open reference",
        "which of the two is better, without an open reference: another question",
    )


def _hint_of_training(page: ForeignPage, differences: Differences) -> None:
    words = f"{page.id} {page.values.get('name') or ''}".lower()
    if any(word in words for word in ("train", "practice", "practise")):
        differences.add(
            "note",
            page,
            None,
            "it may be for practice, which webMUSHRA has no word for",
            "rated like the others; change the step's type to training if it is",
        )


def _orders(
    pages: list[tuple[int, ForeignPage]], made: Sitting, pairs: bool, differences: Differences
) -> None:
    """Add the differences in the order of rating pages."""
    for draft in made.drafts:
        if draft.shuffled is None and draft.pages > 1:
            differences.add(
                "changed",
                draft.from_page,
                None,
                f"this page and {draft.pages - 1} more in a fixed order",
                "a step whose pages come in a random order for each listener",
            )
    rating = [page for _, page in pages if represented(page, pairs) and page.shuffled is not None]
    for group in dict.fromkeys(page.shuffled for page in rating):
        group_pages = [page for page in rating if page.shuffled == group]
        steps = [draft for draft in made.drafts if draft.shuffled == group and not draft.scale]
        if len(steps) > 1:
            differences.add(
                "changed",
                group_pages[0],
                None,
                "pages of several kinds in one random order",
                f"{len(steps)} steps, each with its pages in a random order",
            )
        if any(page.depth for page in group_pages):
            differences.add(
                "changed",
                group_pages[0],
                None,
                "lists within a random list, kept together",
                "all their pages in one random order",
            )
