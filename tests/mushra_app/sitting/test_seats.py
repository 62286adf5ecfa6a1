"""Seats: a listener who leaves frees the seat for the next one."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from mushra_app.design.allocation import arm_of, deck
from mushra_app.sitting.seats import free_seat
from mushra_app.store.tables import Base, ListenerRow, SittingRow, StudyRow
from tests.mushra_app.plans import cell, even, rated, studies


class Crowd:
    """Listeners of a study, as rows of a database."""

    def __init__(self, session):
        self.session, self.number = session, 0
        study = StudyRow(
            name="plan", question="q", secret="s", rehearsal=False, created_at=when(days=0)
        )
        session.add(study)
        session.flush()
        self.study_id = study.id

    def come(self, preview=False):
        """The sitting and the place of the next listener."""
        place = free_seat(self.session, self.study_id)
        listener = ListenerRow(
            study_id=self.study_id,
            number=self.number,
            place=place,
            arm="main",
            pseudonym=f"l{self.number}",
        )
        self.session.add(listener)
        self.session.flush()
        sitting = SittingRow(
            study_id=self.study_id,
            listener_id=listener.id,
            pseudonym=f"s{self.number}",
            cookie_sha256=f"c{self.number}",
            origin="human",
            preview=preview,
            seen_at=when(days=0),
            outcome="open",
            started_at=when(days=0),
        )
        self.session.add(sitting)
        self.session.flush()
        self.number += 1
        return sitting, place


def when(days):
    return (datetime.now(UTC) - timedelta(days=days)).isoformat(timespec="milliseconds")


@pytest.fixture
def crowd():
    with fresh() as session:
        yield Crowd(session)


def fresh():
    engine = create_engine("sqlite://")
    Base.metadata.create_all(engine)
    return Session(engine)


def leave(sitting, how):
    if how == "away":
        sitting.seen_at = when(days=2)
    else:
        sitting.outcome = how


@settings(max_examples=25)
@given(studies(), st.integers(1, 25), st.floats(0, 0.6), st.randoms(use_true_random=False))
def test_seats_of_listeners_who_left_are_refilled(study, target, dropout, chance):
    """Listeners overlap, leave or preview; those who finish fill the plan."""
    with fresh() as session:
        crowd, present, finished = Crowd(session), {}, {}
        while len(finished) < target:
            wanted = len(finished) + len(present) < target
            if wanted and (not present or chance.random() < 0.5):
                if chance.random() < 0.1:
                    crowd.come(preview=True)
                number = crowd.number
                sitting, place = crowd.come()
                assert place not in present and place not in finished
                present[place] = (number, sitting)
            else:
                place = chance.choice(sorted(present))
                number, sitting = present.pop(place)
                if chance.random() < dropout:
                    leave(sitting, chance.choice(["withdrawn", "screened_out", "away"]))
                else:
                    sitting.outcome = "completed"
                    finished[place] = number
            session.flush()
    assert sorted(finished) == list(range(target))
    for name in {arm.name for arm in study.arms} or {"main"}:
        own = [place for place in finished if arm_of(study, place).name == name]
        heard = Counter(cell(p) for x in own for p in rated(study, finished[x], x))
        arm = next((a for a in study.arms if a.name == name), arm_of(study, 0))
        assert even(heard, {(i.sentence, frozenset(i.systems)) for i in deck(study, 0, arm)})


def test_seat_is_reused_only_after_its_listeners_left(crowd):
    (first, _), (second, _), (third, _) = crowd.come(), crowd.come(), crowd.come()
    assert crowd.come()[1] == 3
    second.outcome = "withdrawn"
    third.outcome = "completed"
    first.seen_at = when(days=0.9)
    again, place = crowd.come()
    assert place == 1
    again.outcome = "screened_out"
    assert crowd.come()[1] == 1
    first.seen_at = when(days=1.1)
    replaced, place = crowd.come()
    assert place == 0
    first.seen_at = when(days=0)
    assert crowd.come()[1] == 4, "the one who was away came back: two at one seat, no third"
    replaced.outcome = "withdrawn"
    assert crowd.come()[1] == 5, "one of the two left, the other is still there"


def test_preview_takes_no_seat(crowd):
    assert crowd.come(preview=True)[1] == 0
    assert crowd.come()[1] == 0
    assert crowd.come(preview=True)[1] == 1
    assert crowd.come(preview=True)[1] == 1
    assert crowd.come()[1] == 1
    other = StudyRow(name="o", question="q", secret="s", rehearsal=False, created_at=when(days=0))
    crowd.session.add(other)
    crowd.session.flush()
    assert free_seat(crowd.session, other.id) == 0, "seats of one study, not of the database"
