"""Steps and pages of a study whose ratings count."""

from mushra_app.study.file import Study
from mushra_app.study.steps import TrialsStep


def trials(study: Study) -> list[tuple[str, TrialsStep]]:
    """Return the steps that count, with their positions."""
    numbered = enumerate(study.sitting, start=1)
    return [(f"step {i}", s) for i, s in numbered if isinstance(s, TrialsStep)]


def rating_pages(study: Study) -> list[tuple[str, str]]:
    """Return positions and types of counted pages, with those of arms."""
    pages = []
    for where, step in trials(study):
        if not study.arms:
            pages.append((where, step.page))
        pages += [(f"{where}, arm {arm.name}", arm.page or step.page) for arm in study.arms]
    return pages


def named(count: int, noun: str) -> str:
    """Return a count with its noun: `1 page`, `2 pages`."""
    return f"{count} {noun}" + ("" if count == 1 else "s")
