"""Commands for exchange: import, export, analysis plan, bundle, backup."""

from pathlib import Path
from typing import Annotated

import typer

from mushra_app.cli_arguments import NewStudyFile, StudyFile


def register(study_app: typer.Typer) -> None:
    """Add the commands to `intone study`."""
    study_app.command("import")(import_study)
    study_app.command("export")(export)
    study_app.command("plan-template")(plan_template)
    study_app.command("preregister")(preregister)
    study_app.command("bundle")(bundle)
    study_app.command("backup")(backup)


def import_study(
    source: Annotated[Path, typer.Argument(help="A webMUSHRA study file (YAML).")],
    out: NewStudyFile = Path("study.yaml"),
    audio: Annotated[
        Path | None,
        typer.Option(
            help="Folder that file names start from; by default that of SOURCE or its parent."
        ),
    ] = None,
    mapped: Annotated[
        Path | None,
        typer.Option(
            "--map", help="CSV with page,label,sentence,system: the meaning of each label."
        ),
    ] = None,
    pages: Annotated[
        list[str] | None,
        typer.Option(help="Import this rating page; may be repeated. Default: all."),
    ] = None,
    pairs_as_preference: Annotated[
        bool,
        typer.Option(help="Import paired comparisons as preferences, which is another question."),
    ] = False,
    contact: Annotated[str | None, typer.Option(help="Contact for listeners.")] = None,
) -> None:
    """Import a webMUSHRA study file, and list all differences."""
    from mushra_app.interchange.findings import report_lines
    from mushra_app.interchange.webmushra.importer import import_webmushra

    done = import_webmushra(
        source,
        out,
        audio=audio,
        mapped=mapped,
        pages=pages or (),
        pairs=pairs_as_preference,
        contact=contact,
    )
    for line in report_lines(done.findings):
        typer.echo(line)
    lost = sum(1 for finding in done.findings if finding.kind == "lost")
    typer.echo(f"{done.report}: {len(done.findings)} differences, of which {lost} are losses")
    typer.echo(f"{out}: written. Next: `intone study check {out}`, then `intone serve {out}`.")


def export(
    study: StudyFile,
    out: Annotated[
        Path | None,
        typer.Option("-o", "--out", help="File to write, .csv, .parquet or .json; or a folder."),
    ] = None,
    table: Annotated[
        str,
        typer.Option(
            help="ratings, sessions, preferences, looks, events, remarks or answers; the last "
            "three contain listeners' own words."
        ),
    ] = "ratings",
    form: Annotated[
        str,
        typer.Option("--format", help="suffix: by the suffix of OUT; webmushra: its result files."),
    ] = "suffix",
    dictionary: Annotated[
        Path | None,
        typer.Option(help="Write the meaning of every column to this file, .md, .csv or .json."),
    ] = None,
    rehearsal: Annotated[
        bool, typer.Option(help="Export the simulated ratings of the rehearsal instead.")
    ] = False,
) -> None:
    """Write the ratings (or another table) of a study to a file."""
    from intone.errors import UserError
    from mushra_app.interchange.dictionary import write_dictionary
    from mushra_app.interchange.exports import export_table
    from mushra_app.interchange.webmushra.results import export_webmushra

    if form not in ("suffix", "webmushra"):
        raise UserError(f"--format {form}: unknown; choose suffix or webmushra")
    if dictionary is not None:
        typer.echo(f"{write_dictionary(dictionary)}: written")
    if form == "webmushra":
        if rehearsal:
            raise UserError(
                "--format webmushra --rehearsal: webMUSHRA's files cannot mark simulated ratings; "
                "leave out --format or --rehearsal"
            )
        folder = out or Path("webmushra")
        done = export_webmushra(study, folder)
        for name, rows in done.files.items():
            typer.echo(f"{folder / name}: {rows} rows")
        for what, count in done.left_out.items():
            typer.echo(f"Left out: {count} {what}")
    elif out is not None or dictionary is None:
        out = out or Path(f"{table}.csv")
        typer.echo(f"{out}: {export_table(study, out, table, rehearsal)} rows")


def plan_template(
    study: StudyFile,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="By default beside the study.")
    ] = None,
) -> None:
    """Write an analysis plan, to edit before the first listener."""
    from mushra_app.interchange.analysis_plan import write_template

    path = write_template(study, out)
    typer.echo(f"{path}: written. Edit it, then `intone study preregister {study}`.")


def preregister(
    study: StudyFile,
    plan: Annotated[
        Path | None, typer.Option(help="The analysis plan; by default the one beside the study.")
    ] = None,
) -> None:
    """Record a digest of study, sounds and plan, before there are ratings."""
    from mushra_app.interchange.analysis_plan import preregister as run
    from mushra_app.interchange.analysis_plan import registrations_path

    made, new = run(study, plan)
    typer.echo(made.sha256)
    state = "registered" if new else "was registered already"
    typer.echo(f"{registrations_path(study)}: {state} at {made.registered_at}")
    if made.sittings_before:
        typer.echo(
            f"{made.sittings_before} sittings had started, so this may not be a preregistration; "
            "the bundle records whether anything was rated before."
        )


def bundle(
    study: StudyFile,
    out: Annotated[Path, typer.Option("-o", "--out", help="The .zip file to write.")],
    plan: Annotated[
        Path | None, typer.Option(help="The analysis plan; by default the one beside the study.")
    ] = None,
    audio: Annotated[bool, typer.Option(help="Include the played files.")] = False,
    leave_out: Annotated[
        list[str] | None,
        typer.Option(help="Leave this table out, e.g. remarks; may be repeated."),
    ] = None,
) -> None:
    """Write a study, its plan and all its data as one archive."""
    from mushra_app.interchange.bundle import bundle as run

    done = run(study, out, plan_file=plan, audio=audio, leave_out=leave_out or ())
    rows = ", ".join(f"{n} {name}" for name, n in done.rows.items())
    typer.echo(f"{out}: {done.files} files; {rows}")
    typer.echo(done.registration)
    if {"remarks", "answers", "events"} & set(done.rows):
        typer.echo("It contains people's own words: read them before you publish it.")


def backup(
    study: StudyFile,
    out: Annotated[Path, typer.Option("-o", "--out", help="File to write, e.g. copy.sqlite.")],
) -> None:
    """Copy a study's database while it runs."""
    from mushra_app.interchange.backup import backup as run

    typer.echo(f"{out}: {run(study, out)} bytes")
