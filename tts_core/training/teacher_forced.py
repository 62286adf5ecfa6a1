"""Spectrograms that an acoustic model predicts of recordings.

They line up with the audio, frame by frame.

A vocoder or refiner that learns from them reads in training what it will read in synthesis (Kong et
al. 2020, section 4.4: teacher-forced, so that frames and samples line up).
"""

import hashlib
from pathlib import Path

import numpy as np
import torch

from intone.errors import UserError
from tts_core.config import Features
from tts_core.models import saved
from tts_core.models.batch import collate
from tts_core.models.system import System
from tts_core.training.loop import MODEL
from tts_core.types import Prepared


def load_acoustic_model(run: Path, features: Features) -> tuple[System, saved.Description]:
    """Load the trained model of a run, or of its `model` folder.

    Args:
        run: what `intone train` wrote. features: of the corpus that it is to read.

    Raises:
        UserError: no finished model there, or one of other spectrograms.
    """
    folder = run / MODEL if (run / MODEL).is_dir() else run
    model, description = saved.load_model(folder)
    digest = description.facts.features_digest
    if digest != features.digest():
        raise UserError(
            f"{run}: was trained on spectrograms with the digest {digest}, the corpus has "
            f"{features.digest()} ({features.name}); name a run that was trained on such a corpus"
        )
    return model, description


@torch.inference_mode()
def predict(model: System, row: Prepared) -> np.ndarray:
    """Predict the spectrogram of a recording: (T, M) float32, T the recording's.

    The model is in evaluation mode.

    The pre-net's dropout is seeded by the utterance, so that a resumed training reads the
    same.
    """
    device = next(model.parameters()).device
    batch = collate([row.encoded], [row]).to(device)
    seed = int.from_bytes(hashlib.sha256(row.utterance.encode()).digest()[:8], "big") >> 1
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(seed)
        return model.teacher_forced(batch)[0].float().cpu().numpy()
