"""Held-out values of a refiner."""

from collections.abc import Callable, Sequence

import numpy as np

from tts_core.measures.detail import Detail, detail_of_mel
from tts_core.refiner_training.pairs import Pair

Refine = Callable[[np.ndarray, str], np.ndarray]
"""Refine a log-mel (T, M) with the noise of an utterance."""


def compare_refined(pairs: Sequence[Pair], refine: Refine, std: np.ndarray) -> dict[str, float]:
    """Compare refined spectrograms with those of the recordings.

    Args:
        pairs: held-out recordings. refine: refiner. std: (M,) of the corpus, nats.

    Returns:
        "mel_l1": mean absolute difference, z-scores; as long as the refiner is the identity, that
        of the predicted spectrograms. "detail_time", "detail_frequency": mean detail as a share of
        the recordings' (`tts_core.measures.detail`). "recordings_l1": how far the recordings' own
        spectrograms move, z-scores. Nothing without held-out recordings.
    """
    errors: list[np.ndarray] = []
    moved: list[np.ndarray] = []
    of_refined: list[Detail] = []
    of_recorded: list[Detail] = []
    for pair in pairs:
        recorded = pair.recorded.astype(np.float32)
        moved.append((refine(recorded, pair.utterance) - recorded) / std)
        recorded_detail = detail_of_mel(recorded)
        for predicted in pair.predicted:
            refined = refine(predicted.astype(np.float32), pair.utterance)
            errors.append((refined - recorded) / std)
            detail = detail_of_mel(refined)
            if detail is not None and recorded_detail is not None:
                of_refined.append(detail)
                of_recorded.append(recorded_detail)
    values: dict[str, float] = {}
    if errors:
        values["mel_l1"] = float(np.abs(np.concatenate(errors)).mean())
        values["recordings_l1"] = float(np.abs(np.concatenate(moved)).mean())
    if of_refined:
        for name in ("time", "frequency"):
            refined_mean, recorded_mean = (
                np.mean([getattr(each, name) for each in details])
                for details in (of_refined, of_recorded)
            )
            values[f"detail_{name}"] = float(refined_mean / recorded_mean)
    return values
