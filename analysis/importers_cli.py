"""The command `intone ratings import`."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from intone.errors import UserError

ratings_app = typer.Typer(no_args_is_help=True, help="Bring in results of other tools.")


class ToolChoice(StrEnum):
    """Tool that wrote the results."""

    AUTO = "auto"
    WEBMUSHRA = "webmushra"
    PYMUSHRA = "pymushra"
    BEAQLEJS = "beaqlejs"
    NETFLIX = "netflix"
    WIDE = "wide"


# Typer needs a command to stay a sub-command although it is the only one.
@ratings_app.callback()
def _ratings() -> None:
    pass


@ratings_app.command("import")
def import_command(
    files: Annotated[list[Path], typer.Argument(help="Result files, all of one kind.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="CSV to write.")],
    tool: Annotated[ToolChoice, typer.Option(help="Whose results they are.")] = ToolChoice.AUTO,
    keep_columns: Annotated[
        list[str] | None,
        typer.Option(
            help="Column about the listeners to keep (may be given several times, or separated by "
            "commas). They may be personal; without this, none is kept."
        ),
    ] = None,
    listener_column: Annotated[
        str | None, typer.Option(help="Column that says who the listener is.")
    ] = None,
    utterance_column: Annotated[
        str | None, typer.Option(help="Wide tables: column that says which utterance.")
    ] = None,
    keep_ids: Annotated[
        bool, typer.Option("--keep-ids", help="Keep listeners' ids instead of pseudonyms.")
    ] = False,
    systems: Annotated[
        str | None, typer.Option(help="Wide tables: columns that are systems, e.g. A,B,C.")
    ] = None,
    mapping: Annotated[
        Path | None,
        typer.Option(
            "--map",
            help="CSV that says what labels are: page,label,utterance,system; for wide tables: "
            "column,utterance,system.",
        ),
    ] = None,
    reference: Annotated[str | None, typer.Option(help="System that is the recording.")] = None,
    anchor_low: Annotated[str | None, typer.Option(help="System that is the low anchor.")] = None,
    anchor_mid: Annotated[str | None, typer.Option(help="System that is the mid anchor.")] = None,
    scale: Annotated[
        tuple[float, float] | None,
        typer.Option(help="Lowest and highest possible score, where the tool does not say."),
    ] = None,
) -> None:
    """Read results of webMUSHRA, pymushra, beaqleJS, Netflix's player or wide tables."""
    from analysis.data.importers.recognise import import_results
    from analysis.data.importers.rows import Options
    from analysis.wording import counted

    _check_place(out, files)
    named = {"reference": reference, "anchor_low": anchor_low, "anchor_mid": anchor_mid}
    options = Options(
        keep_columns=tuple(c for part in keep_columns or () for c in _split(part)),
        listener_column=listener_column,
        utterance_column=utterance_column,
        keep_ids=keep_ids,
        systems=tuple(_split(systems or "")),
        mapping=mapping,
        roles={role: name for role, name in named.items() if name is not None},
        scale=scale,
    )
    source, kind = import_results(files, tool.value, options)
    scratch = out.with_name(out.name + ".part")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        source.frame.to_csv(scratch, index=False)
        scratch.replace(out)
    except OSError as error:
        raise UserError(f"{out}: cannot be written ({error.strerror}); choose another") from error
    frame = source.frame
    for note in source.notes:
        typer.echo(f"Note: {note}")
    size = (counted(frame[column].nunique(), column) for column in ("listener", "utterance"))
    typer.echo(
        f"{out}: {counted(len(frame), kind.removesuffix('s'))} by {' on '.join(size)}, origin "
        f"{frame['origin'].iloc[0]}."
    )
    typer.echo(f"Next: intone report {out} -o report")


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _check_place(out: Path, files: list[Path]) -> None:
    if out.suffix.lower() != ".csv":
        raise UserError(f"{out}: give it a name that ends in .csv")
    if out.resolve() in {file.resolve() for file in files}:
        raise UserError(f"{out}: is one of the files to import; write to another")
