"""Free-running renditions of held-out sentences, by mode and durations."""

from dataclasses import dataclass

import numpy as np
import torch

from tts_core.models.batch import collate
from tts_core.models.mode import Mode
from tts_core.models.randomness import seeded
from tts_core.models.system import System
from tts_core.types import Prepared


@dataclass(frozen=True)
class Rendition:
    """Log-mel (T, M) and frames per token (N,), sum T."""

    mel: np.ndarray
    durations: np.ndarray


@torch.inference_mode()
def render(model: System, mode: Mode, timing: str, row: Prepared, seed: int = 0) -> Rendition:
    """Render one held-out sentence, running free.

    Args:
        model: in evaluation mode. mode, timing: one of its `modes` and of their timings.
        row: the sentence with its recording. seed: of latents and pre-nets, mixed with the text.
    """
    device = next(model.parameters()).device
    batch = collate([row.encoded], [row]).to(device)
    generator = seeded(seed, row.text, device)
    prosody = model.prosody(batch, mode, generator)
    if timing == "recording":
        mel = model.decode(batch, batch.durations, prosody, generator)
        return Rendition(mel[0].cpu().numpy(), row.durations)
    output = model.synthesize(batch, generator, prosody=prosody)
    return Rendition(output.mel[0].cpu().numpy(), output.durations[0].cpu().numpy())
