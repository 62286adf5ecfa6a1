"""DistilMOS: mean opinion score predicted by a network, without listeners."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from intone import assets
from intone.errors import UserError

ASSET = "distilmos"
NAME = "DistilMOS"


def predict_mos(paths: Sequence[Path]) -> Iterator[float]:
    """Predict an opinion score from 1 to 5 per file, in order.

    The package's own code runs in a process of its own: it declares torchaudio, which must not come
    into this one, and needs of it nothing but the name.

    Raises:
        UserError: the asset is missing, or the process failed.
    """
    folder = assets.path(ASSET)
    inherited = os.environ.get("PYTHONPATH")
    search = os.pathsep.join([str(folder), *([inherited] if inherited else [])])
    with (
        tempfile.TemporaryFile("w+") as complaints,
        subprocess.Popen(
            [sys.executable, "-m", "tts_core.measures.distilmos_process"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=complaints,
            text=True,
            env={**os.environ, "PYTHONPATH": search},
        ) as process,
    ):
        for path in paths:
            answer = _ask(process, path)
            if not answer:
                process.wait()
                complaints.seek(0)
                last = (complaints.read().strip().splitlines() or ["no message"])[-1]
                raise UserError(f"{path}: {NAME} failed ({last})")
            yield float(answer)


def _ask(process: subprocess.Popen[str], path: Path) -> str:
    assert process.stdin is not None and process.stdout is not None
    try:
        process.stdin.write(f"{path.resolve()}\n")
        process.stdin.flush()
        return process.stdout.readline()
    except BrokenPipeError:
        return ""
