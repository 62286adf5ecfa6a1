"""Readers of YAML and JSON documents with line numbers in errors."""

import json
import re
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from intone.errors import UserError

AnyModel = TypeVar("AnyModel", bound=BaseModel)
Location = Sequence[int | str]
"""Keys and indices that lead to a value, as pydantic reports them."""

_MESSAGES = {"missing": "this key is missing", "extra_forbidden": "unknown key"}
_LONGEST_INPUT = 60
_BLANKS = re.compile(r"[ \t\n\r]*")


class Closed(BaseModel):
    """Frozen model that rejects unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)


@dataclass(frozen=True)
class Document:
    """Mapping that was read from a file.

    Attributes:
        path: the file.
        values: the mapping.
        line_of: returns the line number, from 1, of an existing key or element.
    """

    path: Path
    values: dict[Any, Any]
    line_of: Callable[[Sequence[Hashable]], int]

    def existing(self, location: Location) -> list[Any]:
        """Return the longest part of a location that the document holds."""
        path, value, tagged = [], self.values, None
        for part in location:
            if isinstance(value, dict):
                # Pydantic adds the tag of a union's member, which is no key of the file.
                if value.get("type") == part and tagged is not value:
                    tagged = value
                    continue
                # YAML keys may be numbers.
                key = next((key for key in value if str(key) == str(part)), None)
                if key is None:
                    break
            elif isinstance(value, list) and isinstance(part, int) and part < len(value):
                key = part
            else:
                break
            path.append(key)
            value = value[key]
        return path

    def where(self, location: Location = ()) -> str:
        """Return "FILE, line N" of a location or of its nearest parent."""
        return f"{self.path}, line {self.line_of(self.existing(location))}"

    def parse(self, model: type[AnyModel], advice: str) -> AnyModel:
        """Check the values against a model, as `check` does."""
        return check(self.values, model, self.where, advice)


def read(
    path: Path, model: type[AnyModel], advice: str = "correct it", if_missing: str | None = None
) -> AnyModel:
    """Read a YAML or JSON file and check it against a model.

    Args:
        path: the file; a name that ends in `.json` is read as JSON, any other as YAML.
        model: the document's form.
        advice: end of every error message, what the user should do.
        if_missing: the same for a file that does not exist; by default `advice`.

    Raises:
        UserError: no such file, not UTF-8, not YAML or JSON, not a mapping, a key twice in YAML, or
            not of the model's form; `FILE, line N: key.sub: problem; advice`.
    """
    return load(path, advice, if_missing).parse(model, advice)


def load(path: Path, advice: str = "correct it", if_missing: str | None = None) -> Document:
    """Read a mapping from a YAML or JSON file.

    Raises:
        UserError: as `read`; no model is checked.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise UserError(f"{path}: no such file; {if_missing or advice}") from error
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}; {if_missing or advice}") from error
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise UserError(f"{path}, line {line}: not UTF-8; save the file as UTF-8") from error
    document = (_load_json if path.suffix == ".json" else _load_yaml)(path, text, advice)
    if not isinstance(document.values, dict):
        raise UserError(f"{path}: not a mapping of keys to values; {advice}")
    return document


def check(
    values: Any, model: type[AnyModel], where: str | Callable[[Location], str], advice: str
) -> AnyModel:
    """Check values against a model.

    Args:
        values: what the model validates.
        model: the required form.
        where: beginning of the error message, or a function that makes it of the error's location.
        advice: end of the error message.

    Raises:
        UserError: the values are not of this form; `WHERE: key.sub: problem; advice`.
    """
    try:
        return model.model_validate(values)
    except ValidationError as error:
        location, problem = _problem(error)
        prefix = where if isinstance(where, str) else where(location)
        raise UserError(f"{prefix}: {problem}; {advice}") from error


def _problem(error: ValidationError) -> tuple[Location, str]:
    """Return the first problem's location, and "key.sub: message"."""
    first = error.errors(include_url=False, include_context=False)[0]
    message = _MESSAGES.get(first["type"], first["msg"].removeprefix("Value error, "))
    # A validator of a whole model begins its message with the key.
    location = first["loc"] or (message.split(":")[0],)
    key = ".".join(str(part) for part in location)
    if not message.startswith(key):
        message = f"{key}: {message}"
    value = first["input"]
    if first["type"] not in _MESSAGES and isinstance(value, str | int | float | None):
        shown = repr(value)
        message += f" (got {shown})" if len(shown) <= _LONGEST_INPUT else ""
    return location, message


def _load_json(path: Path, text: str, advice: str) -> Document:
    try:
        values = json.loads(text)
    except json.JSONDecodeError as error:
        problem = f"not valid JSON ({error.msg})"
        raise UserError(f"{path}, line {error.lineno}: {problem}; {advice}") from error
    return Document(path, values, lambda keys: _json_line(text, keys))


def _json_line(text: str, path: Sequence[Hashable]) -> int:
    """Return the line of a key or element in valid JSON."""
    decode = json.JSONDecoder().raw_decode
    start = mark = _after_blanks(text, 0)
    for part in path:
        position = _after_blanks(text, start + 1)
        key: Hashable = -1
        while True:
            mark = position
            if text[start] == "{":
                key, position = decode(text, position)
                colon = _after_blanks(text, position)
                position = _after_blanks(text, colon + 1)
            else:
                key = int(str(key)) + 1
            if key == part:
                break
            comma = _after_blanks(text, decode(text, position)[1])
            position = _after_blanks(text, comma + 1)
        start = position
    return text.count("\n", 0, mark) + 1


def _after_blanks(text: str, position: int) -> int:
    match = _BLANKS.match(text, position)
    return match.end() if match else position


def _load_yaml(path: Path, text: str, advice: str) -> Document:
    try:
        loader = yaml.SafeLoader(text)
        root = loader.get_single_node()
        repeated = _repeated_key(root)
        if repeated:
            line = repeated.start_mark.line + 1
            raise UserError(
                f"{path}, line {line}: {repeated.value}: this key is there twice; {advice}"
            )
        values = loader.construct_document(root) if root else {}
    except (yaml.YAMLError, ValueError) as error:
        line = _error_line(error, text)
        problem = getattr(error, "problem", None) or getattr(error, "reason", None) or str(error)
        where = f", line {line}" if line else ""
        raise UserError(f"{path}{where}: not valid YAML ({problem}); {advice}") from error
    return Document(path, values, lambda keys: _yaml_line(root, keys))


def _error_line(error: Exception, text: str) -> int | None:
    mark = getattr(error, "problem_mark", None)
    if mark:
        return mark.line + 1
    if isinstance(error, yaml.reader.ReaderError):
        return text.count("\n", 0, int(error.position)) + 1
    return None


def _repeated_key(root: yaml.Node | None) -> yaml.ScalarNode | None:
    """Return a key that a mapping holds a second time."""
    pending, visited = [root], set()
    while pending:
        node = pending.pop()
        # Aliases share nodes, and may even be recursive.
        if not isinstance(node, yaml.CollectionNode) or id(node) in visited:
            continue
        visited.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            pending += node.value
            continue
        keys = set()
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode) and (key.tag, key.value) in keys:
                return key
            keys.add((key.tag, key.value) if isinstance(key, yaml.ScalarNode) else id(key))
            pending.append(value)
    return None


def _yaml_line(root: yaml.Node | None, path: Sequence[Hashable]) -> int:
    line, node = root.start_mark.line if root else 0, root
    for part in path:
        if isinstance(node, yaml.MappingNode):
            pairs = [pair for pair in node.value if str(pair[0].value) == str(part)]
            if not pairs:
                break
            line, node = pairs[-1][0].start_mark.line, pairs[-1][1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int):
            node = node.value[part]
            line = node.start_mark.line
    return line + 1
