"""A prepared corpus, as training and evaluation read it."""

from dataclasses import replace
from pathlib import Path

from intone.errors import UserError
from tts_core.corpus.shards import PreparedInfo, inventory_digest, read_info, read_shard
from tts_core.corpus.splits import SPLITS
from tts_core.types import Prepared


class PreparedCorpus:
    """The output of `prepare`.

    Args:
        folder: with `prepared.json` and `shards/`.

    Raises:
        UserError: not a complete prepared corpus, or of another version of the project.
    """

    def __init__(self, folder: str | Path) -> None:
        self.path = Path(folder)
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

    def split(self, name: str) -> list[Prepared]:
        """All utterances of train, validation or test, in the order of the corpus, in memory.

        Returns:
            none if the split is empty; `audio` is an absolute path.

        Raises:
            UserError: no such split, or a shard is missing or damaged.
        """
        if name not in SPLITS:
            raise UserError(f"{name}: no such split; one of {', '.join(SPLITS)}")
        paths = [self.path / "shards" / shard for shard in self.info.shards]
        folder = Path(self.info.corpus_folder)
        return [
            replace(utterance, audio=str(folder / utterance.audio))
            for path in paths
            for utterance in read_shard(path, self.info.features, name)
        ]
