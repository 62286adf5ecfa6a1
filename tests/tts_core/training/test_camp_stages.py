"""CAMP's stages in the training loop: logs of word vectors."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from tts_core.corpus.shards import write_shard
from tts_core.models import saved
from tts_core.models.batch import collate
from tts_core.training import metrics
from tts_core.training.loop import train


def test_every_validation_of_stage_1_logs_how_the_vectors_of_words_vary(corpus, tiny, tmp_path):
    """Numbers beside the picture; a punctuation mark is no word."""
    options = {"validate_every": 20, "keep": "last", "ema": None, "lr": 0.01}
    run, recorded = tmp_path / "run", corpus.split("train")
    recipe = tiny("camp", 60, **{f"stages.1.{key}": value for key, value in options.items()})
    # Held out, too, sentences differ in what the vectors are to carry.
    rows = [replace(r, split=("validation", "train")[i % 4 > 0]) for i, r in enumerate(recorded)]
    write_shard(corpus.path / "shards/000.parquet", rows, corpus.info.features)
    train(recipe, corpus, run, stages=[1])
    rows = [row for row in metrics.read(run) if row["split"] == "validation"]
    assert [row["step"] for row in rows] == [20, 40, 60]
    model, _ = saved.load_model(run / "model")
    with torch.no_grad():
        vectors = np.concatenate(
            [
                vector[None]
                for row in corpus.split("validation")
                for vector, punctuation in zip(
                    model.oracle_prosody(collate([row.encoded], [row]))[0].numpy(),
                    row.encoded.punctuation,
                    strict=True,
                )
                if not punctuation
            ]
        )
    assert vectors.shape == (6 * 4, recipe.model.word_vector)
    spread = np.linalg.eigvalsh(np.cov(vectors.T))
    assert rows[-1]["active_units"] == (vectors.var(0) > 0.01).sum() > 0
    expected = spread.sum() ** 2 / (spread**2).sum()
    assert rows[-1]["effective_units"] == pytest.approx(expected, rel=1e-4)
    assert 1 <= expected <= recipe.model.word_vector
    board = EventAccumulator(str(run / "tensorboard/stage-1-validation")).Reload()
    for name in ("active_units", "effective_units"):
        shown = {one.step: one.value for one in board.Scalars(name)}
        assert shown == pytest.approx({row["step"]: row[name] for row in rows})
