"""Page to read: the instructions, or a text of the study."""

from typing import Any

from mushra_app.page_types.base import PageContext, UnratedType
from mushra_app.study.steps import TextStep
from mushra_app.study.texts import html, translated


class Text(UnratedType[TextStep]):
    """Heading and Markdown; the default text is the instructions."""

    name = "text"

    def asked(self, page: PageContext[TextStep]) -> dict[str, Any]:
        """Return the page as HTML."""
        study, step = page.study, page.step
        usual = translated(study.language, f"instructions_{page.kind}", prompt=study.prompt)
        title = f"# {step.title}\n\n" if step.title else ""
        return {"html": html(title + (step.text if step.text is not None else usual))}
