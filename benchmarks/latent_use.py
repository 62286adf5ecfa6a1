"""Use of Kathaka's latent, after docs/protocol-voices.md.

    python -m benchmarks.latent_use RUN... --data PREPARED

For every held-out recording (validation split) the decoder runs free under the recording's
durations with its own latent, with that of another recording, and with the sampler's mean. Prints a
Markdown table: squared error of the z-scored spectrogram, its excess over that with the own latent
with a 95 % bootstrap interval over recordings, and the best held-out KL of stage 2 beside its
controls.
"""

import os

os.environ["OMP_NUM_THREADS"] = "1"

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from tts_core.corpus.dataset import PreparedCorpus
from tts_core.measures.intervals import paired_difference
from tts_core.models.batch import collate
from tts_core.models.mode import TEXT
from tts_core.models.saved import load_model
from tts_core.models.system import System
from tts_core.training import metrics
from tts_core.types import Prepared

SEED = 0
CONTROLS = ("sampler_kl", "constant_kl", "neighbours_kl")


def main() -> None:
    """Measure each run and print the table."""
    parser = argparse.ArgumentParser(description="Measure the use of Kathaka's latent.")
    parser.add_argument("runs", type=Path, nargs="+", help="runs of stages 1 and 2")
    parser.add_argument("--data", type=Path, required=True, help="prepared corpus")
    options = parser.parse_args()
    rows = PreparedCorpus(options.data).split("validation")
    head = ["run", "error, own z", "another's z", "sampler's mean", *CONTROLS]
    table = [head, ["---"] * len(head)]
    for run in options.runs:
        model, _ = load_model(run / "model")
        table.append([run.name, *_cells(errors(model.eval(), rows)), *_best(run)])
    sys.stdout.write("".join(f"| {' | '.join(row)} |\n" for row in table))


@torch.inference_mode()
def errors(model: System, rows: Sequence[Prepared]) -> dict[str, list[float]]:
    """Return each recording's squared error by the latent used.

    "own", "another": the posterior mean of the recording, or of one drawn at random. "text": the
    sampler's mean.
    """
    batches = [collate([row.encoded], [row]) for row in rows]
    posteriors = [model.oracle_prosody(batch) for batch in batches]
    order = np.random.default_rng(SEED).permutation(len(rows)).tolist()
    values: dict[str, list[float]] = {"own": [], "another": [], "text": []}
    for number, batch in enumerate(batches):
        latents: dict[str, Tensor | None] = {
            "own": posteriors[number],
            "another": posteriors[order[number]],
            "text": model.prosody(batch, TEXT),
        }
        recorded = model.mel_scale.normalise(batch.mel)
        for name, latent in latents.items():
            # The same dropout of the pre-net for all three.
            generator = torch.Generator().manual_seed(number)
            made = model.decode(batch, batch.durations, latent, [generator])
            error = (model.mel_scale.normalise(made) - recorded).square().mean()
            values[name].append(float(error))
    return values


def _cells(values: dict[str, list[float]]) -> list[str]:
    cells = [f"{np.mean(values['own']):.4f}"]
    for name in ("another", "text"):
        change = paired_difference(values[name], values["own"], None, SEED)
        share = 100 * change.mean / np.mean(values["own"])
        cells.append(f"{share:+.1f} % ({change.mean:+.4f} [{change.low:+.4f}, {change.high:+.4f}])")
    return cells


def _best(run: Path) -> list[str]:
    """Return the best held-out KL of stage 2, and its controls."""
    judged = [
        row for row in metrics.read(run) if row["split"] == "validation" and row["stage"] == 2
    ]
    best = min(judged, key=lambda row: row["sampler_kl"])
    return [f"{best[name]:.2f}" for name in CONTROLS]


if __name__ == "__main__":
    main()
