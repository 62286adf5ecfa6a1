"""The example of docs/page-types.md, read out of that page."""

import re
from pathlib import Path
from types import ModuleType

from mushra_app.page_types.base import RatingType

PAGE = Path(__file__).parents[2] / "docs" / "page-types.md"


def example(language: str) -> str:
    """Source of the example in python or js."""
    found = re.findall(rf"```{language}\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    assert len(found) == 1
    return found[0]


def understood() -> RatingType:
    """The page type of the example."""
    module = ModuleType("understood")
    exec(compile(example("python"), str(PAGE), "exec"), module.__dict__)
    return module.Understood()
