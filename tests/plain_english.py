"""Rules of language: docstrings, names and words that no file of the project may hold.

`python tests/plain_english.py PATH...` prints what breaks them.
"""

import ast
import re
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGES = ("intone", "tts_core", "mushra_app", "analysis", "benchmarks")
LONGEST_SUMMARY = 12
"""Words in the first line of a docstring, also of an attribute's."""
QUESTION_WORDS = {"what", "whether", "how", "where", "who", "which", "whose", "when", "why"}
DENIED_WORDS = re.compile(
    r"\b(stands?(?!-in\b)|stood|is said|is told|are told|says so"
    r"|somebody|someone|whoever|whomever|nobody"
    r"|goes on|go on|hands? over|handed over)\b",
    re.IGNORECASE,
)
DENIED_NAMES = {"found", "said", "told", "one", "here", "own", "place", "places", "thing", "others"}
DENIED_TEST_NAMES = re.compile(
    r"^test_(what|who|where|whether|how|which|whatever)_"
    r"|^test_\w*_(said|says?|told|tells?|stands?(?!_in)|somebody|nobody|someone|whoever)(_|$)"
    r"|^test_\w*_(goes|going|gone|go)_on(_|$)"
)
TEXTS = {".py", ".md", ".html", ".js", ".css", ".yaml", ".toml"}


def problems(path: Path) -> Iterator[str]:
    """Yield "FILE, line: problem" for each breach of the rules in one file."""
    text = path.read_text("utf-8")
    name = path.relative_to(ROOT) if path.is_relative_to(ROOT) else path
    for number, line in enumerate(text.splitlines(), 1):
        for match in DENIED_WORDS.finditer(line):
            yield f"{name}, line {number}: {match[0]!r}; say it with a plainer word"
    if path.suffix == ".py":
        tree = ast.parse(text)
        yield from (f"{name}, line {number}: {problem}" for number, problem in _docstrings(tree))
        if path.relative_to(ROOT).parts[0] in PACKAGES:
            yield from (f"{name}, line {number}: {problem}" for number, problem in _names(tree))
        yield from (f"{name}, line {number}: {problem}" for number, problem in _test_names(tree))


def _docstrings(tree: ast.Module) -> Iterator[tuple[int, str]]:
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    for node in ast.walk(tree):
        docstring = ast.get_docstring(node) if isinstance(node, kinds) else None
        if docstring:
            yield from _summary(getattr(node, "lineno", 1), docstring)
        if isinstance(node, ast.Module | ast.ClassDef):
            for line, attribute_docstring in _attribute_docstrings(node.body):
                yield from _summary(line, attribute_docstring)


def _attribute_docstrings(body: list[ast.stmt]) -> Iterator[tuple[int, str]]:
    for assignment, statement in pairwise(body):
        value = statement.value if isinstance(statement, ast.Expr) else None
        text = value.value if isinstance(value, ast.Constant) else None
        if isinstance(assignment, ast.Assign | ast.AnnAssign) and isinstance(text, str):
            yield statement.lineno, text


def _summary(line: int, docstring: str) -> Iterator[tuple[int, str]]:
    words = docstring.splitlines()[0].split()
    if words[0].strip("`'\",.:").lower() in QUESTION_WORDS:
        yield line, f"docstring begins with {words[0]!r}; begin with a verb or a noun"
    if len(words) > LONGEST_SUMMARY:
        yield line, f"docstring's first line has {len(words)} words; {LONGEST_SUMMARY} at most"


def _names(tree: ast.Module) -> Iterator[tuple[int, str]]:
    classes = [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    statements = [statement for node in classes for statement in node.body]
    # A field may be a key of a published file.
    fields = [s.target for s in statements if isinstance(s, ast.AnnAssign)]
    for node in ast.walk(tree):
        if node in fields:
            continue
        stored = isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
        name = node.id if stored else node.arg if isinstance(node, ast.arg) else None
        if name and name.strip("_") in DENIED_NAMES:
            yield node.lineno, f"name {name!r}; name it after its noun"


def _test_names(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and DENIED_TEST_NAMES.search(node.name):
            yield node.lineno, f"test {node.name!r}; name it after the behaviour"


def checked_files() -> list[Path]:
    """Return every file of the project whose language is checked."""
    folders = (*PACKAGES, "tests", "docs", "data")
    files = [p for folder in folders for p in (ROOT / folder).rglob("*") if p.suffix in TEXTS]
    # This file and its test hold the denied words themselves.
    files = [p for p in files if not p.name.endswith("plain_english.py")]
    return sorted([*files, *ROOT.glob("*.md")])


if __name__ == "__main__":
    named = [Path(argument).resolve() for argument in sys.argv[1:]]
    files = [p for p in checked_files() if not named or any(p.is_relative_to(n) for n in named)]
    breaches = [problem for file in files for problem in problems(file)]
    for problem in breaches:
        print(problem)  # noqa: T201
    sys.exit(1 if breaches else 0)
