"""A prepared corpus that stays for all tests of the scripts."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.workload import facts, recording
from tests.tts_core.support import write_corpus


@pytest.fixture(scope="session")
def small_corpus(tmp_path_factory) -> Path:
    random = np.random.default_rng(0)
    rows = [recording(random, i, 20) for i in range(12)]
    rows += [replace(recording(random, 20 + i, 20), split="validation") for i in range(3)]
    known = facts().model_copy(update={"duration_std": [1.0, 1.0, 1.0], "graph_passes": 4})
    return write_corpus(tmp_path_factory.mktemp("prepared"), rows, known).path
