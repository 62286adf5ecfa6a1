"""Simulated plan: counts, and the precision of rotated texts."""

import json
from collections import Counter
from dataclasses import asdict
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from intone.command.handover import precision_of
from intone.errors import UserError
from mushra_app.cli import app
from mushra_app.design.allocation import allocate, arm_of
from mushra_app.design.plan import Spread, minutes, plan
from mushra_app.design.plan_view import svg
from mushra_app.design.precision import Design
from mushra_app.study.file import read_study, write_study
from tests.mushra_app.plans import make, rated, studies

# Listeners, texts, pages of each; SE of a difference and the difference found with 80 %, points:
# closed form with SDs 6, 6 and 13, which a simulation of rotated texts confirms (SE 1.48).
PUBLISHED = [
    (20, 10, 10, 3.53, 9.9),
    (60, 20, 20, 2.25, 6.3),
    (60, 100, 20, 1.48, 4.2),
    (60, 200, 20, 1.36, 3.8),
    (200, 200, 20, 0.90, 2.5),
]


@pytest.fixture
def file(tmp_path):
    """A study of 100 texts, 20 a listener."""
    path = tmp_path / "study.yaml"
    write_study(make(sentences=100, systems=2, pages=20), path)
    return path


def run(*arguments, **options):
    return CliRunner().invoke(app, ["study", "plan", *map(str, arguments)], **options)


@pytest.mark.parametrize(("listeners", "texts", "pages", "se", "detectable"), PUBLISHED)
def test_precision_is_that_of_the_published_table(listeners, texts, pages, se, detectable):
    found = plan(make(sentences=texts, pages=pages), listeners, precision=precision_of())
    (group,) = found.groups
    assert group.expected and group.same_texts and group.why_not is None
    assert group.expected.se == pytest.approx(se, abs=0.005)
    assert group.expected.detectable == pytest.approx(detectable, abs=0.05)
    assert "until a pilot" in group.expected.assumed
    assert set(group.ratings.values()) == {listeners * pages}


def test_the_same_money_on_the_same_texts_buys_less():
    (group,) = plan(make(sentences=100, pages=20), 60, precision=precision_of()).groups
    assert group.expected and group.same_texts
    assert (round(group.expected.se, 2), round(group.same_texts.se, 2)) == (1.48, 2.25)
    assert 1 - group.expected.se / group.same_texts.se == pytest.approx(0.34, abs=0.005)


def test_unheard_texts_add_no_precision():
    few = plan(make(sentences=100, pages=20), 2, precision=precision_of())
    (group,) = few.groups
    assert (group.texts, group.texts_in_all) == (40, 100)
    assert group.expected == precision_of()(Design(2, 40, 20))
    assert any("60 of 100 texts" in note for note in few.notes)


@given(studies(repeats=1, attention=1), st.integers(1, 25), st.floats(0, 0.5), st.integers(0, 9))
def test_a_plan_counts_what_listeners_would_hear(study, listeners, dropout, seed):
    found = plan(study, listeners, dropout, seed)
    assert found == plan(study, listeners, dropout, seed)
    assert sum(found.arms.values()) == listeners
    assert max(found.arms.values()) - min(found.arms.values()) <= 1
    for group in found.groups:
        own = [n for n in range(listeners) if arm_of(study, n).name == group.arm]
        heard = Counter(p.sentence for n in own for p in rated(study, n))
        shown = Counter(s for n in own for p in rated(study, n) for s in p.slots)
        counted: Counter[str] = Counter()
        for counts in group.coverage.values():
            counted.update(counts)
        rows = 1 if group.page in ("ab", "acr") else len(group.coverage)
        assert {t: n / rows for t, n in counted.items() if n} == heard
        if group.page != "ab":
            assert {s: n for s, n in group.ratings.items() if n} == shown
        assert group.texts == len(heard)
        assert group.cells.max - group.cells.min <= 1
        assert group.cells_with_left.max >= group.cells.max
    if dropout == 0:
        assert found.left == 0
        assert all(group.cells_with_left == group.cells for group in found.groups)


def test_drop_outs_are_as_many_as_asked_for_and_are_replaced():
    study = make(sentences=10, pages=5)
    left = [plan(study, 60, 0.1, seed).left for seed in range(60)]
    # Geometric: 60 * 0.1 / 0.9 = 6.7 on average, its error over 60 seeds 0.35.
    assert sum(left) / 60 == pytest.approx(6.7, abs=1.4)
    assert len(set(left)) > 5
    (group,) = plan(study, 60, 0.5).groups
    assert group.listeners == 60 and group.cells == Spread(30, 30, 30)
    assert group.cells_with_left.median > 35


def test_a_square_shows_in_the_balance_of_positions():
    (group,) = plan(make(sentences=20, systems=3, pages=10, order="latin_square"), 60).groups
    assert group.positions == Spread(100, 100, 100)
    (random,) = plan(make(sentences=20, systems=3, pages=10), 60).groups
    assert random.positions and random.positions.min < 100 < random.positions.max


def test_a_sitting_lasts_as_long_as_its_pages():
    study = make(sentences=10, systems=3, pages=4, training={"pages": 2}, repeats=1, attention=1)
    found = plan(study, 3)
    # 8 pages of 6 versions, 15 s each.
    assert found.pages == Spread(8, 8, 8)
    assert found.minutes == Spread(12, 12, 12)
    more = study.model_validate(
        {
            **study.model_dump(),
            "sitting": [
                {"type": "text"},
                {"type": "text", "text": "word " * 240},
                {"type": "pause", "minutes": 2},
                {"type": "headphones", "rounds": 6, "method": "both"},
                {"type": "loudness"},
                {"type": "trials"},
                {"type": "questions", "questions": [{"name": n, "label": n} for n in "abc"]},
                {"type": "comments"},
            ],
        }
    )
    expected = 1 + 1 + 2 + 12 * 8 / 60 + 0.5 + 4 * 1.5 + 0.5 + 0.5
    assert minutes(more, allocate(more, 0)) == pytest.approx(expected)


@pytest.mark.parametrize("page", ["acr", "ab"])
def test_no_precision_is_invented_for_pages_without_published_scatter(page):
    (group,) = plan(make(page=page), 20, precision=precision_of()).groups
    assert group.expected is None and group.why_not and "pilot" in group.why_not


def test_one_listener_or_one_text_has_no_precision():
    for study, listeners in [(make(), 1), (make(sentences=1), 9)]:
        (group,) = plan(study, listeners, precision=precision_of()).groups
        assert group.expected is None and group.why_not


def test_gold_page_that_no_page_shows_is_reported():
    gold = [{"sentence": "s00", "expect": {"x0": (0, 2), "x1": (0, 2)}}]
    assert any("gold" in n for n in plan(make(page="acr", gold=gold), 6).notes)
    assert plan(make(page="mushra", gold=gold), 6).notes == []


@pytest.mark.parametrize(
    ("listeners", "dropout", "said"), [(0, 0.0, "--listeners 0"), (9, 0.95, "--dropout 0.95")]
)
def test_a_plan_that_is_none_is_refused(listeners, dropout, said):
    with pytest.raises(UserError, match=said):
        plan(make(), listeners, dropout)


def test_command_alone_reports_missing_statistics(file):
    done = run(file, "--listeners", 60)
    assert done.exit_code == 0, done.output
    assert "60 listeners finish." in done.output
    assert "statistics not installed" in done.output
    assert "12/12/12" in done.output


def test_the_command_with_statistics_compares_rotated_with_the_same_texts(file):
    done = run(file, "--listeners", 60, "--dropout", 0.1, obj={"precision": precision_of})
    words = " ".join(done.output.split())
    assert "1.48" in words and "2.25" in words and "if all heard the same texts" in words
    assert "assumptions until a pilot has measured yours" in words
    assert "are replaced" in words


def test_a_pilot_replaces_the_assumptions(file, tmp_path):
    pilot = tmp_path / "report.json"
    parts = {"listener_system": 9.0, "utterance_system": 16.0, "residual": 100.0}
    pilot.write_text(json.dumps({"variance_components": parts, "label": "Simulated"}))
    done = run(file, "--listeners", 60, "--like", pilot, "--json", obj={"precision": precision_of})
    expected = json.loads(done.stdout)["groups"][0]["expected"]
    assert expected["se"] == pytest.approx((2 * (9 / 60 + 16 / 100 + 100 / 1200)) ** 0.5)
    assert f"from {pilot}" in expected["assumed"] and "Simulated" in expected["assumed"]
    pilot.write_text("{}")
    with pytest.raises(UserError, match="not a report"):
        run(
            file,
            "--listeners",
            60,
            "--like",
            pilot,
            obj={"precision": precision_of},
            catch_exceptions=False,
        )


def test_json_is_the_plan_and_nothing_else(file, tmp_path):
    picture = tmp_path / "new" / "plan.svg"
    done = run(file, "--listeners", 7, "--json", "--plot", picture)
    assert json.loads(done.stdout) == asdict(plan(read_study(file), 7))
    assert picture.is_file()


def test_a_picture_has_a_cell_for_every_system_and_text():
    study = make(sentences=5, systems=1, pages=2, arms=["mushra", "acr", "ab"]).model_copy(
        update={"name": "a<b&c"}
    )
    found = plan(study, 9)
    root = ElementTree.fromstring(svg(found))
    tips = [t.text for t in root.iter("{http://www.w3.org/2000/svg}title")]
    # The whole picture; 4 systems, 4 systems, 1 pair, of 5 texts each.
    assert len(tips) == 1 + (4 + 4 + 1) * 5
    assert "a<b&c" in (tips[0] or "")
    assert "ref / x0, s00: 1" in tips or "ref / x0, s00: 2" in tips


def test_a_picture_of_another_kind_is_refused_before_anything_is_done(file, tmp_path):
    with pytest.raises(UserError, match=r"\.svg"):
        run(file, "--listeners", 6, "--plot", tmp_path / "plan.png", catch_exceptions=False)
