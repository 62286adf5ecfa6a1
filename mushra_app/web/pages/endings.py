"""End of a sitting: text, completion code, link to the platform."""

from urllib.parse import quote

from mushra_app.study.file import Study
from mushra_app.study.progress import Progress
from mushra_app.study.texts import translated

ENDINGS = ("declined", "done", "screened_out", "withdrawn")
# Return addresses as the platforms document them.
_RETURN = {"prolific": "https://app.prolific.com/submissions/complete?cc={code}"}


def ending(study: Study, progress: Progress | None, platform_id: str | None) -> str:
    """Return the Markdown of the end page; empty before the end.

    Args:
        study: the study.
        progress: progress of the sitting.
        platform_id: id that a recruiting platform gave the listener.
    """
    if progress is None or progress.stage not in ENDINGS:
        return ""
    text = translated(study.language, progress.stage)
    code = progress.completion_code
    if not code:
        return text
    text += "\n\n" + translated(study.language, "your_code", code=code)
    where = study.recruiting.return_url or _RETURN.get(study.recruiting.platform)
    if where:
        address = where.replace("{code}", quote(code, safe=""))
        address = address.replace("{id}", quote(platform_id or "", safe=""))
        text += f"\n\n[{translated(study.language, 'back_to_platform')}]({address})"
    return text
