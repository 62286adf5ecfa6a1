"""`intone doctor` on this machine, and on one where something is missing."""

import importlib.metadata
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from tts_core.commands import doctor
from tts_core.commands.cli import app
from tts_core.commands.doctor import Finding, examine
from tts_core.config import PRESETS
from tts_core.synthesis.synthesize import Synthesizer


@pytest.fixture
def dumb(monkeypatch):
    """The slow ends of the report are not what is tested."""
    monkeypatch.setattr(doctor, "_round_trip", lambda: (True, ""))


def found(tmp_path) -> dict[str, Finding]:
    return {finding.what: finding for finding in examine(tmp_path)}


def test_a_machine_that_passes_the_tests_is_well():
    said = CliRunner().invoke(app, ["doctor"])
    assert said.exit_code == 0, said.output
    lines = said.output.splitlines()
    assert [line.split(":")[0][5:] for line in lines] == [
        "versions",
        "GPU",
        "disk",
        "assets",
        "spectrogram of the vocoder",
        "round trip",
    ]
    assert not any(line.startswith("NOT") for line in lines)


def test_missing_part_is_named_with_an_action(tmp_path, monkeypatch):
    monkeypatch.setenv("INTONE_CACHE", str(tmp_path))
    said = CliRunner().invoke(app, ["doctor"])
    assert said.exit_code == 1
    assert "NOT  assets: not here" in said.output
    assert "`intone assets`" in said.output
    assert "Traceback" not in said.output


@pytest.mark.usefixtures("dumb")
def test_a_package_that_is_missing_or_too_old_is_named(tmp_path, monkeypatch):
    """An install without torch: every line is still there."""
    known = importlib.metadata.version

    def version(name):
        if name == "torch":
            raise importlib.metadata.PackageNotFoundError(name)
        return "0.0.1" if name == "safetensors" else known(name)

    monkeypatch.setattr(importlib.metadata, "version", version)
    monkeypatch.setitem(sys.modules, "torch", None)
    said = found(tmp_path)
    assert said["versions"].ok is False
    for wrong in ("torch is missing", "safetensors is 0.0.1, wanted >="):
        assert wrong in said["versions"].result
    assert said["GPU"].ok is False
    assert all("make install" in said[what].result for what in ("versions", "GPU"))
    assert said["disk"].ok


@pytest.mark.usefixtures("dumb")
def test_a_gpu_that_torch_cannot_use_is_not_called_none(tmp_path, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert found(tmp_path)["GPU"].ok is None
    monkeypatch.setattr(doctor.shutil, "which", {"nvidia-smi": "/usr/bin/nvidia-smi"}.get)
    assert "there is one that torch" in found(tmp_path)["GPU"].result
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)

    def driver(_):
        raise RuntimeError("CUDA error: no kernel image\nmore")

    monkeypatch.setattr(torch.cuda, "get_device_properties", driver)
    gpu = found(tmp_path)["GPU"]
    assert gpu.ok is False
    assert gpu.result.startswith("RuntimeError: CUDA error: no kernel image; run")


@pytest.mark.usefixtures("dumb")
def test_a_full_disk_and_another_spectrogram_are_found(tmp_path, monkeypatch):
    monkeypatch.setattr(doctor, "ENOUGH_DISK_GB", 1e9)
    other = {"hifigan22k": PRESETS["hifigan22k"].model_copy(update={"hop": 300})}
    monkeypatch.setattr("tts_core.config.PRESETS", other)
    said = found(tmp_path)
    assert said["disk"].ok is False
    assert "make room" in said["disk"].result
    name = "spectrogram of the vocoder"
    assert said[name].ok is False
    assert "hop 300 instead of 256" in said[name].result


def test_a_voice_that_does_not_come_back_is_found(tmp_path, monkeypatch):
    silence = SimpleNamespace(
        sample_rate=22050, samples=np.zeros(256 * 40, np.float32), mel=np.zeros((40, 80))
    )
    speaker = SimpleNamespace(speak=lambda *_, **__: silence)
    monkeypatch.setattr(Synthesizer, "load", lambda _: speaker)
    finding = found(tmp_path)["round trip"]
    assert finding.ok is False
    assert "more than 1.0" in finding.result
