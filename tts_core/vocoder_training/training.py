"""Training of a vocoder (Kong et al. 2020, section 2.4)."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from intone.files import owned
from tts_core.adversarial.loop import Loop, play
from tts_core.adversarial.losses import Judgement
from tts_core.adversarial.players import Players
from tts_core.adversarial.run_folder import claim_run, load_trained
from tts_core.training.events import Watch
from tts_core.training.signals import StopOnSignal
from tts_core.units import frames_to_seconds
from tts_core.vocoder.config import VocoderRecipe
from tts_core.vocoder.generator import VOCODER, begin, normalise, save_vocoder
from tts_core.vocoder_training.discriminators import Discriminators
from tts_core.vocoder_training.losses import LogMel
from tts_core.vocoder_training.speech import Clip, Segments, Speech, as_float

RUN = "vocoder-run.json"
"""Not `run.json`, which marks a system that is trained in stages."""


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
        play(training, out, stop, watch)
        return training.leave()


class VocoderTraining:
    """Vocoder training: generator and discriminators with their data, a `Game`."""

    title = "vocoder"

    def __init__(self, recipe: VocoderRecipe, speech: Speech, out: Path, watch: Watch) -> None:
        self.recipe, self.speech, self.out, self.watch = recipe, speech, out, watch
        self.discriminators_alone = recipe.discriminators_alone
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

    def claim(self) -> None:
        """Make the folder this run's."""
        speech = self.speech
        claim_run(self.out, RUN, self.recipe, speech.corpus, speech.acoustic_model)

    def resume(self) -> int:
        """Load the newest checkpoint, if there is one; return its step."""
        return Loop(self, self.out, self.watch).resume()

    def set_rate(self, index: int) -> None:
        """See `Game`."""
        self.players.set_rate(index + 1, index // self.segments.per_epoch)

    def batch_at(self, index: int) -> tuple[Tensor, Tensor]:
        """Return log-mel (B, M, T) and samples (B, T * hop)."""
        mel, samples = self.segments.batch_at(index, self.speech.features.hop)
        return mel.to(self.device), samples.to(self.device)

    def generate(self, given: Tensor, index: int) -> Tensor:
        """Map log-mel (B, M, T) to samples (B, L)."""
        del index  # the vocoder draws nothing
        return self.generator(given)

    def judge(self, candidate: Tensor, given: Tensor) -> Sequence[Judgement]:
        """Judge samples (B, L) alone, as published."""
        del given
        return self.discriminators(candidate)

    def reconstruction_loss(self, made: Tensor, real: Tensor) -> Tensor:
        """Return the mel loss, Eq. 3, of samples (B, L)."""
        return (self.loss_mel(made) - self.loss_mel(real)).abs().mean()

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
        speech = self.speech
        trained = load_trained(self, self.out, speech.features, speech.corpus)
        facts = {
            "recipe": self.recipe,
            "start_sha256": self.start.weights_sha256,
            "acoustic_model_sha256": speech.acoustic_model,
        }
        save_vocoder(self.out / VOCODER, self.generator, self.start.config, trained | facts)
        return self.out / VOCODER

    @property
    def seconds_per_step(self) -> float:
        """Seconds of audio that a step learns from."""
        features = self.speech.features
        frames = self.segments.batch * self.recipe.segment_frames
        return frames_to_seconds(frames, features.hop, features.sample_rate_hz)

    @property
    def remedy(self) -> str:
        """Advice for a user whose GPU is too small for a step."""
        recipe = self.recipe
        return f"lower batch (now {recipe.batch}) or segment_frames (now {recipe.segment_frames})"


def _inputs(clip: Clip) -> dict[str, Any]:
    """Return the spectrograms (T, M) to resynthesize, by the value's name."""
    spectrograms = {"mel_l1": clip.mel}
    return (
        spectrograms
        if clip.predicted is None
        else {**spectrograms, "mel_l1_predicted": clip.predicted}
    )
