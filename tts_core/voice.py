"""Voices: folders with `voice.json` and one trained model a system."""

import os
import shutil
from pathlib import Path

from pydantic import Field

from intone.documents import Closed, read
from intone.errors import UserError
from intone.resources import data_path
from tts_core.config import Features
from tts_core.corpus.sources import CorpusInfo
from tts_core.models import saved
from tts_core.training.metrics import held_out

FILE_NAME = "voice.json"
SHIPPED = "voices/default"


class VoiceSystem(Closed):
    """System of a voice."""

    recipe: str = Field(description="name of the training recipe")
    recipe_digest: str
    weights_sha256: str
    stages: list[int] = Field(description="stages that were trained")
    steps: dict[int, int] = Field(description="optimiser steps of each stage")
    held_out: dict[str, float] = Field(
        description="last validation losses, as stage.name; empty if the run's log is gone"
    )
    started_from: saved.Origin | None = Field(
        default=None, description="model whose weights were trained further, if any"
    )


class Voice(Closed):
    """`voice.json`."""

    version: int = 1
    name: str
    speaker: str = Field(description="who speaks, or that it is a stand-in voice")
    licence: str = Field(description="licence of the recordings it was trained on")
    stand_in: bool = Field(description="trained on synthetic speech, to try the platform out")
    language: str = "en"
    features: Features
    features_digest: str
    text_encoder: str
    note: str = Field(default="", description="what a user of the voice must know")
    systems: dict[str, VoiceSystem]


def pack(runs: list[Path], out: Path, half: bool = False, note: str = "") -> Voice:
    """Gather trained runs of one corpus into a voice.

    Args:
        runs: run folders of `intone train`, or their `model` folders; one a system.
        out: voice folder; an older voice there is replaced.
        half: store weights in half precision, at half the size.
        note: what a user of the voice must know.

    Raises:
        UserError: a run without a finished model, two runs of one system, or runs of different
        corpora.
    """
    out = out.resolve()
    if out.exists() and not (out / FILE_NAME).is_file() and any(out.iterdir()):
        raise UserError(f"{out}: holds other files; name a new folder for the voice")
    models = [run / "model" if (run / "model").is_dir() else run for run in runs]
    descriptions = {model: _describe(model) for model in models}
    systems: dict[str, VoiceSystem] = {}
    _refuse_mixture(descriptions)
    scratch = out.with_name(out.name + ".part")
    shutil.rmtree(scratch, ignore_errors=True)
    for model, description in descriptions.items():
        system = description.recipe.model.system
        if system in systems:
            raise UserError(f"{model}: a second {system}; a voice has one model a system")
        shutil.copytree(model, scratch / system)
        if half:
            description = saved.halve(scratch / system)
        systems[system] = VoiceSystem(
            recipe=description.recipe.name,
            recipe_digest=description.recipe.digest(),
            weights_sha256=description.weights_sha256,
            stages=description.stages_done,
            steps={number: stage.steps for number, stage in description.recipe.stages.items()},
            held_out=held_out(model.parent),
            started_from=description.started_from,
        )
    prepared = next(iter(descriptions.values())).corpus
    voice = voice_of(
        CorpusInfo.model_validate(prepared["corpus"]),
        Features.model_validate(prepared["features"]),
        prepared["encoder"],
        systems,
        note,
    )
    (scratch / FILE_NAME).write_text(voice.model_dump_json(indent=2) + "\n", "utf-8")
    shutil.rmtree(out, ignore_errors=True)
    scratch.rename(out)
    return voice


def _refuse_mixture(descriptions: dict[Path, saved.Description]) -> None:
    """Refuse models of different corpora or features, with both values."""
    (first, first_description), *rest = descriptions.items()
    first_corpus = first_description.corpus
    features = Features.model_validate(first_corpus["features"])
    for model, description in rest:
        model_features = Features.model_validate(description.corpus["features"])
        if model_features.digest() != features.digest():
            raise UserError(
                f"{model}: trained on other features than {first} "
                f"({model_features.against(features)})"
            )
        digest, first_digest = description.corpus["inputs_digest"], first_corpus["inputs_digest"]
        if digest != first_digest:
            raise UserError(
                f"{model}: trained on another prepared corpus than {first} ({digest} instead of "
                f"{first_digest})"
            )


def voice_of(
    corpus: CorpusInfo,
    features: Features,
    text_encoder: str,
    systems: dict[str, VoiceSystem],
    note: str = "",
) -> Voice:
    """Return the description of a corpus's voice.

    Without systems, that of its recordings alone.
    """
    return Voice(
        name=corpus.name,
        speaker=corpus.speaker,
        licence=corpus.licence,
        stand_in=corpus.stand_in,
        language=corpus.language,
        features=features,
        features_digest=features.digest(),
        text_encoder=text_encoder,
        note=note,
        systems=systems,
    )


def _describe(model: Path) -> saved.Description:
    description = saved.read_description(model)
    missing = set(description.recipe.stages) - set(description.stages_done)
    if missing:
        raise UserError(f"{model}: stage {min(missing)} is not trained yet; train it first")
    return description


def default_voice() -> Path:
    """Return `INTONE_VOICE`, else the voice shipped with the package."""
    named = os.environ.get("INTONE_VOICE")
    path = Path(named).expanduser() if named else data_path(SHIPPED)
    if not (path / FILE_NAME).is_file():
        raise UserError(
            f"{path}: no voice there; name one with --voice or INTONE_VOICE, or make one with "
            "`intone train` and `intone voice pack`"
        )
    return path


def read_voice(folder: Path) -> Voice:
    """Read `voice.json` of a voice folder.

    Raises:
        UserError: not a voice, or a damaged one.
    """
    path = folder / FILE_NAME
    if not path.is_file():
        raise UserError(f"{folder}: not a voice; it has no {FILE_NAME}")
    voice = read(path, Voice, "pack the voice again")
    if voice.features_digest != voice.features.digest():
        raise UserError(
            f"{path}: the stored features digest is {voice.features_digest}, but the features give "
            f"{voice.features.digest()}; the file was changed: pack the voice again"
        )
    return voice
