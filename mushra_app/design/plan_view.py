"""Simulated plan as tables for the terminal and as a picture (SVG)."""

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

from rich.console import Console
from rich.markup import escape as plain
from rich.table import Table

from intone.errors import UserError
from intone.files import write_whole
from mushra_app.design.plan import SECONDS_A_VERSION, Group, Plan, Spread
from mushra_app.design.plan import plan as simulate
from mushra_app.design.precision import PrecisionOf, no_precision
from mushra_app.study.file import read_study

_WIDTH, _ROW, _MARGIN, _CELL, _LETTERS = 720.0, 20.0, 16.0, 28.0, 40
# One hue from none to most, readable without colour vision.
_PALE, _DARK = (247, 251, 255), (8, 48, 107)
_STYLE = (
    "text{font:12px sans-serif;fill:#111}.t{font-weight:bold}.n{font-size:10px;"
    "text-anchor:middle}rect{stroke:#fff;stroke-width:.5}"
)


def run(
    study_yaml: Path,
    listeners: int,
    dropout: float = 0.0,
    seed: int = 1,
    precision: PrecisionOf = no_precision,
    as_json: bool = False,
    plot: Path | None = None,
) -> None:
    """Simulate a study's plan, print it, and draw it if asked.

    Raises:
        UserError: not a study, not a plan, or `plot` has another suffix than .svg.
    """
    if plot is not None and plot.suffix != ".svg":
        raise UserError(f"--plot {plot}: unknown suffix; use .svg")
    simulated = simulate(read_study(study_yaml), listeners, dropout, seed, precision)
    console = Console(stderr=as_json)
    if as_json:
        sys.stdout.write(json.dumps(asdict(simulated), indent=1, ensure_ascii=False) + "\n")
    else:
        show(simulated, console)
    if plot is not None:
        write_whole(plot, svg(simulated))
        console.print(
            f"{plot}: picture of the coverage", markup=False, highlight=False, soft_wrap=True
        )


def show(plan: Plan, console: Console) -> None:
    """Print a plan."""
    left = f", {plan.left} more leave before the end and are replaced" if plan.left else ""
    arms = "; ".join(f"arm {name}: {n}" for name, n in plan.arms.items())
    _print(console, f"{plan.study}: {plan.listeners} listeners finish{left}.")
    if len(plan.arms) > 1:
        _print(console, f"{arms}.")
    _print(
        console,
        f"A listener: {_range(plan.pages)} rating pages, about {_range(plan.minutes)} minutes "
        f"({SECONDS_A_VERSION:.0f} s a version assumed).\n",
    )
    console.print(_coverage(plan))
    _print(console, "Cell (a system or pair with a text) and position: minimum/median/maximum.")
    if plan.left:
        cells = ", ".join(f"{_name(g)}: {_three(g.cells_with_left)}" for g in plan.groups)
        _print(console, f"A cell including the pages of listeners who left: {cells}.")
    console.print()
    if any(group.expected for group in plan.groups):
        console.print(_precision(plan))
    for sentence in [*_assumptions(plan), *(f"Note: {note}" for note in plan.notes)]:
        _print(console, sentence)


def _print(console: Console, sentence: str) -> None:
    console.print(sentence, markup=False, highlight=False)


def _coverage(plan: Plan) -> Table:
    table = Table(title="Coverage", title_justify="left")
    table.add_column("Step, arm, page")
    for column in ("Pages each", "Texts", "Ratings per system", "Cell", "Position"):
        table.add_column(column, justify="right")
    for group in plan.groups:
        ratings = group.ratings.values()
        table.add_row(
            plain(_name(group)),
            str(group.pages),
            f"{group.texts} of {group.texts_in_all}",
            _range(Spread(min(ratings), 0, max(ratings))),
            _three(group.cells),
            _three(group.positions) if group.positions else "-",
        )
    return table


def _precision(plan: Plan) -> Table:
    """Show each precision above that with equal texts for all."""
    table = Table(title="Difference of two systems, points", title_justify="left")
    table.add_column("Step, arm, page")
    for column in ("Listeners", "Texts", "SE", "80 % power"):
        table.add_column(column, justify="right")
    for group in plan.groups:
        rows = [(_name(group), group.texts, group.expected)]
        if group.texts > group.pages:
            rows.append(("  if all heard the same texts", group.pages, group.same_texts))
        for name, texts, expected in rows:
            if expected:
                numbers = f"{expected.se:.2f}", f"{expected.detectable:.1f}"
                table.add_row(plain(name), str(group.listeners), str(texts), *numbers)
    return table


def _assumptions(plan: Plan) -> Iterator[str]:
    """Yield each assumption once, and the reasons for a missing precision."""
    for assumed in dict.fromkeys(g.expected.assumed for g in plan.groups if g.expected):
        yield f"Assumed: {assumed}."
    for group in plan.groups:
        if group.why_not:
            yield f"{_name(group)}: no expected precision: {group.why_not}."


def _name(group: Group) -> str:
    return f"{group.step}, {group.arm}, {group.page}"


def _range(spread: Spread) -> str:
    low, high = f"{spread.min:g}", f"{spread.max:g}"
    return low if low == high else f"{low} to {high}"


def _three(spread: Spread) -> str:
    return f"{spread.min:g}/{spread.median:g}/{spread.max:g}"


def svg(plan: Plan) -> str:
    """Draw the coverage of each group as a matrix.

    A row per system (or pair), a column per text; darker cells have more ratings.
    """
    body, y = [], _MARGIN
    longest = max(len(row) for group in plan.groups for row in group.coverage)
    left = _MARGIN + 7 * min(longest, _LETTERS)
    for group in plan.groups:
        heading = (
            f"Step {group.step}, arm {group.arm}, {group.page}: {group.listeners} listeners, "
            f"{_range(group.cells)} ratings a cell, {group.texts_in_all} texts from left to right"
        )
        body.append(_text(_MARGIN, y + 10, heading, 'class="t"'))
        y += _ROW
        for row, counts in group.coverage.items():
            name = row if len(row) <= _LETTERS else row[: _LETTERS - 1] + "…"
            body.append(_text(_MARGIN, y + 14, name))
            body += _cells(row, counts, max(1.0, group.cells.max), left, y)
            y += _ROW
        y += _ROW
    title = f"{plan.study}: ratings by system and text, as planned"
    return _picture(title, left + _WIDTH + _MARGIN, y, body)


def _picture(title: str, width: float, height: float, body: list[str]) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" role="img" '
        f"aria-label={quoteattr(title)}>\n"
        f"<title>{escape(title)}</title>\n"
        f"<style>{_STYLE}</style>\n"
        f'<rect width="{width:g}" height="{height:g}" fill="#fff"/>\n'
        + "\n".join(body)
        + "\n</svg>\n"
    )


def _cells(row: str, counts: dict[str, int], most: float, left: float, y: float) -> Iterator[str]:
    width = min(_CELL, _WIDTH / len(counts))
    for i, (text, count) in enumerate(counts.items()):
        x, share = left + i * width, count / most
        red, green, blue = (round(a + share * (b - a)) for a, b in zip(_PALE, _DARK, strict=True))
        tooltip = escape(f"{row}, {text}: {count}")
        yield (
            f'<rect x="{x:.1f}" y="{y:g}" width="{width:.1f}" height="{_ROW:g}" '
            f'fill="rgb({red},{green},{blue})"><title>{tooltip}</title></rect>'
        )
        # Narrower cells have no room for a number.
        if width >= 16:
            ink = "#fff" if share > 0.5 else "#111"
            yield _text(f"{x + width / 2:.1f}", y + 14, str(count), f'class="n" style="fill:{ink}"')


def _text(x: float | str, y: float, content: str, attributes: str = "") -> str:
    position = x if isinstance(x, str) else f"{x:g}"
    space = " " if attributes else ""
    return f'<text x="{position}" y="{y:g}"{space}{attributes}>{escape(content)}</text>'
