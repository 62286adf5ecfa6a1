"""Generator in training, and the folder of a trained vocoder."""

from pathlib import Path
from typing import Any, NamedTuple

from pydantic import Field
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn.utils.parametrizations import weight_norm

from intone import assets
from intone.errors import UserError
from intone.files import sha256, whole_folder
from tts_core.config import Features
from tts_core.models.trained_generator import (
    GeneratorDescription,
    find_generator,
    name_in_stimuli,
    read_checked,
    write_described,
)
from tts_core.vocoder.config import VocoderRecipe
from tts_core.vocoder.hifigan import (
    CONFIG,
    GENERATOR,
    Generator,
    HifiganConfig,
    load_generator,
    read_config,
)

DESCRIPTION = "vocoder.json"
VOCODER = "vocoder"
"""The folder of a run that holds the trained vocoder."""


class Description(GeneratorDescription):
    """`vocoder.json`: what a trained vocoder reads, and what it was trained on."""

    recipe: VocoderRecipe
    start_sha256: str | None = Field(description="of the weights that it started from")
    acoustic_model_sha256: str | None = Field(
        description="of the acoustic model whose spectrograms it learnt from beside the corpus's"
    )

    @property
    def called(self) -> str:
        """Name in stimulus sets."""
        return name_in_stimuli(self.recipe.name, self)


class Start(NamedTuple):
    """Generator before training, with the digest of weights that were read."""

    generator: Generator
    config: HifiganConfig
    weights_sha256: str | None


def begin(recipe: VocoderRecipe, features: Features) -> Start:
    """Return the generator that a recipe starts from, not yet weight-normalised.

    Raises:
        UserError: its weights are not here, or it reads another spectrogram than `features`.
    """
    if recipe.generator is not None:
        config = recipe.generator.for_features(features)
        recipe.check_features(features, config)
        return Start(Generator(config), config, None)
    assert recipe.start, "a recipe has a layout or a start"
    folder = start_folder(recipe.start)
    expected = features_of(folder)
    if expected.digest() != features.digest():
        raise UserError(
            f"{recipe.start}: reads another spectrogram than the corpus's {features.name!r} "
            f"({features.against(expected)}); prepare the corpus with the features "
            f"{expected.name!r}, or train from scratch"
        )
    config = read_config(folder)
    recipe.check_features(features, config)
    generator = load_generator(folder).train().requires_grad_(True)
    return Start(generator, config, sha256(folder / GENERATOR))


def start_folder(name: str) -> Path:
    """Return the folder of weights named by asset, folder or run.

    Raises:
        UserError: no such weights, or an asset that was not fetched.
    """
    if name in assets.catalogue():
        return assets.path(name)
    complete = (Path(name) / CONFIG).is_file() and (Path(name) / GENERATOR).is_file()
    return Path(name) if complete else trained_folder(Path(name))


def trained_folder(path: Path) -> Path:
    """Return the folder of a trained vocoder.

    It is `path` itself, or `vocoder` in a run's folder.

    Raises:
        UserError: there is none.
    """
    return find_generator(path, VOCODER, DESCRIPTION)


def features_of(folder: Path) -> Features:
    """Return the spectrogram settings that the weights in a folder read."""
    if (folder / DESCRIPTION).is_file():
        return read_description(folder).features
    return read_config(folder).features()


def read_description(folder: Path) -> Description:
    """Read `vocoder.json` and check that its weights are unchanged.

    Raises:
        UserError: not in this form, changed, or beside other weights.
    """
    return read_checked(folder / DESCRIPTION, Description, folder / GENERATOR, VOCODER)


def normalise(generator: Generator) -> Generator:
    """Weight-normalise every convolution in place: w = g v / |v|.

    The published weights were trained so.

    The function stays the same: g starts as |w| and v as w.
    """
    for module in list(generator.modules()):
        if isinstance(module, nn.Conv1d | nn.ConvTranspose1d):
            weight_norm(module)
    return generator


def fused(generator: Generator) -> dict[str, Tensor]:
    """Weights of the plain generator that computes what this normalised one does."""
    return {
        f"{name}.{kind}": value.detach().cpu().contiguous()
        for name, module in generator.named_modules()
        if isinstance(module, nn.Conv1d | nn.ConvTranspose1d)
        for kind, value in (("weight", module.weight), ("bias", module.bias))
        if value is not None
    }


def save_vocoder(
    folder: Path, generator: Generator, config: HifiganConfig, described: dict[str, Any]
) -> Description:
    """Write a trained vocoder into `folder`, complete or not at all.

    Args:
        generator: normalised. described: fields of `Description`, but for `weights_sha256`.
    """
    with whole_folder(folder) as scratch:
        save_file(fused(generator), scratch / GENERATOR)
        (scratch / CONFIG).write_text(config.model_dump_json(indent=2) + "\n", "utf-8")
        return write_described(scratch / DESCRIPTION, Description, scratch / GENERATOR, described)
