"""Held-out values of a refiner."""

from collections.abc import Callable, Sequence

import numpy as np

from tts_core.adversarial.fidelity import compare_spectrograms
from tts_core.adversarial.pairs import Pair

Refine = Callable[[np.ndarray, str], np.ndarray]
"""Refine a log-mel (T, M) with the noise of an utterance."""


def compare_refined(pairs: Sequence[Pair], refine: Refine, std: np.ndarray) -> dict[str, float]:
    """Compare refined spectrograms with those of the recordings.

    Args:
        pairs: held-out recordings. refine: refiner. std: (M,) of the corpus, nats.

    Returns:
        See `compare_spectrograms`; as long as the refiner is the identity, the values are those of
        the predicted spectrograms. "recordings_l1": how far the recordings' own spectrograms move,
        z-scores. Nothing without held-out recordings.
    """
    refined: list[tuple[np.ndarray, np.ndarray]] = []
    moved: list[np.ndarray] = []
    for pair in pairs:
        recorded = pair.recorded.astype(np.float32)
        moved.append((refine(recorded, pair.utterance) - recorded) / std)
        for predicted in pair.predicted:
            refined.append((refine(predicted.astype(np.float32), pair.utterance), recorded))
    values = compare_spectrograms(refined, std)
    if refined:
        values["recordings_l1"] = float(np.abs(np.concatenate(moved)).mean())
    return values
