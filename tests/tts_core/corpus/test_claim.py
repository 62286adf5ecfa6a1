"""A preparation's folder when the process is killed before any change."""

import os
from pathlib import Path

import pytest

from intone.errors import UserError
from tts_core.corpus.claim import claim, inputs_digest, release
from tts_core.types import Recording

CHANGES = ("mkdir", "unlink", "rmdir", "replace")


class Killed(BaseException):
    """Not an error that anything might handle."""


def killed_before(change: int, work, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Run `work` up to change `change`; False if it makes fewer."""
    made = 0

    def counted(original):
        def call(*args, **options):
            nonlocal made
            if made == change:
                raise Killed
            made += 1
            return original(*args, **options)

        return call

    with monkeypatch.context() as patch:
        for name in CHANGES:
            patch.setattr(os, name, counted(getattr(os, name)))
        try:
            work()
        except Killed:
            return True
    return False


def older(out: Path, finished: bool) -> Path:
    """The files of an older preparation, finished or not."""
    (out / "shards").mkdir(parents=True)
    for number in range(3):
        (out / "shards" / f"{number:03d}.parquet").write_text("older")
    if finished:
        (out / "prepared.json").write_text("{}")
        return out
    (out / ".work" / "wavs").mkdir(parents=True)
    (out / ".work" / "wavs" / "a.wav").write_text("older")
    (out / ".work" / "checked.json").write_text("older")
    (out / ".work" / "000.parquet.json").write_text("older")
    (out / ".work" / "inputs").write_text("older")
    return out


def files(out: Path) -> set[str]:
    return {str(path.relative_to(out)) for path in out.rglob("*")}


READY = {".work", ".work/wavs", ".work/inputs"}


@pytest.mark.parametrize("finished", [True, False])
def test_a_replacement_killed_anywhere_is_ours_and_no_mixture(tmp_path, monkeypatch, finished):
    change = 0
    while True:
        out = older(tmp_path / f"{change}", finished)
        whole = files(out)
        if not killed_before(change, lambda out=out: claim(out, "newer"), monkeypatch):
            break
        claim(out, "newer")
        assert files(out) == READY
        assert (out / ".work" / "inputs").read_text() == "newer"
        # Or the user thinks better of it and wants the older one again.
        back = older(tmp_path / f"{change} back", finished)
        assert killed_before(change, lambda out=back: claim(out, "newer"), monkeypatch)
        untouched = files(back) == whole
        claim(back, "older")
        assert files(back) == (whole if untouched and not finished else READY)
        assert (back / ".work" / "inputs").read_text() == "older"
        change += 1
    assert change > 6
    assert files(out) == READY


def test_a_removal_of_finished_work_killed_anywhere_leaves_no_half_of_it(tmp_path, monkeypatch):
    change = 0
    while True:
        out = older(tmp_path / f"{change}", False)
        (out / "prepared.json").write_text("{}")
        if not killed_before(change, lambda out=out: release(out), monkeypatch):
            break
        # The user removes a shard, so that the same preparation must be made again.
        work = claim(out, "older")
        assert (work / "checked.json").exists() == (work / "wavs" / "a.wav").exists()
        change += 1
    assert change > 4
    assert files(out) == {"prepared.json", "shards", *(f"shards/00{n}.parquet" for n in range(3))}


def test_files_of_others_are_left_alone(tmp_path):
    (tmp_path / "shards").mkdir()
    with pytest.raises(UserError, match="holds other files"):
        claim(tmp_path, "newer")
    (tmp_path / "file").write_text("mine")
    with pytest.raises(UserError, match="is a file"):
        claim(tmp_path / "file", "newer")


def test_any_byte_of_the_audio_is_part_of_the_inputs_and_its_place_is_not(tmp_path):
    def digest(folder: Path, content: bytes) -> str:
        folder.mkdir(exist_ok=True)
        (folder / "a.wav").write_bytes(content)
        recording = Recording("a", "a", "Yes.", str(folder / "a.wav"), "anna")
        return inputs_digest([1], [recording])

    content = bytearray(100_000)
    first = digest(tmp_path / "one", content)
    assert digest(tmp_path / "two", content) == first
    content[-1] = 1
    assert digest(tmp_path / "one", content) != first
