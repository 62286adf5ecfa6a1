"""Commands that make, describe and prepare corpora."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer()
corpus_app = typer.Typer(no_args_is_help=True, help="Make, download or describe a corpus.")
app.add_typer(corpus_app, name="corpus")

Out = Annotated[Path, typer.Option("-o", "--out", help="Folder to write; made if it is not there.")]
Speakers = Annotated[
    list[str] | None,
    typer.Option(
        "--speaker", help="Whose recordings: a name, several with commas, or given repeatedly."
    ),
]
SHOWN = 10


@corpus_app.command("build")
def corpus_build(
    name: Annotated[
        str, typer.Argument(help="demo: shipped sentences; heart: novels in paragraphs.")
    ],
    out: Out,
    hours: Annotated[
        float | None,
        typer.Option(
            help="Of heart: hours of speech, in whole paragraphs; otherwise all the novels give, "
            "some ten."
        ),
    ] = None,
    from_dir: Annotated[
        Path | None,
        typer.Option("--from", help="Of heart: folder with the novels' texts, instead of the net."),
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Of heart: threads that read side by side; 2.")
    ] = None,
) -> None:
    """Build a corpus that a synthetic stand-in voice reads.

    After an interruption the same command resumes.
    """
    from intone.errors import UserError
    from intone.progress import on_console
    from tts_core.corpus.convert import LEFT_OUT
    from tts_core.corpus.demo import build_demo
    from tts_core.corpus.heart import build_heart

    if name not in ("demo", "heart"):
        raise UserError(
            f"{name}: only `demo` and `heart` can be built; `intone corpus fetch` downloads others"
        )
    if name == "demo" and (hours, from_dir, workers) != (None, None, None):
        raise UserError(
            "demo: has one length and its own texts; --hours, --from and --workers are for `heart`"
        )
    with on_console() as progress:
        if name == "demo":
            build_demo(out, progress)
            return
        made = build_heart(out, hours, from_dir, workers or 2, progress)
    typer.echo(
        f"{out}: heart, a stand-in voice, {made.hours:.2f} h, {made.utterances} sentences; "
        f"{len(made.left_out)} left out, listed in {out / LEFT_OUT}"
    )


@corpus_app.command("fetch")
def corpus_fetch(
    name: Annotated[
        str,
        typer.Argument(
            help="kathleen, ljspeech, vctk, hifi-tts, or a part of LibriTTS or LibriTTS-R such as "
            "libritts-train-clean-100 and libritts-r-dev-clean."
        ),
    ],
    out: Out,
    from_dir: Annotated[
        Path | None, typer.Option("--from", help="A copy that is already here, instead of the net.")
    ] = None,
    speaker: Speakers = None,
) -> None:
    """Download a public corpus from its publisher; shows its licence, resumes, verifies."""
    from intone.progress import on_console
    from tts_core.corpus.convert import LEFT_OUT
    from tts_core.corpus.fetch import fetch

    with on_console() as progress:
        info = fetch(name, out, from_dir, speakers=_names(speaker), progress=progress)
    typer.echo(f"{out}: {info.name}, licence {info.licence}, from {info.source}. {info.note}")
    if (out / LEFT_OUT).is_file():
        lost = len((out / LEFT_OUT).read_text(encoding="utf-8").splitlines()) - 1
        typer.echo(f"  left out: {lost}" + (f", listed in {out / LEFT_OUT}" if lost else ""))


@corpus_app.command("import")
def corpus_import(
    layout: Annotated[
        str,
        typer.Argument(
            help="How the corpus is laid out: auto (recognised and printed), kathleen, ljspeech, "
            "libritts, libritts-r, vctk, hifi-tts, blizzard2013, metadata (any metadata.csv) or "
            "lhotse (any Lhotse manifest)."
        ),
    ],
    folder: Annotated[
        Path,
        typer.Argument(help="The unpacked corpus, or the one table or manifest that lists it."),
    ],
    out: Out,
    speaker: Speakers = None,
    licence: Annotated[
        str | None,
        typer.Option(help="Under which terms the recordings may be used, for instance CC-BY-4.0."),
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="Name of the corpus; otherwise its own or its folder's.")
    ] = None,
    link: Annotated[
        bool,
        typer.Option("--link", help="Link WAV and FLAC files where they are; do not copy them."),
    ] = False,
    written: Annotated[
        bool,
        typer.Option(
            "--written",
            help="Take texts as printed (Dr., 1889), not as the publisher put them in words.",
        ),
    ] = False,
    own_split: Annotated[
        bool, typer.Option("--own-split", help="Keep the publisher's training and test sentences.")
    ] = False,
    stand_in: Annotated[
        bool, typer.Option("--stand-in", help="A machine read the texts, not a person.")
    ] = False,
) -> None:
    """Convert a corpus of another layout for `intone prepare`."""
    from intone.progress import on_console
    from tts_core.corpus.convert import LEFT_OUT, Choice, import_corpus

    choice = Choice(_names(speaker), written, own_split, link)
    with on_console() as progress:
        made = import_corpus(layout, folder, out, choice, licence, name, stand_in, progress)
    hours = sum(made.speakers.values())
    typer.echo(
        f"{out}: {made.info.name} in the layout {made.layout}, {hours:.2f} h, licence "
        f"{made.info.licence}; {len(made.left_out)} left out"
    )
    if len(made.speakers) > 1:
        ranked = sorted(made.speakers.items(), key=lambda item: (-item[1], item[0]))
        shown = ", ".join(f"{name} {item:.2f} h" for name, item in ranked[:SHOWN])
        more = len(ranked) - SHOWN
        typer.echo(
            f"  {len(ranked)} speakers: {shown}" + (f" and {more} others" if more > 0 else "")
        )
    for item in made.left_out[:SHOWN]:
        typer.echo(f"  left out {item.utterance}: {item.reason}")
    if len(made.left_out) > SHOWN:
        typer.echo(f"  and {len(made.left_out) - SHOWN} others, listed in {out / LEFT_OUT}")


def _names(given: list[str] | None) -> frozenset[str]:
    parts = (name.strip() for argument in given or [] for name in argument.split(","))
    return frozenset(name for name in parts if name)


@corpus_app.command("report")
def corpus_report(
    folder: Annotated[Path, typer.Argument(help="Corpus folder, or the output of prepare.")],
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="HTML page to write, such as report.html.")
    ] = None,
    agreement: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="Of a prepared corpus: recordings that a second aligner is asked about, 0 for "
            "none. 100 if a page is written, else 0.",
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of the choice of those recordings.")] = 0,
) -> None:
    """Describe a corpus: hours, speakers, F0, phones, pauses, alignment."""
    from intone.progress import on_console
    from tts_core.corpus.report.build import corpus_report as describe

    sample = agreement if agreement is not None else (0 if out is None else 100)
    with on_console() as progress:
        report = describe(folder, sample, seed, progress)
    typer.echo(report.as_text())
    typer.echo(f"page: {report.write(out)}" if out else "-o report.html draws this as a page")


@app.command()
def prepare(
    corpus: Annotated[Path, typer.Argument(help="Corpus folder (metadata.csv and wavs/).")],
    out: Out,
    engine: Annotated[
        str, typer.Option(help="local: processes of this machine; ray: a Ray cluster.")
    ] = "local",
    workers: Annotated[
        int,
        typer.Option(
            min=1,
            help="Processes that work side by side, up to the number of processor cores; each "
            "needs up to 1 GB of memory.",
        ),
    ] = 2,
    aligner: Annotated[
        str,
        typer.Option(
            help="What finds the phones in the audio: auto, viter (10 min of speech and more), "
            "pocketsphinx, or a folder of Praat TextGrids or a CTM file that you have."
        ),
    ] = "auto",
    speaker: Annotated[
        str | None,
        typer.Option(help="Of a corpus of several speakers: whose recordings, or all."),
    ] = None,
    lexicon: Annotated[
        Path | None, typer.Option(help="Your own pronunciations: word PH1 PH2 ..., one a line.")
    ] = None,
    parser: Annotated[
        str, typer.Option(help="What draws the parse trees; auto takes the best that is here.")
    ] = "auto",
    encoder: Annotated[str, typer.Option(help="Text encoder: asset, folder or hub.")] = "minilm",
    features: Annotated[
        str, typer.Option(help="Spectrogram: hifigan22k (has a vocoder) or paper24k.")
    ] = "hifigan22k",
    seed: Annotated[int, typer.Option(help="Seed of the split and of the aligner.")] = 0,
) -> None:
    """Turn a corpus into training data: phones, alignment, spectrograms, syntax, splits.

    After an interruption the same command resumes.
    """
    from intone.progress import on_console
    from tts_core.config import preset
    from tts_core.corpus.prepare import prepare as run
    from tts_core.corpus.settings import Settings
    from tts_core.corpus.shards import FILE

    settings = Settings(preset(features), aligner, speaker, lexicon, parser, encoder, seed)
    with on_console() as progress:
        info = run(corpus, out, settings, engine, workers, progress)
    counts = ", ".join(f"{name} {split.utterances}" for name, split in info.splits.items())
    used = sum(split.utterances for split in info.splits.values())
    of = used + len(info.left_out)
    typer.echo(
        f"{out}: {info.hours:.2f} h; {counts}; {used} of {of} recordings ({100 * used / of:.1f} %) "
        f"aligned by {info.aligner}, {len(info.left_out)} left out, "
        f"{len(info.warnings)} warnings"
    )
    for left in info.left_out:
        typer.echo(f"  left out {left.utterance}: {left.reason}")
    for doubt in info.warnings[:10]:
        typer.echo(f"  used, but look at {doubt.utterance}: {doubt.warning}")
    if len(info.warnings) > 10:
        typer.echo(f"  ... all {len(info.warnings)} warnings are in {out / FILE}")
