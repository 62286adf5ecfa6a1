"""Commands that make, describe and prepare corpora; their heavy imports stand inside."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer()
corpus_app = typer.Typer(no_args_is_help=True, help="Make, download or describe a corpus.")
app.add_typer(corpus_app, name="corpus")

Out = Annotated[Path, typer.Option("-o", "--out", help="Folder to write; made if it is not there.")]


@corpus_app.command("build")
def corpus_build(
    name: Annotated[str, typer.Argument(help="Only `demo` can be built.")], out: Out
) -> None:
    """Build the demo corpus: our sentences read by a stand-in voice (synthetic, not human)."""
    from intone.errors import UserError
    from tts_core.corpus.demo import build_demo
    from tts_core.corpus.progress import on_console

    if name != "demo":
        raise UserError(f"{name}: only `demo` can be built; `intone corpus fetch` downloads others")
    with on_console() as progress:
        build_demo(out, progress)


@corpus_app.command("fetch")
def corpus_fetch(
    name: Annotated[str, typer.Argument(help="kathleen or ljspeech.")],
    out: Out,
    from_dir: Annotated[
        Path | None, typer.Option("--from", help="A copy that is already here, instead of the net.")
    ] = None,
) -> None:
    """Download a public corpus from its publisher; shows its licence, resumes, verifies."""
    from tts_core.corpus.fetch import fetch
    from tts_core.corpus.progress import on_console

    with on_console() as progress:
        info = fetch(name, out, from_dir=from_dir, progress=progress)
    typer.echo(f"{out}: {info.name}, licence {info.licence}, from {info.source}. {info.note}")


@corpus_app.command("report")
def corpus_report(folder: Annotated[Path, typer.Argument(help="Corpus folder.")]) -> None:
    """Describe a corpus: hours, sentences, readings, lengths."""
    from tts_core.corpus.report import as_text
    from tts_core.corpus.report import corpus_report as describe

    typer.echo(as_text(describe(folder)))


@app.command()
def prepare(
    corpus: Annotated[Path, typer.Argument(help="Corpus folder (metadata.csv and wavs/).")],
    out: Out,
    encoder: Annotated[str, typer.Option(help="Text encoder: asset, folder or hub.")] = "minilm",
    features: Annotated[
        str, typer.Option(help="Spectrogram: hifigan22k (has a vocoder) or paper24k.")
    ] = "hifigan22k",
    seed: Annotated[int, typer.Option(help="Seed of the split.")] = 0,
    workers: Annotated[int, typer.Option(help="Processes for the audio features.")] = 2,
) -> None:
    """Turn a corpus into training data: phones, alignment, spectrograms, syntax, splits."""
    from tts_core.config import preset
    from tts_core.corpus.prepare import prepare as run
    from tts_core.corpus.progress import on_console

    with on_console() as progress:
        info = run(corpus, out, preset(features), encoder, seed, workers, progress)
    counts = ", ".join(f"{name} {split.utterances}" for name, split in info.splits.items())
    typer.echo(f"{out}: {info.hours:.2f} h; {counts}; {len(info.left_out)} left out")
    for left in info.left_out:
        typer.echo(f"  left out {left.utterance}: {left.reason}")
