"""Training loop: the same for every stage of every system."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import torch
from accelerate import Accelerator
from accelerate.utils import broadcast_object_list
from torch import Tensor

from intone.errors import UserError
from tts_core.config import Recipe, StageConfig
from tts_core.corpus.dataset import PreparedCorpus
from tts_core.corpus.stream import StreamedSplit
from tts_core.models.batch import Batch
from tts_core.models.frozen_cache import Cached
from tts_core.models.stage import Stage
from tts_core.models.system import System
from tts_core.training import checkpoint, metrics
from tts_core.training.average import MovingAverage
from tts_core.training.batches import Share, endless_batches
from tts_core.training.checkpoint_selection import Keeper, load_kept
from tts_core.training.data import agree, of_all_processes, read_data
from tts_core.training.events import Clock, Event, Watch
from tts_core.training.joint import JointMeans, counts
from tts_core.training.observe import SPOKEN, Observer, check_observable
from tts_core.training.optimise import Optimiser
from tts_core.training.shard_pools import streamed_batches
from tts_core.training.signals import Interrupted, StopOnSignal
from tts_core.training.stage_loss import StageLoss
from tts_core.training.validate import batch_of, validate

LOG_EVERY = 10
"""Steps between two readings of the losses.

A reading makes the CPU wait for the GPU.
"""


@dataclass(frozen=True)
class State:
    """Everything that the steps of a stage read and change.

    Attributes:
        model: the system. stage: what is trained of it. loss: the same as a module.
        wrapped: `loss`, wrapped for the accelerator.
        cached: split to the outputs of frozen parts (`Stage.remember`).
        optimiser: of the learning parts. average: moving average of the weights, if any.
        keeper: the best weights so far. observer: of validation sentences, in the first process.
        start: step of the checkpoint that the stage resumes from, 0 without one.
    """

    model: System
    stage: Stage
    loss: StageLoss
    wrapped: torch.nn.Module
    cached: dict[str, Cached]
    optimiser: Optimiser
    average: MovingAverage | None
    keeper: Keeper
    observer: Observer | None
    start: int


class StageRun:
    """Stage of a run: data, folder and the loop over steps."""

    def __init__(
        self,
        recipe: Recipe,
        number: int,
        corpus: PreparedCorpus,
        out: Path,
        watch: Watch,
        stop: StopOnSignal,
        accelerator: Accelerator,
    ) -> None:
        self.recipe, self.number, self.config = recipe, number, recipe.stages[number]
        self.out, self.watch, self.stop, self.accelerator = out, watch, stop, accelerator
        self.folder = out / f"stage-{number}"
        self.share = Share(accelerator.process_index, accelerator.num_processes)
        self.clock = Clock(corpus.info.features, accelerator.num_processes)
        self.data = read_data(corpus, recipe, number, self.share)

    def train(self, model: System) -> None:
        """Take the steps after the newest checkpoint; load the weights to keep."""
        config = self.config
        state = self._begin(model)
        self.clock.start()
        # range first: zip must not draw batches that are never used.
        for step, (epoch, batches) in zip(
            range(state.start + 1, config.steps + 1), self._batches(state.start), strict=False
        ):
            state.optimiser.set_rate(step - 1, epoch)
            self.clock.count(batches)
            with _memory(f"stages.{self.number}", config):
                parts = self._step(state, batches, step)
            self._report(
                state, step, self._read(state, parts) if self._due(step, LOG_EVERY) else {}
            )
            if self._due(step, config.validate_every):
                self._judge(state, step)
            finished = step == config.steps or state.keeper.out_of_patience(step)
            asked = self._asked(step)
            if finished and len(state.keeper.best) > 1:
                self._judge_mean(state, step)
            if asked or finished or self._due(step, config.checkpoint_every):
                with self._aside():
                    self._save(state, step, finished)
                    state.keeper.settle()
            if finished:
                break
            if asked:
                where = f"stage {self.number}, step {step}"
                raise Interrupted(f"{self.out}: stopped at {where}; saved")
        self._end(state)

    def _begin(self, model: System) -> State:
        device, config = self.accelerator.device, self.config
        stage = model.to(device).stages(self.recipe.stages)[self.number]
        loss = StageLoss(model, stage, _in_bf16(self.recipe, device)).eval()
        cached = {name: stage.remember(rows, device) for name, rows in self.data._asdict().items()}
        stage.begin(of_all_processes(self.data.train, cached["train"]))
        optimiser = Optimiser(loss, self.recipe, config)
        average = MovingAverage(model, config.ema) if config.ema else None
        start = self._resume(model, optimiser, average)
        criterion = SPOKEN + "f0_error" if config.criterion == "prosody" else stage.criterion
        keeper = Keeper(self.folder, config, criterion, self.accelerator.is_main_process)
        keeper.resume(start)
        return State(
            model=model,
            stage=stage,
            loss=loss,
            observer=self._observer(stage, start),
            wrapped=self.accelerator.prepare_model(loss),
            cached=cached,
            optimiser=optimiser,
            average=average,
            keeper=keeper,
            start=start,
        )

    def _end(self, state: State) -> None:
        if state.observer:
            state.observer.close()
        self.accelerator.wait_for_everyone()
        self.accelerator.free_memory()
        load_kept(self.folder, self.config, state.model, self.recipe)
        state.model.eval()

    def _step(self, state: State, batches: Sequence[Batch], step: int) -> dict[str, Tensor]:
        """Take one optimiser step; its losses stay on the device, without waiting."""
        state.wrapped.train()
        weights = state.stage.weights(step - 1)
        sizes = [counts(batch, state.stage.reduction) for batch in batches]
        means = JointMeans(self.accelerator, sizes, state.stage.mean_over)
        losses: list[dict[str, Tensor]] = []
        for number, batch in enumerate(batches):
            last = number == len(batches) - 1
            with nullcontext() if last else self.accelerator.no_sync(state.wrapped):
                parts = state.wrapped(batch.to(self.accelerator.device), state.cached["train"])
                parts = means.share(number, parts)
                used = [weights[name] * part for name, part in parts.items() if weights[name]]
                self.accelerator.backward(means.for_gradients(torch.stack(used).sum()))
            losses.append({name: part.detach() for name, part in parts.items()})
        state.optimiser.step()
        if state.average:
            state.average.update(step)
        return {name: torch.stack([parts[name] for parts in losses]).sum() for name in losses[0]}

    def _batches(self, start: int) -> Iterator[tuple[int, list[Batch]]]:
        """Yield (epoch, this process's batches) of each step after step `start`."""
        rows, each = self.data.train, self.config.accumulate
        plan = (self.config.batch_frames, (self.recipe.seed, self.number), start * each)
        if isinstance(rows, StreamedSplit):
            drawn = streamed_batches(rows, *plan, self.share.rank, agree)
        else:
            drawn = endless_batches([len(row.mel) for row in rows], *plan, self.share)
        while True:
            # Each batch is made before the next is drawn, so that its shard may be dropped then.
            some = [(epoch, batch_of(rows, chosen)) for epoch, chosen in islice(drawn, each)]
            yield some[0][0], [batch for _, batch in some]

    def _read(self, state: State, parts: dict[str, Tensor]) -> dict[str, float]:
        """Return the joint losses of a step, and skipped steps, if any."""
        skipped = state.optimiser.check(f"stages.{self.number}.lr")
        joint = self.accelerator.reduce(torch.stack(list(parts.values())), "sum")
        values: dict[str, float] = dict(zip(parts, joint.tolist(), strict=True))  # pyright: ignore
        return values | {"skipped": float(skipped)} if skipped else values

    def _validate(self, state: State) -> dict[str, float]:
        rows, cached = self.data.validation, state.cached["validation"]
        device = self.accelerator.device
        return validate(state.loss, rows, cached, self.config, device, self.share)

    def _judge(self, state: State, step: int) -> None:
        """Validate the weights or their average; keep them if among the best."""
        with self._aside(), state.average.in_place() if state.average else nullcontext():
            held_out = self._validate(state) | self._spoken(state, step)
            self._report(state, step, held_out, "validation")
            state.keeper.see(step, held_out, state.model, self.recipe)

    def _judge_mean(self, state: State, step: int) -> None:
        """Validate the mean of the best steps."""
        model = state.model
        with self._aside():
            live = {name: value.clone() for name, value in model.state_dict().items()}
            self.accelerator.wait_for_everyone()
            load_kept(self.folder, self.config, model, self.recipe)
            self._report(state, step, self._validate(state), "average")
            model.load_state_dict(live)

    @contextmanager
    def _aside(self) -> Iterator[None]:
        """Stop the clock, once the device has finished its steps."""
        if self.accelerator.device.type == "cuda":
            torch.cuda.synchronize(self.accelerator.device)
        with self.clock.stopped():
            yield

    def _observer(self, stage: Stage, start: int) -> Observer | None:
        check_observable(self.recipe, self.data.validation)
        # The first process observes for all.
        if not self.accelerator.is_main_process:
            return None
        rows, features = self.data.validation, self.clock.features
        return Observer(self.out, self.recipe, self.number, stage, features, rows, start)

    def _spoken(self, state: State, step: int) -> dict[str, float]:
        observer = state.observer
        values = [observer.look(step, state.model.eval()) if observer else {}]
        return broadcast_object_list(values)[0]

    def _asked(self, step: int) -> bool:
        """Return whether to stop, in all processes at the same step."""
        if self.share.processes == 1:
            return self.stop.asked
        if not self._due(step, LOG_EVERY):
            return False
        asked = torch.tensor(float(self.stop.asked), device=self.accelerator.device)
        return bool(self.accelerator.reduce(asked, "sum"))

    def _due(self, step: int, every: int) -> bool:
        return step % every == 0 or step == self.config.steps

    def _resume(self, model: System, optimiser: Optimiser, average: MovingAverage | None) -> int:
        """Load the newest checkpoint, if there is one; return its step."""
        newest = checkpoint.newest_step(self.folder)
        start = newest[1] if newest else 0
        if newest:
            checkpoint.load_step(newest[0], model, self.recipe)
            checkpoint.resume(newest[0], optimiser, average, self.share)
        if self.accelerator.is_main_process:
            metrics.cut(self.out, self.number, start)
        return start

    def _save(self, state: State, step: int, finished: bool) -> None:
        random = checkpoint.random_states(self.share)
        if self.accelerator.is_main_process:
            model, optimiser, average = state.model, state.optimiser, state.average
            checkpoint.save_step(
                self.folder, model, self.recipe, step, finished, optimiser, average, random
            )

    def _report(
        self, state: State, step: int, values: dict[str, float], split: str = "train"
    ) -> None:
        if not self.accelerator.is_main_process:
            return
        about = (self.number, state.stage.title, step, self.config.steps)
        speed = (self.clock.rate, self.clock.padding)
        averaged = len(state.keeper.best) if split == "average" else 0
        self.watch(Event(*about, values, *speed, split != "train", averaged))
        if values:
            metrics.append(self.out, {"stage": self.number, "step": step, "split": split, **values})
            if state.observer and split != "average":
                state.observer.log(step, values, split)


@contextmanager
def _memory(stage: str, config: StageConfig) -> Iterator[None]:
    """Explain an out-of-memory error; the largest batch comes first."""
    try:
        yield
    except torch.OutOfMemoryError as error:
        raise UserError(
            f"{stage}: a batch does not fit the GPU's memory; lower {stage}.batch_frames (now "
            f"{config.batch_frames}) and raise {stage}.accumulate (now {config.accumulate}) as much"
        ) from error


def _in_bf16(recipe: Recipe, device: torch.device) -> bool:
    """Return whether to compute in bfloat16; "auto": if the GPU has it."""
    if recipe.precision == "auto":
        return device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)
    return recipe.precision == "bf16"
