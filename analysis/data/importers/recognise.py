"""Recognition of the tool of a file, and import of results."""

import hashlib
import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path

from analysis.data.importers import beaqlejs, netflix, pymushra, webmushra, wide
from analysis.data.importers.files import read_json, read_text
from analysis.data.importers.finish import finish
from analysis.data.importers.rows import TOOLS, Imported, Kind, Options
from analysis.data.sources import DATABASE_SUFFIXES, Source, cannot_read
from analysis.wording import counted
from intone.errors import UserError

# Enough for the longest header; a table of the contract may be large.
_HEAD = 1 << 16
Read = Callable[[Sequence[Path], Options], Imported]
READERS: dict[str, Read] = {
    "webmushra": webmushra.read_webmushra,
    "pymushra": pymushra.read_pymushra,
    "beaqlejs": beaqlejs.read_beaqlejs,
    "netflix": netflix.read_netflix,
    "wide": wide.read_wide,
}


def recognise(file: Path) -> str | None:
    """Return the tool that wrote a file.

    None for a table of the contract, and for an unknown table.

    Raises:
        UserError: JSON or XML that is cut off, or of a tool that is not known; or no permission.
    """
    if file.suffix.lower() in (*DATABASE_SUFFIXES, ".parquet") or not file.is_file():
        return None
    try:
        with file.open("rb") as stream:
            # Bytes that are not UTF-8 are an error of the reader.
            head = stream.read(_HEAD).decode("utf-8-sig", errors="replace")
    except OSError as error:
        raise cannot_read(file, error) from error
    start = head.lstrip()[:1]
    if start == "<":
        return "netflix" if netflix.is_netflix(head) else _unknown(file, "XML")
    if start in ("[", "{"):
        return _recognise_json(file, read_text(file))
    first = next((line for line in head.splitlines() if line.strip()), "")
    cells = [cell.strip('" ') for cell in re.split("[,;\t]", first)]
    if webmushra.is_header(cells):
        return "webmushra"
    if pymushra.is_header(cells):
        return "pymushra"
    return "wide" if wide.is_wide(cells) else None


def _recognise_json(file: Path, text: str) -> str:
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        # A truncated file is an error of the reader of the tool that it looks like.
        content = None
        if '"TestID"' in text:
            return "beaqlejs"
        if '"responses' in text or '"questionaire"' in text:
            return "pymushra"
        read_json(file, "export the results again")
    if pymushra.is_pymushra(content):
        return "pymushra"
    return "beaqlejs" if beaqlejs.is_beaqlejs(content) else _unknown(file, "JSON")


def _unknown(file: Path, form: str) -> str:
    raise UserError(
        f"{file.name}: {form} of an unknown tool; give results of {', '.join(TOOLS[:-1])}, or any "
        "CSV with the columns listener, utterance, system, score"
    )


def import_results(
    files: Sequence[Path], tool: str = "auto", options: Options | None = None
) -> tuple[Source, Kind]:
    """Read results of another tool.

    Args:
        files: one or several of one kind; a file that is there twice is read once.
        tool: one of `TOOLS`, or auto.
        options: columns to keep, and the meaning of labels.

    Returns:
        The table with its notes; and ratings or preferences.

    Raises:
        UserError: nothing that can be imported, or files of several tools.
    """
    options = options or Options()
    if tool not in ("auto", *TOOLS):
        raise UserError(f"tool {tool!r}: not known; choose auto, {', '.join(TOOLS)}")
    kept: dict[str, Path] = {}
    for file in files:
        if not file.is_file():
            problem = "no such file; check the name"
            if file.is_dir():
                problem = "a folder; name the files in it"
            raise UserError(f"{file}: {problem}")
        try:
            kept.setdefault(hashlib.sha256(file.read_bytes()).hexdigest(), file)
        except OSError as error:
            raise cannot_read(file, error) from error
    chosen = list(kept.values())
    tools = {file: recognise(file) if tool == "auto" else tool for file in chosen}
    for file, name in tools.items():
        if name is None and options.systems:
            tools[file] = name = "wide"
        if name is None:
            read_text(file)
            raise UserError(
                f"{file.name}: not recognised as results of a tool; name the tool with --tool, "
                "or analyse a table of listener, utterance, system, score as it is"
            )
    names = sorted({str(name) for name in tools.values()})
    if len(names) > 1:
        raise UserError(f"files of {' and '.join(names)}; import each tool by itself")
    imported = READERS[names[0]](chosen, options)
    if copies := len(files) - len(chosen):
        imported.notes.append(f"{counted(copies, 'file')} named twice: read once.")
    more = len(chosen) - 1
    name = chosen[0].name if not more else f"{chosen[0].name} and {counted(more, 'more file')}"
    return finish(imported, name, options), imported.kind


def read_foreign(
    path: str | Path,
    fmt: str,
    scale: tuple[float, float] | None = None,
    wanted: Kind = "ratings",
) -> Source | None:
    """Read results of another tool; None for those of the contract.

    Args:
        path: as given to `read_ratings`.
        fmt: auto, ratings, or one of `TOOLS`.
        scale: lowest and highest possible score, where the tool does not say.
        wanted: ratings or preferences.

    Raises:
        UserError: results that cannot be imported, or of the other kind.
    """
    if fmt == wanted or "://" in str(path):
        return None
    file = Path(path)
    if fmt == "auto" and (fmt := recognise(file) or "") == "":
        return None
    source, kind = import_results([file], fmt, Options(scale=scale))
    if kind != wanted:
        problems = {
            "ratings": "scores, not choices between two versions; `read_ratings` reads them",
            "preferences": "choices between two versions, not ratings; `intone report "
            f"{file.name}` reports them, and `read_preferences` reads them",
        }
        raise UserError(f"{file.name}: {problems[kind]}")
    return source
