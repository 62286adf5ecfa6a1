"""A simulated plan as tables for the terminal and as a picture of its coverage (SVG)."""

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
# One hue from none to most, so that it can be read without telling colours apart.
_PALE, _DARK = (247, 251, 255), (8, 48, 107)


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
        UserError: not a study, not a plan, or a picture that is no SVG.
    """
    if plot is not None and plot.suffix != ".svg":
        raise UserError(f"--plot {plot}: give it a name that ends in .svg")
    found = simulate(read_study(study_yaml), listeners, dropout, seed, precision)
    console = Console(stderr=as_json)
    if as_json:
        sys.stdout.write(json.dumps(asdict(found), indent=1, ensure_ascii=False) + "\n")
    else:
        show(found, console)
    if plot is not None:
        write_whole(plot, svg(found))
        console.print(f"{plot}: who hears what", markup=False, highlight=False, soft_wrap=True)


def show(plan: Plan, console: Console) -> None:
    """Print a plan."""
    left = f", {plan.left} more leave before the end and are replaced" if plan.left else ""
    arms = "; ".join(f"arm {name}: {n}" for name, n in plan.arms.items())
    _say(console, f"{plan.study}: {plan.listeners} listeners finish{left}.")
    if len(plan.arms) > 1:
        _say(console, f"{arms}.")
    _say(
        console,
        f"A listener: {_range(plan.pages)} rating pages, about {_range(plan.minutes)} minutes "
        f"({SECONDS_A_VERSION:.0f} s a version assumed).\n",
    )
    console.print(_coverage(plan))
    _say(console, "Of a cell (a system or pair with a text) and a position: fewest/median/most.")
    if plan.left:
        cells = ", ".join(f"{_name(g)}: {_three(g.cells_with_left)}" for g in plan.groups)
        _say(console, f"A cell with the pages of those who left, too: {cells}.")
    console.print()
    if any(group.expected for group in plan.groups):
        console.print(_precision(plan))
    for sentence in [*_said(plan), *(f"Note: {note}" for note in plan.notes)]:
        _say(console, sentence)


def _say(console: Console, sentence: str) -> None:
    console.print(sentence, markup=False, highlight=False)


def _coverage(plan: Plan) -> Table:
    table = Table(title="Who hears what", title_justify="left")
    table.add_column("Step, arm, page")
    for column in ("Pages each", "Texts", "Ratings a system", "A cell", "A position"):
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
    """Each plan above what the same pages would give if they were of the same texts."""
    table = Table(title="Difference of two systems, points", title_justify="left")
    table.add_column("Step, arm, page")
    for column in ("Listeners", "Texts", "SE", "Found with 80 %"):
        table.add_column(column, justify="right")
    for group in plan.groups:
        rows = [(_name(group), group.texts, group.expected)]
        if group.texts > group.pages:
            rows.append(("  if all heard the same texts", group.pages, group.same_texts))
        for name, texts, found in rows:
            if found:
                numbers = f"{found.se:.2f}", f"{found.detectable:.1f}"
                table.add_row(plain(name), str(group.listeners), str(texts), *numbers)
    return table


def _said(plan: Plan) -> Iterator[str]:
    """What the precision rests on, once; and where there is none."""
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
    """Coverage of each group: a row a system (or pair), a column a text, the darker the more."""
    body, y = [], _MARGIN
    longest = max(len(row) for group in plan.groups for row in group.coverage)
    left = _MARGIN + 7 * min(longest, _LETTERS)
    for group in plan.groups:
        heading = (
            f"Step {group.step}, arm {group.arm}, {group.page}: {group.listeners} listeners, "
            f"{_range(group.cells)} ratings a cell, {group.texts_in_all} texts from left to right"
        )
        body.append(f'<text x="{_MARGIN:g}" y="{y + 10:g}" class="t">{escape(heading)}</text>')
        y += 20
        for row, counts in group.coverage.items():
            name = row if len(row) <= _LETTERS else row[: _LETTERS - 1] + "…"
            body.append(f'<text x="{_MARGIN:g}" y="{y + 14:g}">{escape(name)}</text>')
            body += _cells(row, counts, max(1.0, group.cells.max), left, y)
            y += _ROW
        y += _ROW
    width, title = left + _WIDTH + _MARGIN, f"{plan.study}: ratings by system and text, as planned"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {y:g}" role="img" '
        f"aria-label={quoteattr(title)}>\n<title>{escape(title)}</title>\n"
        "<style>text{font:12px sans-serif;fill:#111}.t{font-weight:bold}.n{font-size:10px;"
        "text-anchor:middle}rect{stroke:#fff;stroke-width:.5}</style>\n"
        f'<rect width="{width:g}" height="{y:g}" fill="#fff"/>\n' + "\n".join(body) + "\n</svg>\n"
    )


def _cells(row: str, counts: dict[str, int], most: float, left: float, y: float) -> Iterator[str]:
    width = min(_CELL, _WIDTH / len(counts))
    for i, (text, count) in enumerate(counts.items()):
        x, share = left + i * width, count / most
        red, green, blue = (round(a + share * (b - a)) for a, b in zip(_PALE, _DARK, strict=True))
        yield (
            f'<rect x="{x:.1f}" y="{y:g}" width="{width:.1f}" height="{_ROW:g}" '
            f'fill="rgb({red},{green},{blue})">'
            f"<title>{escape(f'{row}, {text}: {count}')}</title></rect>"
        )
        if width >= 16:
            ink = "#fff" if share > 0.5 else "#111"
            yield (
                f'<text x="{x + width / 2:.1f}" y="{y + 14:g}" class="n" style="fill:{ink}">'
                f"{count}</text>"
            )
