"""Data sets with known answers."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis.data.ratings import Ratings, read_ratings

REFERENCE = Path(__file__).parent / "reference"
SETS = ("ref_a_balanced_integer", "ref_b_tiny_continuous", "ref_c_incomplete_blocks")


@dataclass(frozen=True)
class ReferenceSet:
    """Ratings and what R says about them."""

    path: Path
    ratings: Ratings
    answers: dict[str, Any]

    @property
    def complete(self) -> bool:
        return "c_incomplete" not in self.path.name


@pytest.fixture(scope="session", params=SETS)
def reference_set(request: pytest.FixtureRequest) -> ReferenceSet:
    path = REFERENCE / f"{request.param}.csv"
    # Set b is continuous and leaves the 0 to 100 scale.
    scale = (-100.0, 200.0) if "_b_" in path.name else None
    ratings = read_ratings(path, baseline="baseline", reference="recordings", scale=scale)
    return ReferenceSet(path, ratings, json.loads(path.with_suffix(".json").read_text()))


@pytest.fixture
def write_csv(tmp_path: Path) -> Callable[[str], Path]:
    def write(text: str) -> Path:
        path = tmp_path / "ratings.csv"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def _study(
    n_listeners: int = 10, n_utterances: int = 8, seed: int = 0, **means: float
) -> pd.DataFrame:
    """Integer scores 0 to 100 with scatter of listeners and utterances."""
    rng = np.random.default_rng(seed)
    rows = []
    for system, mean in means.items():
        by_listener = rng.normal(0, 4, n_listeners)
        by_utterance = rng.normal(0, 4, n_utterances)
        for i in range(n_listeners):
            for j in range(n_utterances):
                score = mean + by_listener[i] + by_utterance[j] + rng.normal(0, 8)
                rows.append((f"L{i:02}", f"U{j:02}", system, float(np.clip(round(score), 0, 100))))
    return pd.DataFrame(rows, columns=pd.Index(["listener", "utterance", "system", "score"]))


@pytest.fixture(scope="session")
def make_study() -> Callable[..., pd.DataFrame]:
    return _study


@pytest.fixture(scope="session")
def rehearsal() -> pd.DataFrame:
    """Simulated listeners: reference and mid anchor near where BS.1534-3 wants them."""
    frame = _study(14, 8, 5, recordings=97.0, ntts=55.0, kathaka=60.0, camp=66.0, anchor=30.0)
    roles = {"recordings": "reference", "anchor": "anchor_mid"}
    frame["role"] = frame["system"].map(lambda system: roles.get(system, "system"))
    frame["origin"] = "simulated"
    return frame


@pytest.fixture
def simulated_csv(tmp_path: Path, rehearsal: pd.DataFrame) -> Path:
    """The rehearsal as a file."""
    path = tmp_path / "rehearsal.csv"
    rehearsal.to_csv(path, index=False)
    return path
