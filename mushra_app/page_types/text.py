"""Page to read: the instructions, or a text of the study."""

from typing import Any

from mushra_app.page_types.base import Scene, Screen
from mushra_app.study.steps import TextStep
from mushra_app.study.texts import html, translated


class Text(Screen[TextStep]):
    """Heading and Markdown; the default text is the instructions."""

    name = "text"

    def asked(self, scene: Scene[TextStep]) -> dict[str, Any]:
        """Return the page as HTML."""
        study, step = scene.study, scene.step
        usual = translated(study.language, f"instructions_{scene.kind}", prompt=study.prompt)
        title = f"# {step.title}\n\n" if step.title else ""
        return {"html": html(title + (step.text if step.text is not None else usual))}
