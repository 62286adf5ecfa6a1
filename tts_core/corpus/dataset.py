"""A prepared corpus, as training and evaluation read it."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from intone.errors import UserError
from intone.progress import Progress, silent
from tts_core.corpus.shards import (
    PreparedInfo,
    inventory_digest,
    read_frames,
    read_info,
    read_shard,
)
from tts_core.corpus.splits import SPLITS
from tts_core.corpus.stream import StreamedSplit
from tts_core.types import Prepared


class PreparedCorpus:
    """The output of `prepare`.

    Args:
        folder: with `prepared.json` and `shards/`.
        progress: receives how many shards of a split are read, whenever one is.

    Raises:
        UserError: not a complete prepared corpus, or of another version of the project.
    """

    def __init__(self, folder: str | Path, progress: Progress = silent) -> None:
        self.path, self.progress = Path(folder), progress
        info = read_info(self.path)
        if info is None:
            raise UserError(
                f"{self.path}: not a prepared corpus; make one with `intone prepare CORPUS "
                f"-o {self.path}` (an interrupted one is finished the same way)"
            )
        if info.inventory_digest != inventory_digest():
            raise UserError(
                f"{self.path}: prepared with other token, tag or tree label inventories; "
                "prepare the corpus again"
            )
        self.info: PreparedInfo = info

    def split(self, name: str, every: int = 1) -> list[Prepared]:
        """Return all utterances of a split in memory, in corpus order.

        Args:
            name: of the split.
            every: only those of every so many-th shard.

        Returns:
            none if the split is empty; `audio` is an absolute path.

        Raises:
            UserError: no such split, or a shard is missing or damaged.
        """
        _known(name)
        shards = self._counted(name, self.info.shards[::every])
        return [row for shard in shards for row in self._read(shard, name)]

    def stream(self, name: str, rank: int = 0, processes: int = 1) -> StreamedSplit:
        """Return a split that is read when used.

        It holds every `processes`-th shard from the `rank`-th on.

        Raises:
            UserError: no such split, fewer shards than processes, or a shard is missing or damaged.
        """
        _known(name)
        shards = self.info.shards[rank::processes]
        if len(self.info.shards) < processes:
            raise UserError(
                f"{self.path}: {len(self.info.shards)} shards for {processes} processes; start at "
                f"most {len(self.info.shards)}, or read the corpus whole (stream=never)"
            )
        paths = (self.path / "shards" / shard for shard in self._counted(name, shards))
        frames = [read_frames(path, self.info.features, name) for path in paths]
        return StreamedSplit(frames, lambda number: self._read(shards[number], name))

    def _counted(self, split: str, shards: Sequence[str]) -> Iterator[str]:
        stage = f"Reading the corpus ({split})"
        for done, shard in enumerate(shards):
            self.progress(stage, done, len(shards))
            yield shard
        self.progress(stage, len(shards), len(shards))

    def _read(self, shard: str, split: str) -> list[Prepared]:
        folder = Path(self.info.corpus_folder)
        return [
            replace(utterance, audio=str(folder / utterance.audio))
            for utterance in read_shard(self.path / "shards" / shard, self.info.features, split)
        ]


def _known(split: str) -> None:
    if split not in SPLITS:
        raise UserError(f"{split}: no such split; one of {', '.join(SPLITS)}")
