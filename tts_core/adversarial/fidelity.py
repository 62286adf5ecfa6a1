"""Held-out values of spectrograms beside those of the recordings."""

from collections.abc import Iterable

import numpy as np

from tts_core.measures.detail import Detail, detail_of_mel


def compare_spectrograms(
    pairs: Iterable[tuple[np.ndarray, np.ndarray]], std: np.ndarray
) -> dict[str, float]:
    """Compare made spectrograms with those of the recordings.

    Args:
        pairs: log-mels (T, M), made and recorded. std: (M,) of the corpus, nats.

    Returns:
        "mel_l1": mean absolute difference, z-scores. "detail_time", "detail_frequency": mean detail
        as a share of the recordings' (`tts_core.measures.detail`). Nothing without pairs.
    """
    errors: list[np.ndarray] = []
    of_made: list[Detail] = []
    of_recorded: list[Detail] = []
    for made, recorded in pairs:
        errors.append((made - recorded) / std)
        detail, recorded_detail = detail_of_mel(made), detail_of_mel(recorded)
        if detail is not None and recorded_detail is not None:
            of_made.append(detail)
            of_recorded.append(recorded_detail)
    values: dict[str, float] = {}
    if errors:
        values["mel_l1"] = float(np.abs(np.concatenate(errors)).mean())
    if of_made:
        for name in ("time", "frequency"):
            made_mean, recorded_mean = (
                np.mean([getattr(each, name) for each in details])
                for details in (of_made, of_recorded)
            )
            values[f"detail_{name}"] = float(made_mean / recorded_mean)
    return values
