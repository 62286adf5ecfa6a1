"""Commands of the speech side.

Heavy imports are inside the functions, so that `--help` is quick.
"""

import sys
from pathlib import Path
from typing import Annotated

import typer

from tts_core.commands.corpus import Out
from tts_core.commands.corpus import app as corpus_commands
from tts_core.commands.decoder import app as decoder_app
from tts_core.commands.evaluate import app as evaluation_commands
from tts_core.commands.refiner import app as refiner_app
from tts_core.commands.text import app as text_commands
from tts_core.commands.vocoder import app as vocoder_app
from tts_core.model_config import SYSTEMS

app = typer.Typer()
stimuli_app = typer.Typer(no_args_is_help=True, help="Stimulus sets: make or import them.")
voice_app = typer.Typer(no_args_is_help=True, help="Voices: folders of trained systems.")
app.add_typer(corpus_commands)
app.add_typer(text_commands)
app.add_typer(evaluation_commands)
app.add_typer(stimuli_app, name="stimuli")
app.add_typer(voice_app, name="voice")
app.add_typer(vocoder_app, name="vocoder")
app.add_typer(decoder_app, name="decoder")
app.add_typer(refiner_app, name="refiner")

VoiceOption = Annotated[
    Path | None,
    typer.Option(
        help="Voice folder, or else heart or kathleen of the package; by default INTONE_VOICE, "
        "else heart."
    ),
]
VocoderOption = Annotated[
    str,
    typer.Option(help="auto, hifigan-universal, griffin-lim, or a run of `intone vocoder train`."),
]
RefinerOption = Annotated[
    str,
    typer.Option(
        help="auto: the voice's own, if it has one; none; filter:A,B; or a run of "
        "`intone refiner train`."
    ),
]
Seed = Annotated[int, typer.Option(help="Seed of everything random; it decides the audio.")]


@app.command()
def train(
    recipe: Annotated[str, typer.Argument(help="Recipe name or YAML file, e.g. kathaka_compact.")],
    changes: Annotated[
        list[str] | None, typer.Argument(help="key=value, e.g. stages.1.steps=200 or stages=[2].")
    ] = None,
    data: Annotated[Path, typer.Option(help="Prepared corpus.")] = Path("prepared"),
    out: Annotated[Path | None, typer.Option(help="Run folder; by default runs/RECIPE.")] = None,
    wandb: Annotated[
        str | None, typer.Option(help="Mirror to this project of Weights & Biases.")
    ] = None,
    source: Annotated[
        Path | None,
        typer.Option("--from", help="Start from the weights of this run, or system of a voice."),
    ] = None,
) -> None:
    """Train a system through its stages; the same command resumes it."""
    from tts_core.training.run import train_recipe

    out = out or Path("runs") / Path(recipe).stem
    train_recipe(recipe, changes or [], data, out, wandb, source)


@app.command()
def runs(
    folders: Annotated[
        list[Path] | None, typer.Argument(help="Runs, or folders that hold runs; by default runs.")
    ] = None,
    plot: Annotated[
        Path | None, typer.Option(help="Draw their held-out values into this .svg, .png or .pdf.")
    ] = None,
) -> None:
    """List trainings with their progress and held-out values."""
    from rich.console import Console
    from rich.table import Table

    from tts_core.evaluation.runs import draw_runs, find_runs

    trainings = find_runs(folders or [Path("runs")])
    table = Table()
    for head in ("run", "recipe", "digest", "stage", "step", "model", "held out", "1 - F0 corr."):
        # A path that is cut off names no run.
        table.add_column(head, overflow="fold")
    for run in trainings:
        done = f"{run.step}/{run.steps}"
        kept = f" (left {run.kept[run.stage]})" if run.stage in run.kept else ""
        model = "trained" if run.trained else "-"
        origin = f" (from {run.origin.recipe} on {run.origin.corpus})" if run.origin else ""
        row = (
            str(run.path),
            run.recipe.name + origin,
            run.digest[:8],
            str(run.stage),
            done + kept,
            model,
        )
        table.add_row(*row, run.held_out, run.f0_error)
    Console().print(table)
    if plot:
        draw_runs(trainings, plot)
        typer.echo(f"{plot}: their held-out values")


@app.command()
def doctor(
    folder: Annotated[Path, typer.Argument(help="Where runs would be written.")] = Path("runs"),
) -> None:
    """Check in seconds that everything for training and synthesis works."""
    from tts_core.commands.doctor import examine

    broken = 0
    for finding in examine(folder):
        mark = {True: "ok  ", False: "NOT ", None: "note"}[finding.ok]
        typer.echo(f"{mark} {finding.what}: {finding.result}")
        broken += finding.ok is False
    if broken:
        raise typer.Exit(1)


@app.command()
def synth(
    system: Annotated[str, typer.Option(help=f"One of {', '.join(SYSTEMS)}.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="Audio file, or folder with --file.")],
    text: Annotated[str | None, typer.Option(help="Text to speak; sentence by sentence.")] = None,
    file: Annotated[
        Path | None,
        typer.Option(help="Text file, one text per line; the same command resumes."),
    ] = None,
    voice: VoiceOption = None,
    temperature: Annotated[
        float, typer.Option(min=0, help="1 samples the prosody, 0 takes its mean.")
    ] = 1.0,
    rate: Annotated[
        float, typer.Option(min=0.2, max=5, help="Speaking rate; above 1 is faster.")
    ] = 1.0,
    seed: Seed = 0,
    samples: Annotated[
        int, typer.Option(min=1, help="Number of renditions, into NAME-1.wav, NAME-2.wav ...")
    ] = 1,
    prosody_from: Annotated[
        Path | None,
        typer.Option(help="kathaka: a recording of any text; camp: of the same words."),
    ] = None,
    prosody_text: Annotated[
        str | None, typer.Option(help="Text of --prosody-from, if not --text.")
    ] = None,
    vectors_out: Annotated[
        Path | None, typer.Option(help="camp: write each word's prosody vector to this JSON file.")
    ] = None,
    vectors_in: Annotated[
        Path | None, typer.Option(help="camp: speak with the vectors of such a file, as edited.")
    ] = None,
    vocoder: VocoderOption = "auto",
    refiner: RefinerOption = "auto",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, a line a file.")] = False,
) -> None:
    """Speak a text with a trained system."""
    from tts_core.synthesis.batch import SynthOptions
    from tts_core.synthesis.batch import synth as run

    options = SynthOptions(
        system=system,
        out=out,
        text=text,
        file=file,
        voice=voice,
        temperature=temperature,
        rate=rate,
        seed=seed,
        samples=samples,
        prosody_from=prosody_from,
        prosody_text=prosody_text,
        vectors_in=vectors_in,
        vectors_out=vectors_out,
        vocoder=vocoder,
        refiner=refiner,
    )
    run(options, as_json)


@stimuli_app.command("make")
def stimuli_make(
    out: Out,
    systems: Annotated[
        str, typer.Option(help='Systems, comma-separated; "" for none.')
    ] = "ntts,kathaka,camp",
    split: Annotated[
        str | None, typer.Option(help="Sentences of this split of --data, with their recordings.")
    ] = None,
    data: Annotated[Path | None, typer.Option(help="Prepared corpus of --split.")] = None,
    corpus: Annotated[
        Path | None, typer.Option(help="Or: a corpus folder, all sentences with their recordings.")
    ] = None,
    file: Annotated[Path | None, typer.Option(help="Or: a text file, one sentence a line.")] = None,
    sentences: Annotated[
        int | None, typer.Option(min=1, help="At most so many, by the seed.")
    ] = None,
    copy_synthesis: Annotated[
        bool, typer.Option(help="Also the recordings through the vocoder, as a system.")
    ] = False,
    refine_copy: Annotated[
        bool, typer.Option(help="Also the recordings through refiner and vocoder, as a system.")
    ] = False,
    voice: VoiceOption = None,
    vocoder: VocoderOption = "auto",
    refiner: RefinerOption = "auto",
    seed: Seed = 0,
) -> None:
    """Synthesize a stimulus set with trained systems; recordings are its reference."""
    from tts_core.commands.stimuli import StimulusOptions, make_stimuli

    chosen = [name.strip() for name in systems.split(",") if name.strip()]
    options = StimulusOptions(
        out=out,
        systems=chosen,
        split=split,
        data=data,
        corpus=corpus,
        file=file,
        sentences=sentences,
        copy_synthesis=copy_synthesis,
        voice=voice,
        vocoder=vocoder,
        seed=seed,
        refiner=refiner,
        refine_copy=refine_copy,
    )
    make_stimuli(options)


@stimuli_app.command("import")
def stimuli_import(
    systems: Annotated[list[str], typer.Argument(help="NAME=FOLDER, one for each system.")],
    out: Out,
    reference: Annotated[Path | None, typer.Option(help="Folder of the recordings.")] = None,
    texts: Annotated[
        Path | None, typer.Option(help="File with `stem|text` lines; without it texts are empty.")
    ] = None,
    copy_synthesis: Annotated[
        list[str] | None,
        typer.Option(help="Name of a system that is recordings through a vocoder; repeatable."),
    ] = None,
    voice: Annotated[str, typer.Option(help="Name of the voice.")] = "not stated",
    licence: Annotated[str, typer.Option(help="Licence of the audio.")] = "not stated",
    language: Annotated[str, typer.Option(help="Language of the texts, e.g. en.")] = "en",
) -> None:
    """Make a stimulus set from existing audio.

    Files with the same name are one sentence.
    """
    from intone.progress import on_console
    from tts_core.synthesis.stimuli_import import import_stimuli, parse_folders

    folders, copies = parse_folders(systems), copy_synthesis or []
    command = " ".join(["intone", *sys.argv[1:]])
    with on_console() as progress:
        import_stimuli(
            folders,
            out,
            reference,
            texts,
            copies,
            voice=voice,
            licence=licence,
            language=language,
            created_by=command,
            progress=progress,
        )


@voice_app.command("pack")
def voice_pack(
    runs: Annotated[list[Path], typer.Argument(help="Run folders, one a system.")],
    out: Out,
    half: Annotated[bool, typer.Option(help="Weights in half precision: half the size.")] = False,
    note: Annotated[str, typer.Option(help="What a user of the voice must know.")] = "",
    refiner: Annotated[
        str,
        typer.Option(help="Of all systems: a run of `intone refiner train`, filter:A,B, or none."),
    ] = "none",
) -> None:
    """Gather trained runs into a voice."""
    from tts_core.voice import pack

    voice = pack(runs, out, half, note, refiner)
    typer.echo(f"{out}: {voice.name} with {', '.join(voice.systems)}")


@voice_app.command("show")
def voice_show(
    voice: Annotated[Path | None, typer.Argument(help="Folder or name; else the default.")] = None,
) -> None:
    """Print a voice's description."""
    from tts_core.voice import find_voice, read_voice

    typer.echo(read_voice(find_voice(voice)).model_dump_json(indent=2))


@app.command()
def objective(
    stimuli: Annotated[Path, typer.Argument(help="Stimulus set.")],
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="JSON file; by default in the set's folder.")
    ] = None,
) -> None:
    """Measure a stimulus set without listeners: word errors, predicted quality, detail, F0."""
    from tts_core.commands.stimuli import measure

    measure(stimuli, out)
