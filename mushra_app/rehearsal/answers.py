"""Answers of a simulated listener on each type of page."""

import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import soundfile

from mushra_app.page_types.headphones import EACH
from mushra_app.rehearsal.kinds import Manner


def answers(page: Mapping[str, Any], sounds: Sequence[bytes]) -> dict[str, Any]:
    """Return the answers of a listener who follows the instructions.

    Headphone rounds are answered from the sounds themselves.

    Args:
        page: the page as the server describes it to the browser.
        sounds: WAV files of its sounds.
    """
    if page["kind"] == "questions":
        return {q["name"]: _question(q) for q in page["questions"]}
    if page["kind"] == "loudness":
        return {"gain_db": page["start_db"]}
    if page["kind"] == "headphones":
        return _headphones(page["rounds"], sounds)
    return {}


def judged(page: Mapping[str, Any], manner: Manner) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the requests of a rating page: path ending and body.

    Args:
        page: the page as the server describes it to the browser.
        manner: the listener's judgement.
    """
    kind, scores = page["kind"], manner.scores
    asked = page["attention"] if manner.attentive else None
    for slot, score in enumerate(scores):
        yield (
            f"rating/{slot}",
            {
                "score": _scored(kind, 20 * asked + 10 if asked is not None else score),
                "n_plays": 1 + slot % 2,
                "heard_ms": manner.heard_ms + 100 * slot,
                "rating_time_ms": 5000 * (slot + 1),
                "seq": page["saved"].get(str(slot), {}).get("seq", 0) + 1,
            },
        )
    if kind == "ab":
        better = asked
        if better is None:
            better = 0 if manner.always_first else scores.index(max(scores))
        equal = scores[0] == scores[1] and not manner.always_first
        undecided = asked is None and page["no_preference"] and equal
        choice = "none" if undecided else ("first", "second")[better]
        seq = page["chosen"]["seq"] + 1
        yield "choice", {"choice": choice, "rating_time_ms": 8000, "seq": seq}


def _scored(kind: str, score: int) -> int | None:
    if kind == "ab":
        return None
    return min(5, 1 + score // 20) if kind == "acr" else score


def _question(question: Mapping[str, Any]) -> Any:
    if question["type"] == "number":
        limits = [limit for limit in (question["min"], question["max"]) if limit is not None]
        return sum(limits) / len(limits) if limits else 1
    if question["type"] == "choices":
        return question["options"][:1]
    return question["options"][0] if question["options"] else "simulated"


def _headphones(rounds: Sequence[str], sounds: Sequence[bytes]) -> dict[str, int]:
    chosen: dict[str, int] = {}
    counts: dict[str, int] = {}
    for number, method in enumerate(rounds):
        signals = [_samples(sound) for sound in sounds[EACH * number : EACH * (number + 1)]]
        counts[method] = counts.get(method, 0) + 1
        if method == "antiphase":
            # The quietest of the three.
            heard = [-float(np.mean(samples[:, 0] ** 2)) for samples in signals]
        else:
            heard = [float(np.mean((samples[:, 0] - samples[:, 1]) ** 2)) for samples in signals]
        chosen[f"{method}_{counts[method]}"] = int(np.argmax(heard))
    return chosen


def _samples(wav: bytes) -> np.ndarray:
    return soundfile.read(io.BytesIO(wav), always_2d=True)[0]
