"""Training loop of a vocoder (Kong et al. 2020, 2.4).

Discriminators and generator learn in turn.
"""

import math
import time
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from intone.errors import UserError
from intone.files import owned
from tts_core.training import metrics
from tts_core.training.checkpoint import is_finished, newest_step
from tts_core.training.claim import claim
from tts_core.training.events import Event, Watch
from tts_core.training.signals import Interrupted, StopOnSignal
from tts_core.units import frames_to_seconds
from tts_core.vocoder.config import VocoderRecipe
from tts_core.vocoder.generator import VOCODER, begin, normalise, save_vocoder
from tts_core.vocoder_training.discriminators import Discriminators
from tts_core.vocoder_training.losses import (
    LogMel,
    adversarial_loss,
    discriminator_loss,
    feature_loss,
)
from tts_core.vocoder_training.players import Players
from tts_core.vocoder_training.speech import Clip, Segments, Speech, as_float

RUN = "vocoder-run.json"
"""Not `run.json`, which marks a system that is trained in stages."""
STEPS = "steps"
LOG_EVERY = 10
"""Steps between two readings of the losses.

A reading makes the CPU wait for the GPU.
"""
STAGE = 1
TITLE = "vocoder"


def train_vocoder(
    recipe: VocoderRecipe, speech: Speech, out: Path, watch: Watch = lambda _: None
) -> Path:
    """Train a vocoder and write it for synthesis.

    Resumes exactly where an earlier call stopped.

    On one device: the GPU if there is one.

    Args:
        recipe: what to train. speech: what on.
        out: run folder: `vocoder-run.json`, `metrics.jsonl`, `steps/step-*`, and in the end
            `vocoder/`.
        watch: receives progress.

    Returns:
        `out/vocoder`, for `--vocoder`.

    Raises:
        UserError: the folder holds another run, the spectrogram or the GPU's memory does not fit,
            or the losses are not finite any more.
        Interrupted: SIGTERM or Ctrl-C came; the checkpoint is written.
    """
    with owned(out), StopOnSignal() as stop:
        training = VocoderTraining(recipe, speech, out, watch)
        training.claim()
        if not is_finished(out / STEPS):
            try:
                training.run(stop)
            except torch.OutOfMemoryError as error:
                raise UserError(
                    f"{recipe.name}: a step does not fit the GPU's memory; lower batch (now "
                    f"{recipe.batch}) or segment_frames (now {recipe.segment_frames})"
                ) from error
        return training.leave()


class VocoderTraining:
    """Training run: discriminators, generator, their data and steps."""

    def __init__(self, recipe: VocoderRecipe, speech: Speech, out: Path, watch: Watch) -> None:
        self.recipe, self.speech, self.out, self.watch = recipe, speech, out, watch
        self.folder = out / STEPS
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        features = speech.features
        share = recipe.predicted_share if speech.acoustic_model else 0.0
        self.segments = Segments(
            speech.train, recipe.segment_frames, recipe.batch, share, recipe.seed
        )
        torch.manual_seed(recipe.seed)
        self.start = begin(recipe, features)
        self.generator = normalise(self.start.generator).to(self.device)
        self.discriminators = Discriminators(recipe.discriminator_channels).to(self.device)
        self.players = Players(self.generator, self.discriminators, recipe)
        self.loss_mel = LogMel(features, recipe.loss_fmax_hz).to(self.device)
        self.mel = LogMel(features).to(self.device)
        self._seconds, self._taken = 0.0, 0

    def claim(self) -> None:
        """Make the folder this run's."""
        described = {
            "recipe": self.recipe.model_dump(mode="json"),
            "recipe_digest": self.recipe.digest(),
            "corpus": self.speech.corpus,
            "model_sha256": self.speech.acoustic_model,
            "torch": torch.__version__,
        }
        claim(self.out, described, RUN, ("recipe_digest", "corpus", "model_sha256"))

    def run(self, stop: StopOnSignal) -> None:
        """Take the steps from the newest checkpoint to the last."""
        recipe, start = self.recipe, self.resume()
        if start == 0:
            self._tell(0, self.validate(), "validation")
        for step in range(start + 1, recipe.steps + 1):
            began = time.monotonic()
            parts = self._step(step)
            asked, validates = stop.asked, self._due(step, recipe.validate_every)
            saves = asked or self._due(step, recipe.checkpoint_every)
            looks = saves or validates or self._due(step, LOG_EVERY)
            losses = self._look(step, parts) if looks else {}
            self._seconds, self._taken = self._seconds + time.monotonic() - began, self._taken + 1
            self._tell(step, losses)
            if validates:
                self._tell(step, self.validate(), "validation")
            if saves:
                self.players.save(self.folder, step, step == recipe.steps)
            if asked and step < recipe.steps:
                raise Interrupted(f"{self.out}: stopped at step {step}; saved")

    def resume(self) -> int:
        """Load the newest checkpoint, if there is one; return its step."""
        newest = newest_step(self.folder)
        if newest:
            self.players.load(newest[0])
        start = newest[1] if newest else 0
        # Without a checkpoint not even the validation before the first step is kept.
        metrics.cut(self.out, STAGE, start if newest else -1)
        return start

    @torch.no_grad()
    def validate(self) -> dict[str, float]:
        """Mean absolute difference of held-out recordings' log-mels after resynthesis, nats.

        "mel_l1": from their own spectrograms. "mel_l1_predicted": from predicted ones.
        """
        clips = self.speech.validation[: self.recipe.validation_recordings]
        sums: dict[str, float] = {}
        for clip in clips:
            wanted = self.mel(as_float(clip.samples)[None].to(self.device))
            for name, mel in _inputs(clip).items():
                made = self.generator(torch.from_numpy(mel.T[None].copy()).to(self.device))
                error = float((self.mel(made) - wanted).abs().mean())
                sums[name] = sums.get(name, 0.0) + error * len(mel)
        frames = sum(len(clip.mel) for clip in clips)
        return {name: total / frames for name, total in sums.items()}

    def leave(self) -> Path:
        """Write the trained vocoder, once the last step is taken."""
        newest = newest_step(self.folder)
        assert newest, "a training that has ended has a checkpoint"
        self.players.load(newest[0])
        rows = [row for row in metrics.read(self.out) if row["split"] == "validation"]
        values = [{k: v for k, v in row.items() if k.startswith("mel_")} for row in rows]
        features = self.speech.features
        save_vocoder(
            self.out / VOCODER,
            self.generator,
            self.start.config,
            {
                "recipe": self.recipe,
                "features": features,
                "features_digest": features.digest(),
                "corpus": self.speech.corpus,
                "start_sha256": self.start.weights_sha256,
                "acoustic_model_sha256": self.speech.acoustic_model,
                "steps": newest[1],
                "before": values[0] if values else {},
                "after": values[-1] if values else {},
            },
        )
        return self.out / VOCODER

    def _step(self, step: int) -> dict[str, Tensor]:
        """Take one step of each learning side; losses stay on the device."""
        index = step - 1
        self.players.set_rate(step, index // self.segments.per_epoch)
        mel, real = (
            part.to(self.device) for part in self.segments.batch_at(index, self.speech.features.hop)
        )
        both = step > self.recipe.discriminators_alone
        with torch.set_grad_enabled(both):
            made = self.generator(mel)
        parts = {"discriminators": self._teach_discriminators(real, made.detach())}
        return parts | self._teach_generator(real, made) if both else parts

    def _teach_discriminators(self, real: Tensor, made: Tensor) -> Tensor:
        """Take a discriminator step, Eq. 6: recorded and generated audio (B, L)."""
        self.discriminators.requires_grad_(True)
        loss = discriminator_loss(self.discriminators(real), self.discriminators(made))
        self.players.step_discriminators(loss)
        return loss.detach()

    def _teach_generator(self, real: Tensor, made: Tensor) -> dict[str, Tensor]:
        """Eq. 5: adversarial, feature matching and mel loss of audio (B, L)."""
        # Their own gradient is of no use here.
        self.discriminators.requires_grad_(False)
        with torch.no_grad():
            wanted, of_real = self.loss_mel(real), self.discriminators(real)
        of_made = self.discriminators(made)
        parts = {
            "adversarial": adversarial_loss(of_made),
            "features": feature_loss(of_real, of_made),
            "mel": (self.loss_mel(made) - wanted).abs().mean(),
        }
        weights = {"features": self.recipe.feature_weight, "mel": self.recipe.mel_weight}
        weighted = [weights.get(name, 1.0) * part for name, part in parts.items()]
        self.players.step_generator(torch.stack(weighted).sum())
        return {name: part.detach() for name, part in parts.items()}

    def _look(self, step: int, parts: dict[str, Tensor]) -> dict[str, float]:
        values: list[float] = torch.stack(list(parts.values())).tolist()
        if not all(map(math.isfinite, values)):
            raise UserError(
                f"{self.out}: the losses of step {step} are not finite; lower the learning rate "
                "(lr) and start again in another folder"
            )
        return dict(zip(parts, values, strict=True))

    def _due(self, step: int, every: int) -> bool:
        return step % every == 0 or step == self.recipe.steps

    def _tell(self, step: int, values: dict[str, float], split: str = "train") -> None:
        about = (STAGE, TITLE, step, self.recipe.steps)
        self.watch(Event(*about, values, self.speed, validation=split != "train"))
        if values:
            row: dict[str, Any] = {"stage": STAGE, "step": step, "split": split, **values}
            metrics.append(self.out, row)

    @property
    def speed(self) -> float:
        """Seconds of audio learnt from per second of training."""
        features = self.speech.features
        frames = self._taken * self.segments.batch * self.recipe.segment_frames
        seconds = frames_to_seconds(frames, features.hop, features.sample_rate_hz)
        return seconds / max(self._seconds, 1e-9)


def _inputs(clip: Clip) -> dict[str, Any]:
    """Return the spectrograms (T, M) to resynthesize, by the value's name."""
    spectrograms = {"mel_l1": clip.mel}
    return (
        spectrograms
        if clip.predicted is None
        else {**spectrograms, "mel_l1_predicted": clip.predicted}
    )
