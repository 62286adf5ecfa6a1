"""Adversarial training of a trained system's decoder.

L1 and L2 losses give blurred spectrograms; a decoder that must also deceive discriminators makes
sharper ones. Only the decoder learns: the latents of the acoustic model, and what was trained to
predict them from text, stay valid. The papers on Kathaka and CAMP have no such loss.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from intone.errors import UserError
from intone.files import owned
from tts_core.adversarial.fidelity import compare_spectrograms
from tts_core.adversarial.loop import STEPS, play
from tts_core.adversarial.losses import Judgement
from tts_core.adversarial.pairs import Pairs, Teachers
from tts_core.adversarial.players import Players
from tts_core.adversarial.run_folder import claim_run, load_trained
from tts_core.adversarial.spectrogram_discriminators import SpectrogramDiscriminators
from tts_core.decoder_training.config import DecoderRecipe
from tts_core.models.batch import collate
from tts_core.models.randomness import seed_of
from tts_core.models.saved import AdversarialDecoder, save_model
from tts_core.training.checkpoint import is_finished
from tts_core.training.events import Watch
from tts_core.training.loop import MODEL
from tts_core.training.signals import StopOnSignal
from tts_core.training.teacher_forced import predict
from tts_core.types import Prepared
from tts_core.units import frames_to_seconds

RUN = "decoder-run.json"
"""Not `run.json`, which marks a system that is trained in stages."""


def train_decoder(
    recipe: DecoderRecipe, teacher: Teachers, pairs: Pairs, out: Path, watch: Watch = lambda _: None
) -> Path:
    """Train the decoder of one system and write the system for synthesis.

    Resumes exactly where an earlier call stopped. On one device: the GPU if there is one.

    Args:
        recipe: how to train. teacher: the system as it is trained.
        pairs: recordings with its predictions, which the discriminators see beside a candidate.
        out: run folder: `decoder-run.json`, `metrics.jsonl`, `steps/step-*`, and in the end
            `model/`.
        watch: receives progress.

    Returns:
        `out/model`, like that of `intone train`.

    Raises:
        UserError: the folder holds another run, a step does not fit the GPU's memory, or the losses
            are not finite any more.
        Interrupted: SIGTERM or Ctrl-C came; the checkpoint is written.
    """
    with owned(out), StopOnSignal() as stop:
        training = DecoderTraining(recipe, teacher, pairs)
        training.claim(out)
        play(training, out, stop, watch)
        return training.leave(out)


def claim_decoder_run(recipe: DecoderRecipe, teacher: Teachers, pairs: Pairs, out: Path) -> bool:
    """Make a folder a run's before its recordings are predicted.

    Args:
        pairs: predicted or not.

    Returns:
        True if steps are left to take.

    Raises:
        UserError: the folder holds another run, or every recording is shorter than a crop.
    """
    with owned(out):
        DecoderTraining(recipe, teacher, pairs).claim(out)
        return not is_finished(out / STEPS)


class DecoderTraining:
    """Training of a decoder: generator and discriminators with their data, a `Game`."""

    title = "decoder"
    discriminators_alone = 0

    def __init__(self, recipe: DecoderRecipe, teacher: Teachers, pairs: Pairs) -> None:
        (system, self.description), *_ = teacher.models
        self.recipe, self.pairs = recipe, pairs
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.rows: Sequence[Prepared] = teacher.corpus.split("train")
        self.held_out: Sequence[Prepared] = teacher.corpus.split("validation")
        self.long_enough = [n for n, r in enumerate(self.rows) if len(r.mel) >= recipe.crop_frames]
        if not self.long_enough:
            raise UserError(
                f"crop_frames={recipe.crop_frames}: each of the {len(self.rows)} recordings to "
                "train on is shorter; lower it, or take longer recordings"
            )
        lengths = np.array([len(self.rows[number].mel) for number in self.long_enough], float)
        self._shares = lengths / lengths.sum()
        self.system = system.to(self.device).eval().requires_grad_(False)
        self.decoder = system.get_submodule("decoder").requires_grad_(True)
        torch.manual_seed(recipe.seed)
        discriminators = SpectrogramDiscriminators(recipe.discriminator_channels)
        self.discriminators = discriminators.to(self.device)
        self.players = Players(self.decoder, self.discriminators, recipe, recipe.ema)

    def claim(self, out: Path) -> None:
        """Make the folder this run's."""
        claim_run(out, RUN, self.recipe, self.pairs.corpus, self.pairs.systems[0].weights_sha256)

    def set_rate(self, index: int) -> None:
        """See `Game`."""
        self.players.set_rate(index + 1)

    def batch_at(self, index: int) -> tuple[Tensor, Tensor]:
        """Return crops of predicted and recorded z-scores (B, T, M)."""
        numbers, crops = self._drawn(index)
        predicted, recorded = (
            self._cut([torch.from_numpy(of(number)) for number in numbers], crops)
            for of in (
                lambda number: self.pairs.train[number].predicted[0],
                lambda number: self.pairs.train[number].recorded,
            )
        )
        scale = self.system.mel_scale
        return scale.normalise(predicted), scale.normalise(recorded)

    def generate(self, given: Tensor, index: int) -> Tensor:  # noqa: ARG002
        """Decode the recordings of a step; return crops, z-scores (B, T, M)."""
        numbers, crops = self._drawn(index)
        chosen = [self.rows[number] for number in numbers]
        batch = collate([row.encoded for row in chosen], chosen)
        devices = [self.device] if self.device.type == "cuda" else []
        # Of batch statistics and dropout; all else is frozen and in evaluation mode.
        self.decoder.train()
        with torch.random.fork_rng(devices=devices):
            torch.manual_seed(seed_of(self.recipe.seed, f"dropout {index}"))
            mel = self.system.teacher_forced(batch.to(self.device))
        self.decoder.eval()
        return self.system.mel_scale.normalise(self._cut(list(mel), crops))

    def judge(self, candidate: Tensor, given: Tensor) -> Sequence[Judgement]:
        """Judge z-scores (B, T, M) beside what the decoder predicted before."""
        return self.discriminators(candidate, given)

    def reconstruction_loss(self, made: Tensor, real: Tensor) -> Tensor:
        """Return the L1 distance of z-scores (B, T, M)."""
        return (made - real).abs().mean()

    def validate(self) -> dict[str, float]:
        """Compare held-out teacher-forced spectrograms with the recordings'.

        With the averaged weights: see `compare_spectrograms`.
        """
        assert self.players.average
        held_out = self.held_out[: self.recipe.validation_recordings]
        std = self.system.mel_scale.std.cpu().numpy()
        with self.players.average.in_place():
            made = [predict(self.system, row) for row in held_out]
        return compare_spectrograms(zip(made, (row.mel for row in held_out), strict=True), std)

    def leave(self, out: Path) -> Path:
        """Write the system with its trained decoder, after the last step."""
        described, pairs = self.description, self.pairs
        trained = load_trained(self, out, pairs.features, pairs.corpus)
        decoder = AdversarialDecoder(
            recipe=self.recipe.name,
            weights_sha256=described.weights_sha256,
            **{name: trained[name] for name in ("steps", "before", "after")},
        )
        assert self.players.average
        with self.players.average.in_place():
            save_model(
                out / MODEL,
                self.system,
                described.recipe,
                described.facts,
                described.corpus,
                described.stages_done,
                described.started_from,
                decoder,
            )
        return out / MODEL

    @property
    def seconds_per_step(self) -> float:
        """Seconds of audio that a step learns from."""
        features = self.pairs.features
        frames = self.recipe.batch * self.recipe.crop_frames
        return frames_to_seconds(frames, features.hop, features.sample_rate_hz)

    @property
    def remedy(self) -> str:
        """Advice for a user whose GPU is too small for a step."""
        recipe = self.recipe
        return f"lower utterances (now {recipe.utterances}) or batch (now {recipe.batch})"

    def _drawn(self, index: int) -> tuple[list[int], list[tuple[int, int]]]:
        """Draw the recordings of step `index` (0, 1, ...), by their lengths.

        From the step's number alone, so that a training resumes exactly.

        Returns:
            The recordings' numbers; of each crop, the position among them and the first frame.
        """
        recipe = self.recipe
        random = np.random.default_rng((recipe.seed, index))
        numbers = random.choice(self.long_enough, recipe.utterances, p=self._shares).tolist()
        rows = [crop % len(numbers) for crop in range(recipe.batch)]
        room = [len(self.rows[numbers[row]].mel) - recipe.crop_frames + 1 for row in rows]
        return numbers, list(zip(rows, random.integers(room).tolist(), strict=True))

    def _cut(self, mels: Sequence[Tensor], crops: Sequence[tuple[int, int]]) -> Tensor:
        """Return crops (B, T, M) of log-mels (T, M)."""
        size = self.recipe.crop_frames
        cut = [mels[row][first : first + size] for row, first in crops]
        return torch.stack(cut).float().to(self.device)
