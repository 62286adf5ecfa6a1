"""What each system says of a held-out sentence: with which prosody, under whose durations."""

import hashlib
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from tts_core.models.batch import Batch, collate
from tts_core.models.build import System
from tts_core.models.camp import CAMP
from tts_core.models.durian_plus import DurIANPlus
from tts_core.models.kathaka import Kathaka
from tts_core.models.ntts import upsample
from tts_core.models.ntts_attention import NTTSAttention
from tts_core.types import Prepared


@dataclass(frozen=True)
class Mode:
    """Where a rendition's prosody comes from.

    Attributes:
        name: "text", "sampled" or "oracle".
        reads_recording: whether readings of one text are rendered differently.
        timings: "own" durations, or those of the "recording".
    """

    name: str
    reads_recording: bool
    timings: tuple[str, ...]


TEXT = Mode("text", False, ("recording", "own"))
SAMPLED = Mode("sampled", False, ("own",))
ORACLE = Mode("oracle", True, ("recording", "own"))


@dataclass(frozen=True)
class Rendition:
    """Log-mel (T, M) and frames per token (N,), sum T."""

    mel: np.ndarray
    durations: np.ndarray


def modes_of(model: System) -> tuple[Mode, ...]:
    """The ways in which a system can be asked to speak."""
    if isinstance(model, Kathaka):
        return (TEXT, SAMPLED, ORACLE)
    if isinstance(model, CAMP):
        return (TEXT, ORACLE)
    if isinstance(model, NTTSAttention):
        # Attention takes nobody's durations.
        return (Mode("text", False, ("own",)),)
    return (TEXT,)


@torch.inference_mode()
def render(model: System, mode: Mode, timing: str, row: Prepared, seed: int = 0) -> Rendition:
    """Let a system say a sentence, running free.

    Args:
        model: in evaluation mode. mode, timing: one of `modes_of` and of its timings.
        row: the sentence with its recording. seed: of latents and pre-nets, mixed with the text.
    """
    device = next(model.parameters()).device
    batch = collate([row.encoded], [row]).to(device)
    generator = seeded(seed, row.text, device)
    prosody = _prosody(model, mode, batch, generator)
    if timing == "recording":
        mel = _under_recorded_durations(model, batch, prosody, generator)
        return Rendition(model.mel_scale.restore(mel)[0].cpu().numpy(), row.durations)
    if isinstance(model, Kathaka):
        output = model.synthesize(batch, generator, z=prosody)
    elif isinstance(model, CAMP):
        output = model.synthesize(batch, generator, prosody=prosody)
    else:
        output = model.synthesize(batch, generator)
    return Rendition(output.mel[0].cpu().numpy(), output.durations[0].cpu().numpy())


def seeded(seed: int, text: str, device: torch.device | str = "cpu") -> torch.Generator:
    """A generator of its own for each text: systems draw independently of the order of texts."""
    digest = hashlib.sha256(f"{seed}|{text}".encode()).digest()
    return torch.Generator(device).manual_seed(int.from_bytes(digest[:8], "big") >> 1)


def _prosody(model: System, mode: Mode, batch: Batch, generator: torch.Generator) -> Tensor | None:
    """Kathaka's z (1, Z) or CAMP's word vectors (1, W, d); the other systems have none."""
    if not isinstance(model, Kathaka | CAMP):
        return None
    if mode.name == "oracle":
        return model.oracle_prosody(batch)
    if isinstance(model, CAMP):
        return model.prosody_predictor.generate(batch, generator)
    temperature = 1.0 if mode.name == "sampled" else 0.0
    return model.sampler(batch).sample(temperature, generator)


def _under_recorded_durations(
    model: System, batch: Batch, prosody: Tensor | None, generator: torch.Generator
) -> Tensor:
    """Z-scored mel (1, T, M); no frame of the recording is fed to the decoder."""
    if isinstance(model, CAMP):
        assert prosody is not None
        return model.decode(model.encode(batch), prosody, batch, batch.durations, batch.n_frames)
    if isinstance(model, NTTSAttention):
        raise ValueError("attention takes nobody's durations")
    if isinstance(model, DurIANPlus):
        condition = upsample(model.encoder(batch), batch.durations, batch.n_frames)
        before = model.decoder.generate(condition, generator)
        return model.postnet(before, batch.frame_mask)
    encodings = model.encoder(batch.tokens, batch.token_mask, batch.token_lengths)
    condition = upsample(encodings, batch.durations, batch.n_frames, prosody)
    return model.decoder.generate(condition, generator)
