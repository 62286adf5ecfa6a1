"""Spectrograms that an acoustic model predicts of recordings, frame by frame beside their audio.

A vocoder that learns from them hears in training what it will be given in synthesis (Kong et al.
2020, section 4.4: teacher-forced, so that frames and samples line up).
"""

import hashlib
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from intone.errors import UserError
from tts_core.config import Features
from tts_core.models import saved
from tts_core.models.batch import Batch, collate
from tts_core.models.build import System
from tts_core.models.camp import CAMP
from tts_core.models.durian_plus import DurIANPlus
from tts_core.models.kathaka import Kathaka
from tts_core.models.ntts_attention import NTTSAttention
from tts_core.training.loop import MODEL
from tts_core.types import Prepared


def load_acoustic_model(run: Path, features: Features) -> tuple[System, saved.Description]:
    """The trained model of a run folder, or of its `model` folder.

    Args:
        run: what `intone train` wrote. features: of the corpus that it is to read.

    Raises:
        UserError: no finished model there, or one of other spectrograms.
    """
    folder = run / MODEL if (run / MODEL).is_dir() else run
    model, description = saved.load_model(folder)
    own = description.facts.features_digest
    if own != features.digest():
        raise UserError(
            f"{run}: was trained on spectrograms with the digest {own}, the corpus has "
            f"{features.digest()} ({features.name}); name a run that was trained on such a corpus"
        )
    return model, description


def teacher_forced(model: System, batch: Batch) -> Tensor:
    """Log-mel (B, T, M) of the recordings in a batch, T theirs.

    Their durations do the upsampling, the true frame before is fed to decoders that go from frame
    to frame, and prosody latents are those of the recordings.
    """
    if isinstance(model, Kathaka):
        mel = model(batch, model.oracle_prosody(batch))
    elif isinstance(model, CAMP):
        phones = model.encode(batch)
        prosody = model.oracle_prosody(batch, phones)
        mel = model.decode(phones, prosody, batch, batch.durations, batch.n_frames)
    elif isinstance(model, NTTSAttention):
        mel = model(batch)[1]
    elif isinstance(model, DurIANPlus):
        mel = model(batch).after
    else:
        mel = model(batch)
    return model.mel_scale.restore(mel)


@torch.inference_mode()
def predict(model: System, row: Prepared) -> np.ndarray:
    """What a model in evaluation mode predicts of a recording: (T, M) float32, T the recording's.

    The pre-net's dropout is seeded by the utterance, so that a training that goes on reads the
    same.
    """
    device = next(model.parameters()).device
    batch = collate([row.encoded], [row]).to(device)
    seed = int.from_bytes(hashlib.sha256(row.utterance.encode()).digest()[:8], "big") >> 1
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(seed)
        return teacher_forced(model, batch)[0].float().cpu().numpy()
