"""A page to read: the instructions, or whatever a study says."""

from typing import Any

from mushra_app.steps import TextStep
from mushra_app.study import Study
from mushra_app.texts import html, said
from mushra_app.types.base import Screen


class Text(Screen[TextStep]):
    """Heading and Markdown; without a text, the usual instructions of the listener's pages."""

    name = "text"

    def asked(self, study: Study, step: TextStep, seed: int, kind: str) -> dict[str, Any]:
        """The page as HTML."""
        del seed
        usual = said(study.language, f"instructions_{kind}", prompt=study.prompt)
        title = f"# {step.title}\n\n" if step.title else ""
        return {"html": html(title + (step.text if step.text is not None else usual))}
