"""Statistics for the pages that monitor a running study."""

import random

from intone.command.handover import means, screened, statistics
from mushra_app.design.precision import Design


def rows(question="naturalness", listeners=6, careless="l5"):
    """Rows of `ratings_v1` from listeners of whom one never finds the reference."""
    chance = random.Random(1)
    planted = {"natural": ("reference", 97), "ours": ("system", 60), "low": ("anchor_low", 20)}
    return [
        {
            "study": "s",
            "listener": f"l{who}",
            "session": f"s{who}",
            "utterance": f"u{text}",
            "trial": f"u{text}",
            "question": question,
            "page_type": "mushra",
            "system": system,
            "role": role,
            "phase": "test",
            "origin": "human",
            "scale_min": 0,
            "scale_max": 100,
            "score": 40
            if f"l{who}" == careless and role == "reference"
            else min(100, mean + chance.randint(-3, 3)),
        }
        for who in range(listeners)
        for text in range(4)
        for system, (role, mean) in planted.items()
    ]


def test_listener_who_misses_the_reference_is_flagged_with_the_reason():
    [found] = screened(rows())
    assert found.rule == "bs1534-3"
    assert list(found.flags) == ["l5"]
    assert "4 of 4" in found.flags["l5"][0]


def test_each_question_has_means_of_its_own():
    found = means([*rows(), *rows("style")])
    assert [(m.question, m.system) for m in found][:3] == [
        ("naturalness", "natural"),
        ("naturalness", "ours"),
        ("naturalness", "low"),
    ]
    assert len(found) == 6
    ours = found[1]
    assert ours.low < ours.mean < ours.high
    assert 57 <= ours.mean <= 63
    assert ours.ratings == 24


def test_too_few_preferences_give_a_note_and_no_error():
    one = [row for row in rows() if row["system"] == "ours"]
    [found] = screened(one)
    assert found.flags == {}
    assert found.notes[0].startswith("Not yet: ")
    assert means(one) == []


def test_precision_is_that_of_the_plan():
    assert statistics().precision(Design(20, 10, 10)).se > 0
