"""Voices: folders with `voice.json` and one trained model a system."""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import Field

from intone.documents import Closed, read
from intone.errors import UserError
from intone.files import whole_folder
from intone.resources import data_path
from tts_core.config import Features
from tts_core.corpus.sources import CorpusInfo
from tts_core.models import saved
from tts_core.refiner import saved as saved_refiner
from tts_core.refiner.load import AUTO, FILTER, NONE, Sharpener, load_filter, load_refiner
from tts_core.training.metrics import held_out

FILE_NAME = "voice.json"
SHIPPED = ("heart", "kathleen")
"""Voices in the package; the first is the default.

It is the one that is predicted to sound better.
"""
SENTENCES = "sentences"
"""Folder of held-out sentences with recordings, in a shipped voice."""


class VoiceSystem(Closed):
    """System of a voice."""

    recipe: str = Field(description="name of the training recipe")
    recipe_digest: str
    weights_sha256: str
    stages: list[int] = Field(description="stages that were trained")
    steps: dict[int, int] = Field(
        description="optimiser steps of each stage, at most: it may end, or keep its best, earlier"
    )
    held_out: dict[str, float] = Field(
        description="last validation losses, as stage.name; empty if the run's log is gone"
    )
    started_from: saved.Origin | None = Field(
        default=None, description="model whose weights were trained further, if any"
    )
    decoder: saved.AdversarialDecoder | None = Field(
        default=None, description="adversarial training of the decoder, if any"
    )


class VoiceFilter(Closed):
    """Filter of a voice, the same for all its systems."""

    filter: str = Field(description='unsharp masking, "filter:A,B": see `load_refiner`')


class VoiceRefiner(Closed):
    """Refiner of a voice, the same for all its systems."""

    recipe: str = Field(description="name of the training recipe")
    steps: int = Field(description="optimiser steps")
    weights_sha256: str
    after: dict[str, float] = Field(description="held-out values after the last step")


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
    refiner: VoiceRefiner | VoiceFilter | None = Field(
        default=None, description="refiner or filter of all systems' spectrograms, if any"
    )


def pack(
    runs: list[Path],
    out: Path,
    half: bool = False,
    note: str = "",
    refiner: str = NONE,
) -> Voice:
    """Gather trained runs of one corpus into a voice.

    Args:
        runs: run folders of `intone train`, or their `model` folders; one a system.
        out: voice folder; an older voice there is replaced.
        half: store weights in half precision, at half the size.
        note: what a user of the voice must know.
        refiner: run folder of `intone refiner train`, or "filter:A,B", which all systems use.

    Raises:
        UserError: a run without a finished model, two runs of one system, runs of different
            corpora, or a refiner of other spectrograms or of another corpus.
    """
    out = out.resolve()
    if out.exists() and not (out / FILE_NAME).is_file() and any(out.iterdir()):
        raise UserError(f"{out}: holds other files; name a new folder for the voice")
    models = [run / "model" if (run / "model").is_dir() else run for run in runs]
    descriptions = {model: _describe(model) for model in models}
    _refuse_mixture(descriptions)
    prepared = next(iter(descriptions.values())).corpus
    features = Features.model_validate(prepared["features"])
    with whole_folder(out) as scratch:
        systems = _pack_systems(descriptions, scratch, half)
        corpus = CorpusInfo.model_validate(prepared["corpus"])
        voice = voice_of(corpus, features, prepared["encoder"], systems, note)
        if refiner != NONE:
            refiner_of_voice = _pack_refiner(refiner, scratch, features, prepared, half)
            voice = voice.model_copy(update={"refiner": refiner_of_voice})
        (scratch / FILE_NAME).write_text(voice.model_dump_json(indent=2) + "\n", "utf-8")
    return voice


def _pack_systems(
    descriptions: dict[Path, saved.Description], voice: Path, half: bool
) -> dict[str, VoiceSystem]:
    """Copy trained models into a voice."""
    systems: dict[str, VoiceSystem] = {}
    for model, description in descriptions.items():
        system = description.recipe.model.system
        if system in systems:
            raise UserError(f"{model}: a second {system}; a voice has one model a system")
        shutil.copytree(model, voice / system)
        if half:
            description = saved.halve(voice / system)
        systems[system] = VoiceSystem(
            recipe=description.recipe.name,
            recipe_digest=description.recipe.digest(),
            weights_sha256=description.weights_sha256,
            stages=description.stages_done,
            steps={number: stage.steps for number, stage in description.recipe.stages.items()},
            # The log beside a decoder's training has no stages.
            held_out={} if description.decoder else held_out(model.parent),
            started_from=description.started_from,
            decoder=description.decoder,
        )
    return systems


def _pack_refiner(
    name: str, voice: Path, features: Features, prepared: dict[str, Any], half: bool
) -> VoiceRefiner | VoiceFilter:
    """Copy the corpus's refiner into its voice, or name a filter."""
    if name.startswith(FILTER):
        load_filter(name)
        return VoiceFilter(filter=name)
    path = Path(name)
    source = saved_refiner.refiner_folder(path)
    load_refiner(str(source), features)
    digest = saved_refiner.read_description(source).corpus["inputs_digest"]
    if digest != prepared["inputs_digest"]:
        raise UserError(
            f"{path}: was trained on another prepared corpus than the systems ({digest} instead of "
            f"{prepared['inputs_digest']}); train a refiner on theirs"
        )
    folder = voice / saved_refiner.REFINER
    shutil.copytree(source, folder)
    described = saved_refiner.halve(folder) if half else saved_refiner.read_description(folder)
    return VoiceRefiner(
        recipe=described.recipe.name,
        steps=described.steps,
        weights_sha256=described.weights_sha256,
        after=described.after,
    )


def refiner_of(name: str, folder: Path, voice: Voice) -> Sharpener | None:
    """Load a refiner by name for a voice.

    Args:
        name: "auto" is the voice's own, or nothing if it has none; else see `load_refiner`.
        folder: the voice's.
    """
    return load_refiner(own_refiner(folder) if name == AUTO else name, voice.features)


def common_refiner(name: str, paths: Sequence[Path], features: Features) -> Sharpener | None:
    """Load one refiner for the systems of several runs and voices.

    Args:
        name: "auto" is the refiner that all of them have, or none; else see `load_refiner`.
        paths: run folders, voices and the folders of their systems. features: of their
            spectrograms.

    Raises:
        UserError: "auto", and some have another refiner than others or none.
    """
    if name == AUTO:
        folders = [_voice_or_run(path) for path in paths]
        refiners = [_refiner_in(folder) for folder in folders]
        if any(refiner != refiners[0] for refiner in refiners):
            raise UserError(
                "some of the systems have a refiner and others have none or another; name one "
                "for all of them with --refiner, or none"
            )
        name = own_refiner(folders[0])
    return load_refiner(name, features)


def own_refiner(folder: Path) -> str:
    """Return the name of a voice's refiner; a run has none.

    For `load_refiner`.
    """
    refiner = _refiner_in(folder)
    if refiner is None:
        return NONE
    return refiner.filter if isinstance(refiner, VoiceFilter) else str(folder)


def _voice_or_run(path: Path) -> Path:
    """Return the voice that a path is or lies in, else itself."""
    return next((p for p in (path, path.parent) if (p / FILE_NAME).is_file()), path)


def _refiner_in(folder: Path) -> VoiceRefiner | VoiceFilter | None:
    return read_voice(folder).refiner if (folder / FILE_NAME).is_file() else None


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


def shipped_voice(name: str = SHIPPED[0]) -> Path:
    """Return the folder of a voice in the package."""
    return data_path("voices", name)


def find_voice(named: Path | None = None) -> Path:
    """Return the folder of a voice.

    Args:
        named: a folder, or the name of a voice in the package; without it `INTONE_VOICE`, else the
            package's first.

    Raises:
        UserError: no voice there.
    """
    wanted = named or os.environ.get("INTONE_VOICE")
    path = Path(wanted).expanduser() if wanted else shipped_voice()
    # A corpus may be in a folder of the same name: `intone corpus build heart -o heart`.
    if str(path) in SHIPPED and not (path / FILE_NAME).is_file():
        path = shipped_voice(str(path))
    if not (path / FILE_NAME).is_file():
        raise UserError(
            f"{path}: not a voice, it has no {FILE_NAME}; name a voice's folder or one of the "
            f"package's ({', '.join(SHIPPED)}) with --voice or INTONE_VOICE, or make one with "
            "`intone train` and `intone voice pack`"
        )
    return path


def require_systems(folder: Path, voice: Voice, systems: Sequence[str]) -> None:
    """Refuse systems that a voice lacks.

    Raises:
        UserError: names the first of them.
    """
    for system in systems:
        if system not in voice.systems:
            known = ", ".join(voice.systems)
            raise UserError(f"{folder}: has no system {system!r}; it has {known}")


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
