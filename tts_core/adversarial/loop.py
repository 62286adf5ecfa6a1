"""Resumable loop of an adversarial training.

Discriminators and generator learn in turn (Kong, Kim and Bae 2020, section 2.4).
"""

import math
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor

from intone.errors import UserError
from tts_core.adversarial.losses import (
    Judgement,
    adversarial_loss,
    discriminator_loss,
    feature_loss,
)
from tts_core.adversarial.players import Players
from tts_core.training import metrics
from tts_core.training.checkpoint import is_finished, newest_step
from tts_core.training.events import Event, Watch
from tts_core.training.signals import Interrupted, StopOnSignal

STEPS = "steps"
LOG_EVERY = 10
"""Steps between two readings of the losses.

A reading makes the CPU wait for the GPU.
"""
STAGE = 1


class Settings(Protocol):
    """Part of a recipe that the loop reads."""

    @property
    def steps(self) -> int:
        """Optimiser steps of the discriminators."""
        ...

    @property
    def validate_every(self) -> int:
        """Steps between validations."""
        ...

    @property
    def checkpoint_every(self) -> int:
        """Steps between checkpoints."""
        ...

    @property
    def feature_weight(self) -> float:
        """Return the weight of the feature matching loss."""
        ...

    @property
    def mel_weight(self) -> float:
        """Return the weight of the reconstruction loss."""
        ...


class Game(Protocol):
    """Adversarial training of one kind: its players, their data and their losses.

    Attributes:
        title: for the display. players: both sides.
        discriminators_alone: first steps in which the generator does not learn.
    """

    title: str
    players: Players
    discriminators_alone: int

    @property
    def recipe(self) -> Settings:
        """Lengths in steps, and weights of the losses."""
        ...

    @property
    def seconds_per_step(self) -> float:
        """Seconds of audio that a step learns from."""
        ...

    @property
    def remedy(self) -> str:
        """Advice for a user whose GPU is too small for a step."""
        ...

    def batch_at(self, index: int) -> tuple[Tensor, Tensor]:
        """Return the generator's input and the recordings.

        index: 0, 1, ..., from which alone the batch follows.
        """
        ...

    def set_rate(self, index: int) -> None:
        """Set the learning rates of step `index`."""
        ...

    def generate(self, given: Tensor, index: int) -> Tensor:
        """Return what the generator makes of its input in step `index`."""
        ...

    def judge(self, candidate: Tensor, given: Tensor) -> Sequence[Judgement]:
        """Return the judgements of a recorded or generated candidate."""
        ...

    def reconstruction_loss(self, made: Tensor, real: Tensor) -> Tensor:
        """Return the distance of spectrograms."""
        ...

    def validate(self) -> dict[str, float]:
        """Return held-out values by name."""
        ...


def play(game: Game, out: Path, stop: StopOnSignal, watch: Watch) -> None:
    """Take the steps of a training that are left.

    Args:
        game: what is trained. out: run folder, claimed. stop: asked by a signal. watch: receives
            progress.

    Raises:
        UserError: a step does not fit the GPU's memory, or the losses are not finite any more.
        Interrupted: SIGTERM or Ctrl-C came; the checkpoint is written.
    """
    if is_finished(out / STEPS):
        return
    try:
        Loop(game, out, watch).run(stop)
    except torch.OutOfMemoryError as error:
        raise UserError(f"{out}: a step does not fit the GPU's memory; {game.remedy}") from error


class Loop:
    """Steps of a training, with checkpoints, validations and events.

    Args:
        game: what is trained. out: run folder. watch: receives progress.
    """

    def __init__(self, game: Game, out: Path, watch: Watch) -> None:
        self.game, self.out, self.watch = game, out, watch
        self.folder = out / STEPS
        self._seconds, self._taken = 0.0, 0

    def run(self, stop: StopOnSignal) -> None:
        """Take the steps from the newest checkpoint to the last."""
        recipe, start = self.game.recipe, self.resume()
        if start == 0:
            self._tell(0, self.game.validate(), "validation")
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
                self._tell(step, self.game.validate(), "validation")
            if saves:
                self.game.players.save(self.folder, step, step == recipe.steps)
            if asked and step < recipe.steps:
                raise Interrupted(f"{self.out}: stopped at step {step}; saved")

    def resume(self) -> int:
        """Load the newest checkpoint, if there is one; return its step."""
        newest = newest_step(self.folder)
        if newest:
            self.game.players.load(newest[0])
        start = newest[1] if newest else 0
        # Without a checkpoint not even the validation before the first step is kept.
        metrics.cut(self.out, STAGE, start if newest else -1)
        return start

    def _step(self, step: int) -> dict[str, Tensor]:
        """Take one step of each learning side; losses stay on the device."""
        game, index = self.game, step - 1
        game.set_rate(index)
        given, real = game.batch_at(index)
        both = step > game.discriminators_alone
        with torch.set_grad_enabled(both):
            made = game.generate(given, index)
        parts = {"discriminators": self._teach_discriminators(given, real, made.detach())}
        return parts | self._teach_generator(given, real, made, step) if both else parts

    def _teach_discriminators(self, given: Tensor, real: Tensor, made: Tensor) -> Tensor:
        """Take a discriminator step, Eq. 6."""
        game = self.game
        game.players.modules["discriminators"].requires_grad_(True)
        loss = discriminator_loss(game.judge(real, given), game.judge(made, given))
        game.players.step_discriminators(loss)
        return loss.detach()

    def _teach_generator(
        self, given: Tensor, real: Tensor, made: Tensor, step: int
    ) -> dict[str, Tensor]:
        """Take a generator step, Eq. 5: adversarial, feature matching and mel loss."""
        game = self.game
        # Their own gradient is of no use here.
        game.players.modules["discriminators"].requires_grad_(False)
        with torch.no_grad():
            of_real = game.judge(real, given)
        of_made = game.judge(made, given)
        parts = {
            "adversarial": adversarial_loss(of_made),
            "features": feature_loss(of_real, of_made),
            "mel": game.reconstruction_loss(made, real),
        }
        weights = {"features": game.recipe.feature_weight, "mel": game.recipe.mel_weight}
        weighted = [weights.get(name, 1.0) * part for name, part in parts.items()]
        game.players.step_generator(torch.stack(weighted).sum(), step)
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
        return step % every == 0 or step == self.game.recipe.steps

    def _tell(self, step: int, values: dict[str, float], split: str = "train") -> None:
        speed = self._taken * self.game.seconds_per_step / max(self._seconds, 1e-9)
        about = (STAGE, self.game.title, step, self.game.recipe.steps)
        self.watch(Event(*about, values, speed, validation=split != "train"))
        if values:
            row: dict[str, Any] = {"stage": STAGE, "step": step, "split": split, **values}
            metrics.append(self.out, row)
