"""Reader of webMUSHRA's YAML that keeps the line of every key.

Nested lists of pages become one list. Scalars follow YAML 1.2, as in webMUSHRA: `Yes` is a string,
not true.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from intone.errors import UserError

TOP = "the top level"


class Lined(dict[str, Any]):
    """Mapping with its line and the lines of its keys."""

    line: int
    lines: dict[str, int]


class _Loader(yaml.SafeLoader):
    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012


def _mapping(loader: _Loader, node: yaml.MappingNode) -> Any:
    data = Lined()
    data.line, data.lines = node.start_mark.line + 1, {}
    yield data
    keys = [k.value for k, _ in node.value]
    for key, _ in node.value:
        line = key.start_mark.line + 1
        if not isinstance(key, yaml.ScalarNode):
            raise yaml.MarkedYAMLError(problem="a key is not a string", problem_mark=key.start_mark)
        if key.value != "<<" and keys.count(key.value) > 1:
            problem = f"key {key.value!r} is twice on one page"
            raise yaml.MarkedYAMLError(problem=problem, problem_mark=key.start_mark)
        data.lines[key.value] = line
    loader.flatten_mapping(node)
    for key, value in node.value:
        data.lines.setdefault(key.value, key.start_mark.line + 1)
        data[key.value] = loader.construct_object(value, deep=True)


_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)
for _tag, _form, _first in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("int", r"[-+]?(?:0|[1-9][0-9]*)", "-+0123456789"),
    ("float", r"[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?", "-+.0123456789"),
    ("merge", r"<<", "<"),
):
    _Loader.add_implicit_resolver(
        f"tag:yaml.org,2002:{_tag}", re.compile(f"^(?:{_form})$"), list(_first)
    )


@dataclass(frozen=True)
class ForeignPage:
    """One page of a webMUSHRA study.

    Attributes:
        path: the study file.
        type: page type in the file.
        id: id of the page; generated if it has none.
        values: keys of the page.
        line: first line.
        shuffled: number of the outermost random list around it; None if its position is fixed.
        depth: number of lists between that random list and the page.
    """

    path: Path
    type: str
    id: str
    values: Lined
    line: int
    shuffled: int | None
    depth: int

    def line_of(self, key: str) -> int:
        """Return the line of a key, or of the page."""
        return self.values.lines.get(key, self.line)


@dataclass(frozen=True)
class ForeignStudy:
    """webMUSHRA study file: top-level keys, and the pages in order."""

    path: Path
    top: Lined
    pages: list[ForeignPage]


def read_config(path: Path) -> ForeignStudy:
    """Read a webMUSHRA study file.

    Raises:
        UserError: no such file, not UTF-8, not YAML, or no pages; with file and line.
    """
    try:
        root = yaml.load(path.read_text(encoding="utf-8-sig"), Loader=_Loader)
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: cannot be read as UTF-8 text; check the path") from error
    except (yaml.YAMLError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or "not readable"
        raise UserError(f"{path}{where}: not valid YAML ({problem}); correct that line") from error
    if not isinstance(root, Lined) or not isinstance(root.get("pages"), list):
        raise UserError(f"{path}: no list `pages`, so not a webMUSHRA study file; check the path")
    pages: list[ForeignPage] = []
    _walk(path, root["pages"], root.lines["pages"], None, 0, pages)
    if not pages:
        raise UserError(f"{path}, line {root.lines['pages']}: pages: empty; add pages")
    return ForeignStudy(path, root, pages)


def _walk(
    path: Path,
    entries: list[Any],
    line: int,
    shuffled: int | None,
    depth: int,
    pages: list[ForeignPage],
) -> None:
    """Append the pages of a list, which may contain lists, to `pages`."""
    start = 0
    if entries and entries[0] == "random":
        start = 1
        if shuffled is None:
            shuffled, depth = len(pages), 0
    for entry in entries[start:]:
        if isinstance(entry, list):
            _walk(path, entry, line, shuffled, depth + 1, pages)
            continue
        if not isinstance(entry, Lined) or not isinstance(entry.get("type"), str):
            if isinstance(entry, Lined):
                line = entry.line
            raise UserError(f"{path}, line {line}: pages: not a page with a `type`; correct it")
        line = entry.line
        name = entry.get("id")
        identity = f"page-{len(pages) + 1}" if name in (None, "") else str(name)
        pages.append(ForeignPage(path, entry["type"], identity, entry, entry.line, shuffled, depth))
