"""Small studies and running applications for the tests of the listening test."""

import hashlib
import multiprocessing
import socket
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from multiprocessing.process import BaseProcess
from pathlib import Path

import httpx
import numpy as np
import soundfile
from scipy import signal as dsp

from intone.contracts import Stimulus, StimulusSet
from intone.contracts.stimuli import Source
from mushra_app.admin import passwords
from mushra_app.design.new import new_study
from mushra_app.study.steps import Step, TrialsStep

# A login would otherwise take a tenth of a second here and in every server that is forked.
passwords.COST = 2**4

SYSTEMS = {
    "groundtruthvoice": "reference",
    "zebrabaseline": "system",
    "quokkacontext": "system",
    "ibexspectral": "copy_synthesis",
}
SENTENCES = {"utt_alpha": "Author of the danger trail.", "utt_beta": "It was a sunny day."}


def speech_like(seed: int, seconds: float, rate: int = 24000) -> np.ndarray:
    """Syllables of band-shaped noise, so that loudness and spectrum resemble speech."""
    generator = np.random.default_rng(seed)
    frames = round(seconds * rate)
    noise = dsp.lfilter([1], [1, -0.9], generator.standard_normal(frames))
    syllables = 0.55 + 0.45 * np.sin(2 * np.pi * 4 * np.arange(frames) / rate)
    wave = noise * syllables
    return 0.3 * wave / np.abs(wave).max()


def make_stimuli(folder: Path, rate: int = 24000, level: float = 1.0) -> Path:
    """Write a stimulus set: four systems, two sentences, different lengths and levels."""
    folder.mkdir(parents=True)
    stimuli = []
    for i, (sentence, text) in enumerate(SENTENCES.items()):
        for j, (system, role) in enumerate(SYSTEMS.items()):
            path = folder / f"{system}-{sentence}.wav"
            samples = level * 0.8**j * speech_like(10 * i + j, 1.2 + 0.1 * j, rate)
            soundfile.write(path, samples, rate, subtype="PCM_16")
            stimuli.append(
                Stimulus(
                    sentence=sentence,
                    text=text,
                    system=system,
                    role=role,
                    path=path.name,
                    sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
                    seconds=len(samples) / rate,
                    sample_rate=rate,
                    loudness_lufs=None,
                    source=Source(kind="import"),
                )
            )
    StimulusSet(
        name="synthetic", voice="noise", licence="CC0-1.0", created_by="tests", stimuli=stimuli
    ).write(folder)
    return folder


def replace_stimulus(folder: Path, path: Path, samples: np.ndarray) -> None:
    """Replace a sound as if the stimulus set was made again."""
    old = hashlib.sha256(path.read_bytes()).hexdigest()
    soundfile.write(path, samples, 24000, subtype="PCM_16")
    new = hashlib.sha256(path.read_bytes()).hexdigest()
    described = folder / "stimuli.json"
    described.write_text(described.read_text().replace(old, new))
    StimulusSet.read(folder)


def make_study(folder: Path, sitting: Sequence[Step] = (TrialsStep(),), **choices: object) -> Path:
    """Write a study of `make_stimuli` with both anchors."""
    set_folder = make_stimuli(folder / "stimuli")
    return new_study(set_folder, folder / "study.yaml", sitting=sitting, **choices)


def forked(work: Callable[..., object], *arguments: object, **options: object) -> BaseProcess:
    """Start work in a fork of a process that has imported Gradio."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.mushra_app.preload"])
    process = context.Process(target=work, args=arguments, kwargs=options, daemon=True)
    process.start()
    return process


def _serve(study: Path, port: int, statistics: bool = False) -> None:
    from intone.command.handover import statistics as handed
    from mushra_app.web.app import serve

    serve(study, port=port, statistics=handed() if statistics else None)


class Server:
    """Application of a study in a separate process, like `intone serve`.

    `statistics`: whether the statistics of the analysis room are passed.
    """

    def __init__(self, study: Path, statistics: bool = False) -> None:
        self.study, self.statistics = study, statistics
        with closing(socket.socket()) as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.process: BaseProcess | None = None

    def start(self) -> "Server":
        """Start (again) on the same port and wait until it answers."""
        self.process = forked(_serve, self.study, self.port, self.statistics)
        for _ in range(600):
            try:
                httpx.get(self.url + "/robots.txt")
                return self
            except httpx.TransportError:
                assert self.process.is_alive(), "the server died"
                time.sleep(0.1)
        raise AssertionError("the server did not start")

    def kill(self) -> None:
        """SIGKILL: no chance to tidy up."""
        assert self.process
        self.process.kill()
        self.process.join()

    def client(self) -> httpx.Client:
        """A browser-like client with cookies of its own."""
        return httpx.Client(base_url=self.url, timeout=30)


def begin(client: httpx.Client) -> dict:
    """Open and consent; returns the first page."""
    opened = client.post("/api/v1/session", json={}).json()
    body = {"version": opened["consent"]["version"], "agree": True}
    client.post("/api/v1/consent", json=body).raise_for_status()
    return client.get("/api/v1/page").json()


def rating(score: int | None, seq: int = 1, n_plays: int = 1) -> dict:
    """Body of a rating."""
    return {
        "score": score,
        "n_plays": n_plays,
        "heard_ms": 1500,
        "rating_time_ms": 2000,
        "seq": seq,
    }
