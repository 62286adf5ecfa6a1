"""The training loop, in plain sight: one for every stage of every system."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
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
"""Steps between two looks at the losses: a look makes the CPU wait for the GPU."""


class StageRun:
    """One stage of one run: its data, its optimiser, and the steps that are left."""

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
        """Take the steps from the newest checkpoint to the last, and leave what is to be kept."""
        config = self.config
        start = self._begin(model)
        wrapped = self.accelerator.prepare_model(self.loss)
        self.clock.start()
        # range first: zip must not draw batches that are never used.
        for step, (epoch, batches) in zip(
            range(start + 1, config.steps + 1), self._batches(start), strict=False
        ):
            self.optimiser.set_rate(step - 1, epoch)
            self.clock.count(batches)
            with _memory(f"stages.{self.number}", config):
                parts = self._step(wrapped, batches, self.cached["train"], step)
            self._tell(step, self._look(parts) if self._due(step, LOG_EVERY) else {})
            if self._due(step, config.validate_every):
                self._judge(step, model)
            finished = step == config.steps or self.keeper.out_of_patience(step)
            asked = self._asked(step)
            if finished and len(self.keeper.best) > 1:
                self._judge_mean(step, model)
            if asked or finished or self._due(step, config.checkpoint_every):
                with self._aside():
                    self._save(model, step, finished)
                    self.keeper.settle()
            if finished:
                break
            if asked:
                where = f"stage {self.number}, step {step}"
                raise Interrupted(f"{self.out}: stopped at {where}; saved")
        if self.observer:
            self.observer.close()
        self.accelerator.wait_for_everyone()
        self.accelerator.free_memory()
        load_kept(self.folder, config, model, self.recipe)
        model.eval()

    def _begin(self, model: System) -> int:
        """All that a stage needs, as the newest checkpoint left it; the step that it left it at."""
        device, config = self.accelerator.device, self.config
        stage = self.stage = model.to(device).stages(self.recipe.stages)[self.number]
        self.loss = StageLoss(model, stage, _in_bf16(self.recipe, device)).eval()
        kept = {name: stage.remember(rows, device) for name, rows in self.data._asdict().items()}
        self.cached: dict[str, Cached] = kept
        stage.begin(of_all_processes(self.data.train, kept["train"]))
        self.optimiser = Optimiser(self.loss, self.recipe, config)
        self.average = MovingAverage(model, config.ema) if config.ema else None
        start = self._resume(model)
        criterion = SPOKEN + "f0_error" if config.criterion == "prosody" else stage.criterion
        self.keeper = Keeper(self.folder, config, criterion, self.accelerator.is_main_process)
        self.keeper.resume(start)
        self._observe_from(start)
        return start

    def _step(
        self, wrapped: torch.nn.Module, batches: Sequence[Batch], cached: Cached, step: int
    ) -> dict[str, Tensor]:
        """One optimiser step; the parts of its loss stay on the device, so that nobody waits."""
        wrapped.train()
        weights = self.stage.weights(step - 1)
        means = JointMeans(
            self.accelerator,
            [counts(b, self.stage.reduction) for b in batches],
            self.stage.mean_over,
        )
        seen: list[dict[str, Tensor]] = []
        for number, batch in enumerate(batches):
            last = number == len(batches) - 1
            with nullcontext() if last else self.accelerator.no_sync(wrapped):
                parts = wrapped(batch.to(self.accelerator.device), cached)
                parts = means.share(number, parts)
                used = [weights[name] * part for name, part in parts.items() if weights[name]]
                self.accelerator.backward(means.for_gradients(torch.stack(used).sum()))
            seen.append({name: part.detach() for name, part in parts.items()})
        self.optimiser.step()
        if self.average:
            self.average.update(step)
        return {name: torch.stack([parts[name] for parts in seen]).sum() for name in seen[0]}

    def _batches(self, start: int) -> Iterator[tuple[int, list[Batch]]]:
        """(epoch, this process's batches) of each step after step `start`."""
        rows, each = self.data.train, self.config.accumulate
        plan = (self.config.batch_frames, (self.recipe.seed, self.number), start * each)
        if isinstance(rows, StreamedSplit):
            drawn = streamed_batches(rows, *plan, self.share.rank, agree)
        else:
            drawn = endless_batches([len(row.mel) for row in rows], *plan, self.share)
        while True:
            # Each is made before the next is drawn: what it is made of may then be let go.
            some = [(epoch, batch_of(rows, chosen)) for epoch, chosen in islice(drawn, each)]
            yield some[0][0], [batch for _, batch in some]

    def _look(self, parts: dict[str, Tensor]) -> dict[str, float]:
        """The joint losses of a step, and how many steps were skipped, if any."""
        skipped = self.optimiser.check(f"stages.{self.number}.lr")
        joint = self.accelerator.reduce(torch.stack(list(parts.values())), "sum")
        values: dict[str, float] = dict(zip(parts, joint.tolist(), strict=True))  # pyright: ignore
        return values | {"skipped": float(skipped)} if skipped else values

    def _validate(self) -> dict[str, float]:
        rows, kept = self.data.validation, self.cached["validation"]
        device = self.accelerator.device
        return validate(self.loss, rows, kept, self.config, device, self.share)

    def _judge(self, step: int, model: System) -> None:
        """What the weights, or their moving average, are worth by now, and whether to keep them."""
        with self._aside(), self.average.in_place() if self.average else nullcontext():
            held_out = self._validate() | self._spoken(step, model)
            self._tell(step, held_out, "validation")
            self.keeper.see(step, held_out, model, self.recipe)

    def _judge_mean(self, step: int, model: System) -> None:
        """What the mean of the best steps is worth: other weights than those judged so far."""
        with self._aside():
            live = {name: value.clone() for name, value in model.state_dict().items()}
            self.accelerator.wait_for_everyone()
            load_kept(self.folder, self.config, model, self.recipe)
            self._tell(step, self._validate(), "average")
            model.load_state_dict(live)

    @contextmanager
    def _aside(self) -> Iterator[None]:
        """The clock stands still, once the device has done the steps that it was given."""
        if self.accelerator.device.type == "cuda":
            torch.cuda.synchronize(self.accelerator.device)
        with self.clock.stopped():
            yield

    def _observe_from(self, start: int) -> None:
        """The first process speaks for all."""
        check_observable(self.recipe, self.data.validation)
        self.observer = None
        if self.accelerator.is_main_process:
            rows = self.data.validation
            self.observer = Observer(
                self.out, self.recipe, self.number, self.stage, self.clock.features, rows, start
            )

    def _spoken(self, step: int, model: System) -> dict[str, float]:
        values = [self.observer.look(step, model.eval()) if self.observer else {}]
        return broadcast_object_list(values)[0]

    def _asked(self, step: int) -> bool:
        """Whether to stop: all processes at the same step, so that they ask each other."""
        if self.share.processes == 1:
            return self.stop.asked
        if not self._due(step, LOG_EVERY):
            return False
        asked = torch.tensor(float(self.stop.asked), device=self.accelerator.device)
        return bool(self.accelerator.reduce(asked, "sum"))

    def _due(self, step: int, every: int) -> bool:
        return step % every == 0 or step == self.config.steps

    def _resume(self, model: System) -> int:
        """Take the newest checkpoint up, if there is one; the step it was written after."""
        found = checkpoint.newest_step(self.folder)
        start = found[1] if found else 0
        if found:
            checkpoint.load_step(found[0], model, self.recipe)
            checkpoint.resume(found[0], self.optimiser, self.average, self.share)
        if self.accelerator.is_main_process:
            metrics.cut(self.out, self.number, start)
        return start

    def _save(self, model: System, step: int, finished: bool) -> None:
        random = checkpoint.random_states(self.share)
        if self.accelerator.is_main_process:
            optimiser, average = self.optimiser, self.average
            checkpoint.save_step(
                self.folder, model, self.recipe, step, finished, optimiser, average, random
            )

    def _tell(self, step: int, values: dict[str, float], split: str = "train") -> None:
        if not self.accelerator.is_main_process:
            return
        about = (self.number, self.stage.title, step, self.config.steps)
        speed = (self.clock.rate, self.clock.padding)
        averaged = len(self.keeper.best) if split == "average" else 0
        self.watch(Event(*about, values, *speed, split != "train", averaged))
        if values:
            metrics.append(self.out, {"stage": self.number, "step": step, "split": split, **values})
            if self.observer and split != "average":
                self.observer.log(step, values, split)


@contextmanager
def _memory(stage: str, config: StageConfig) -> Iterator[None]:
    """Say what to do about a GPU that is too small; the largest batch comes first."""
    try:
        yield
    except torch.OutOfMemoryError as error:
        raise UserError(
            f"{stage}: a batch does not fit the GPU's memory; lower {stage}.batch_frames (now "
            f"{config.batch_frames}) and raise {stage}.accumulate (now {config.accumulate}) as much"
        ) from error


def _in_bf16(recipe: Recipe, device: torch.device) -> bool:
    """Whether to compute in bfloat16: always if asked for, by itself on a GPU that has it."""
    if recipe.precision == "auto":
        return device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)
    return recipe.precision == "bf16"
