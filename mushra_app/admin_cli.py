"""Commands for researchers: account link and schema of study files."""

from typing import Annotated

import typer

from mushra_app.cli_arguments import StudyFile


def register(study_app: typer.Typer) -> None:
    """Add the commands to `intone study`."""
    study_app.command("admin")(admin)
    study_app.command("schema")(schema)


def admin(
    study: StudyFile,
    reset: Annotated[
        bool, typer.Option(help="Remove the existing account; the study does not change.")
    ] = False,
) -> None:
    """Print a link that creates the researcher's account."""
    from intone.errors import UserError
    from mushra_app.admin.accounts import Accounts
    from mushra_app.store.database import connect, database_url, study_row, transaction
    from mushra_app.study.file import read_study
    from mushra_app.web.app import setup_path

    settings = read_study(study)
    engine = connect(database_url(settings, study))
    with transaction(engine) as session:
        row = study_row(session, settings, rehearsal=False)
    accounts = Accounts(engine, row)
    if reset:
        accounts.reset()
    token = accounts.setup_token()
    if token is None:
        raise UserError(
            f"{study}: has an account already; --reset removes it and prints a new link"
        )
    typer.echo(f"Open this link once, at the address of the listening test: /{setup_path(token)}")


def schema() -> None:
    """Print the JSON schema of study files, which editors use."""
    from mushra_app.study.file import schema_text

    typer.echo(schema_text(), nl=False)
