"""Audit of blindness: clean on our pages, and planted violations fail it."""

import json
import subprocess
import sys
from dataclasses import replace

import pytest

from mushra_app.audit.checks import checks, named_in_texts, renamed
from mushra_app.audit.observed import Observations, Response
from mushra_app.study.file import read_study
from mushra_app.study.steps import TextStep, TrialsStep
from tests.mushra_app.support import SENTENCES, SYSTEMS, make_study

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def mixed(tmp_path_factory, browser):
    del browser  # the audit needs Chromium
    steps = [TextStep(), *(TrialsStep(page=kind, pages=1) for kind in ("mushra", "ab"))]
    return make_study(tmp_path_factory.mktemp("audit"), sitting=steps)


def test_renamed_copy_keeps_its_steps(mixed, tmp_path):
    copy, names = renamed(read_study(mixed), mixed, tmp_path)
    assert set(names) <= {*SYSTEMS, *SENTENCES}
    text = copy.read_text() + (copy.parent / "stimuli" / "stimuli.json").read_text()
    assert not any(name in text for name in [*SYSTEMS, *SENTENCES])
    assert [step.type for step in read_study(copy).sitting] == ["text", *["trials"] * 2]


def test_study_of_all_page_types_is_blind(mixed):
    done = run(mixed)
    assert done.returncode == 0, done.stderr[-2000:]
    results = json.loads(done.stdout)
    assert [check["against"] for check in results if not check["passed"]] == []
    assert len(results) == 9


def test_text_that_names_a_system_fails(mixed):
    study = read_study(mixed)
    assert named_in_texts(study).passed
    named = study.model_copy(update={"prompt": "How natural is zebrabaseline?"})
    assert named_in_texts(named).against == ["'zebrabaseline' is in a text of the study file"]
    longer = study.model_copy(update={"prompt": "How natural is zebrabaselines?"})
    assert named_in_texts(longer).passed


def run(study):
    """Run the command in another process, because a process holds one driver."""
    command = [sys.executable, "-m", "intone", "study", "audit", str(study)]
    return subprocess.run([*command, "--json"], capture_output=True, text=True, check=False)


SOUND = Response("u", {"content-type": "audio/wav"}, " " * 36 + "data", 100)


@pytest.mark.parametrize(
    ("failing", "seen"),
    [
        (
            "no response names",
            Observations(responses=[Response("http://x/a", {}, "by qsecret", 9)]),
        ),
        (
            "no response names",
            Observations(responses=[Response("http://x/qsecret.wav", {}, "", 9)]),
        ),
        (
            "no response names",
            Observations(responses=[Response("u", {"x-name": "qsecret"}, "", 9)]),
        ),
        ("the page itself", Observations(documents=["<p id='qsecret'>"])),
        ("same size", Observations(sounds={0: [SOUND, replace(SOUND, url="v", size=99)]})),
        ("same length", Observations(lengths={0: [5, 6]})),
        ("no validator", Observations(sounds={0: [replace(SOUND, headers={"etag": "1"})]})),
        ("no validator", Observations(sounds={0: [replace(SOUND, body="LIST artist" + " " * 60)]})),
        ("address of its own", Observations(sounds={0: [SOUND, SOUND]})),
        ("comes faster", Observations(seconds={0: [[0.01] * 9, [0.012] * 9, [0.05] * 9]})),
        ("comes faster", Observations(seconds={0: [[0.01] * 9, [0.02] * 9]})),
        ("foreign host", Observations(hosts={"cdn.example"})),
    ],
)
def test_planted_violation_fails_its_check(failing, seen):
    [failed] = [check for check in checks(seen, ["qsecret"]) if not check.passed]
    assert failing in failed.name
