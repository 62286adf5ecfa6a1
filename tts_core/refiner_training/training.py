"""Training of a refiner."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from intone.files import owned
from tts_core.adversarial.loop import STEPS, play
from tts_core.adversarial.losses import Judgement
from tts_core.adversarial.pairs import Pairs
from tts_core.adversarial.players import Players
from tts_core.adversarial.run_folder import claim_run, load_trained
from tts_core.adversarial.spectrogram_discriminators import SpectrogramDiscriminators
from tts_core.models.randomness import seeded
from tts_core.refiner.config import RefinerRecipe
from tts_core.refiner.network import Refiner
from tts_core.refiner.saved import REFINER, save_refiner
from tts_core.refiner_training.crops import Crops
from tts_core.refiner_training.validation import compare_refined
from tts_core.training.checkpoint import is_finished
from tts_core.training.events import Watch
from tts_core.training.signals import StopOnSignal
from tts_core.units import frames_to_seconds

RUN = "refiner-run.json"
"""Not `run.json`, which marks a system that is trained in stages."""


def train_refiner(
    recipe: RefinerRecipe, pairs: Pairs, out: Path, watch: Watch = lambda _: None
) -> Path:
    """Train a refiner and write it for synthesis.

    Resumes exactly where an earlier call stopped.

    On one device: the GPU if there is one.

    Args:
        recipe: what to train. pairs: what on.
        out: run folder: `refiner-run.json`, `metrics.jsonl`, `steps/step-*`, and in the end
            `refiner/`.
        watch: receives progress.

    Returns:
        `out/refiner`, for `--refiner`.

    Raises:
        UserError: the folder holds another run, a step does not fit the GPU's memory, or the losses
            are not finite any more.
        Interrupted: SIGTERM or Ctrl-C came; the checkpoint is written.
    """
    with owned(out), StopOnSignal() as stop:
        training = RefinerTraining(recipe, pairs)
        training.claim(out)
        play(training, out, stop, watch)
        return training.leave(out)


def claim_refiner_run(recipe: RefinerRecipe, pairs: Pairs, out: Path) -> bool:
    """Make a folder a run's before its recordings are predicted.

    So that a mistake is named before minutes of predicting.

    Args:
        pairs: predicted or not.

    Returns:
        True if steps are left to take.

    Raises:
        UserError: the folder holds another run, or every recording is shorter than a crop.
    """
    with owned(out):
        RefinerTraining(recipe, pairs).claim(out)
        return not is_finished(out / STEPS)


class RefinerTraining:
    """Refiner training: generator and discriminators with their data, a `Game`."""

    title = "refiner"
    discriminators_alone = 0

    def __init__(self, recipe: RefinerRecipe, pairs: Pairs) -> None:
        self.recipe, self.pairs = recipe, pairs
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.crops = Crops(pairs.train, recipe.crop_frames, recipe.batch, recipe.seed)
        torch.manual_seed(recipe.seed)
        self.refiner = Refiner(recipe, pairs.facts).to(self.device)
        discriminators = SpectrogramDiscriminators(recipe.discriminator_channels)
        self.discriminators = discriminators.to(self.device)
        self.players = Players(self.refiner, self.discriminators, recipe, recipe.ema)

    def claim(self, out: Path) -> None:
        """Make the folder this run's."""
        digests = [system.weights_sha256 for system in self.pairs.systems]
        claim_run(out, RUN, self.recipe, self.pairs.corpus, digests)

    def set_rate(self, index: int) -> None:
        """See `Game`."""
        self.players.set_rate(index + 1)

    def batch_at(self, index: int) -> tuple[Tensor, Tensor]:
        """Return predicted and recorded z-scores (B, T, M)."""
        predicted, recorded = (part.to(self.device) for part in self.crops.batch_at(index))
        scale = self.refiner.scale
        return scale.normalise(predicted), scale.normalise(recorded)

    def generate(self, given: Tensor, index: int) -> Tensor:
        """Refine z-scores (B, T, M) with the noise of step `index`."""
        batch, frames = given.shape[:2]
        generator = seeded(self.recipe.seed, f"noise {index}")
        noise = self.refiner.draw([frames] * batch, [generator] * batch).to(self.device)
        mask = given.new_ones((batch, frames), dtype=torch.bool)
        return self.refiner(given, noise, mask)

    def judge(self, candidate: Tensor, given: Tensor) -> Sequence[Judgement]:
        """Judge z-scores (B, T, M) beside the refiner's input."""
        return self.discriminators(candidate, given)

    def reconstruction_loss(self, made: Tensor, real: Tensor) -> Tensor:
        """Return the L1 distance of z-scores (B, T, M)."""
        return (made - real).abs().mean()

    def validate(self) -> dict[str, float]:
        """Compare held-out refined spectrograms with the recordings'.

        With the averaged weights: see `compare_refined`.
        """
        assert self.players.average
        held_out = self.pairs.validation[: self.recipe.validation_recordings]
        with self.players.average.in_place():
            return compare_refined(held_out, self._refine, self.refiner.scale.std.cpu().numpy())

    def leave(self, out: Path) -> Path:
        """Write the trained refiner, once the last step is taken."""
        pairs = self.pairs
        trained = load_trained(self, out, pairs.features, pairs.corpus)
        facts = {"recipe": self.recipe, "facts": pairs.facts, "systems": pairs.systems}
        assert self.players.average
        with self.players.average.in_place():
            save_refiner(out / REFINER, self.refiner, trained | facts)
        return out / REFINER

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
        return f"lower batch (now {recipe.batch}) or crop_frames (now {recipe.crop_frames})"

    def _refine(self, mel: np.ndarray, utterance: str) -> np.ndarray:
        """Refine a log-mel (T, M) with the noise of an utterance."""
        generator = seeded(self.recipe.seed, utterance)
        refined = self.refiner.refine(torch.from_numpy(mel)[None], [len(mel)], [generator])
        return refined[0].cpu().numpy()
