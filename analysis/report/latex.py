"""LaTeX tables for a paper, with booktabs and the report's numbers."""

from collections.abc import Callable
from typing import Any

from analysis.wording import coverage, interval, number, p_value, percent

Row = dict[str, Any]
_ESCAPES = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "−": "$-$",
    "<": "$<$",
    ">": "$>$",
    "×": r"$\times$",
}
_NAN = float("nan")


def escape(text: str) -> str:
    """Return text escaped for LaTeX."""
    return "".join(_ESCAPES.get(letter, letter) for letter in text)


def _some(value: float | None) -> float:
    return _NAN if value is None else value


def _number(key: str, digits: int = 1, sign: bool = False) -> Callable[[Row], str]:
    return lambda row: number(_some(row[key]), digits, sign)


def _interval(key: str, factor: float = 1.0) -> Callable[[Row], str]:
    return lambda row: interval((factor * _some(row[key][0]), factor * _some(row[key][1])))


def _p(key: str) -> Callable[[Row], str]:
    return lambda row: p_value(_some(row[key]))


def _share(key: str) -> Callable[[Row], str]:
    return lambda row: percent(_some(row[key]))


# Head of a column of intervals; the coverage is filled in.
_CI = "CI"
_PAIR = ("Comparison", lambda row: f"{row['x']} − {row['y']}")
_COLUMNS: dict[str, list[tuple[str, Callable[[Row], str]]]] = {
    "systems": [
        ("System", lambda row: row["system"]),
        ("n", lambda row: str(row["n"])),
        ("Mean", _number("mean")),
        ("SE", _number("se", 2)),
        (_CI, _interval("ci")),
        ("Median", _number("median")),
        ("Quartiles", lambda row: interval((row["q1"], row["q3"]))),
    ],
    "comparisons": [
        _PAIR,
        ("Difference", _number("estimate", sign=True)),
        ("SE", _number("se", 2)),
        ("df", _number("df")),
        (_CI, _interval("ci")),
        ("t", _number("stat", 2)),
        ("p", _p("p")),
        ("p (Holm)", _p("p_adjusted")),
    ],
    "gaps": [
        ("System", lambda row: row["system"]),
        ("Gap closed, %", lambda row: percent(_some(row["gap"]))),
        (_CI, _interval("ci", 100)),
        ("Raw gain", _number("raw_gain", sign=True)),
        ("Raw relative gain, %", lambda row: percent(_some(row["relative_gain"]), sign=True)),
        ("p (Holm)", _p("p_adjusted")),
    ],
    "sensitivity": [
        _PAIR,
        ("Analysis", lambda row: row["choice"]),
        ("Unit", lambda row: row["unit"]),
        ("Estimate", _number("estimate", 2, sign=True)),
        (_CI, _interval("ci")),
        ("p", _p("p")),
    ],
    "compliance": [
        ("Clause or topic", lambda row: row["clause"]),
        ("Requirement", lambda row: row["requirement"]),
        ("Status", lambda row: row["status"]),
        ("Found", lambda row: row["found"]),
    ],
}
_PREFERENCES: dict[str, list[tuple[str, Callable[[Row], str]]]] = {
    "pairs": [
        _PAIR,
        ("n", lambda row: str(row["n"])),
        *(
            (f"{name}, %", _share(key))
            for name, key in (
                ("First", "share_x"),
                ("Neither", "share_none"),
                ("Second", "share_y"),
            )
        ),
        ("Difference, %", lambda row: percent(_some(row["estimate"]), sign=True)),
        (_CI, _interval("ci", 100)),
        ("p", _p("p")),
        ("p (Holm)", _p("p_adjusted")),
    ],
    "abilities": [
        ("System", lambda row: row["system"]),
        ("Log strength", _number("log_strength", 2, True)),
        (_CI, lambda row: interval((_some(row["ci"][0]), _some(row["ci"][1])), 2)),
        ("Elo", _number("elo", 0, True)),
    ],
}
NAMES = (*_COLUMNS, *_PREFERENCES)


def latex_tables(document: Row) -> dict[str, str]:
    """Return the tables of a paper by name; captions mark simulation."""
    label = document["label"] or f"Origin: {document['origin']}"
    return {
        name: _table(name, document[name], columns, label, document["alpha"])
        for name, columns in (
            _PREFERENCES if document.get("kind") == "preferences" else _COLUMNS
        ).items()
        if document[name]
    }


def _table(
    name: str,
    rows: list[Row],
    columns: list[tuple[str, Callable[[Row], str]]],
    label: str,
    alpha: float,
) -> str:
    head = " & ".join(
        escape(f"{coverage(alpha)} CI" if title == _CI else title) for title, _ in columns
    )
    body = [" & ".join(escape(cell(row)) for _, cell in columns) + r" \\" for row in rows]
    return "\n".join(
        [
            "% needs \\usepackage{booktabs}",
            r"\begin{table}",
            r"\centering",
            rf"\caption{{{escape(name.capitalize())}. {escape(label)}.}}",
            rf"\begin{{tabular}}{{l{'r' * (len(columns) - 1)}}}",
            r"\toprule",
            rf"{head} \\",
            r"\midrule",
            *body,
            r"\bottomrule",
            r"\end{tabular}",
            r"\end{table}",
            "",
        ]
    )
