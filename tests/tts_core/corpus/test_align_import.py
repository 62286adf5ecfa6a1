"""Imported alignments are exact or refused with the first difference."""

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from intone.errors import UserError
from tts_core.corpus.alignment.align import align
from tts_core.corpus.alignment.types import Utterance

WORDS = (("HH", "AH0", "L", "OW1"), ("W", "ER1", "L", "D"))
TIMES = np.array([[0.1 * i, 0.1 * i + 0.1] for i in (1, 2, 3, 4, 6, 7, 8, 9)])
LONG = """File type = "ooTextFile"
Object class = "TextGrid"

xmin = 0
xmax = 1.2
tiers? <exists>
size = 2
item []:
    item [1]:
        class = "IntervalTier"
        name = "words"
        xmin = 0
        xmax = 1.2
        intervals: size = 1
        intervals [1]:
            xmin = 0
            xmax = 1.2
            text = "hello ""big"" world! 3 <exists>"
    item [2]:
        class = "IntervalTier"
        name = "phones"
        xmin = 0
        xmax = 1.2
        intervals: size = {size}
{intervals}"""
SHORT = """File type = "ooTextFile"
Object class = "TextGrid"

0
1.2
<exists>
1
"IntervalTier"
"phones"
0
1.2
{size}
{intervals}"""


def intervals(labels=("HH", "AH0", "L", "OW1", "W", "ER1", "L", "D"), silence="sil"):
    """(start, end, label): speech with silence before, within and after."""
    rows = [(*pair, label) for pair, label in zip(TIMES.tolist(), labels, strict=True)]
    return [(0, 0.1, ""), *rows[:4], (0.5, 0.6, silence), *rows[4:], (1.0, 1.2, "sp")]


def long_form(rows) -> str:
    lines = [
        f'        intervals [{n}]:\n xmin = {a}\n xmax = {b}\n text = "{label}"'
        for n, (a, b, label) in enumerate(rows, start=1)
    ]
    return LONG.format(size=len(rows), intervals="\n".join(lines))


def short_form(rows) -> str:
    lines = [f'{a}\n{b}\n"{label}"' for a, b, label in rows]
    return SHORT.format(size=len(rows), intervals="\n".join(lines))


@pytest.fixture
def utterances(tmp_path):
    wav = tmp_path / "u.wav"
    soundfile.write(wav, np.zeros(19200), 16000)
    return {"u": Utterance(wav, WORDS)}


@pytest.fixture
def grids(tmp_path):
    (tmp_path / "grids" / "speaker").mkdir(parents=True)
    return tmp_path / "grids"


def refused(grids, utterances, text) -> str:
    (grids / "u.TextGrid").write_text(text, encoding="utf-8")
    return align(str(grids), utterances).failures["u"]


@pytest.mark.parametrize("form", [long_form, short_form])
@pytest.mark.parametrize("coding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("silence", ["", "sil", "SIL", "sp", "spn"])
def test_every_form_of_textgrid_gives_the_same_times(grids, utterances, form, coding, silence):
    path = grids / "speaker" / "u.TextGrid"
    path.write_text(form(intervals(silence=silence)), encoding=coding)
    found = align(str(grids), utterances)
    assert (found.aligner, found.failures) == ("TextGrid", {})
    np.testing.assert_allclose(found.times["u"], TIMES)


def test_stress_may_be_missing_in_the_file(grids, utterances):
    bare = ("HH", "AH", "L", "OW", "W", "ER", "L", "D")
    (grids / "u.TextGrid").write_text(short_form(intervals(bare)), encoding="utf-8")
    np.testing.assert_allclose(align(str(grids), utterances).times["u"], TIMES)


def test_other_phones_are_refused_with_the_first_difference(grids, utterances):
    """Nothing is stretched to fit, though the number of phones agrees."""
    other = ("HH", "EH0", "L", "OW1", "W", "ER1", "L", "T")
    why = refused(grids, utterances, short_form(intervals(other)))
    assert why == "phone 2 is AH in our reading of the text and EH in the file"
    why = refused(grids, utterances, short_form(intervals()[:-2]))
    assert why == "phone 8 is D in our reading of the text and missing in the file"


def test_times_outside_the_recording_are_refused(grids, utterances):
    late = [(a + 1, b + 1, label) for a, b, label in intervals()]
    assert "end at 2.00 s, the recording at 1.20 s" in refused(grids, utterances, short_form(late))
    rows = intervals()
    rows[2] = (0.0, 0.3, "AH0")
    assert "overlap" in refused(grids, utterances, short_form(rows))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("hello", "not a Praat TextGrid"),
        (short_form(intervals())[:150], "damaged or ends too early"),
        (short_form(intervals()).replace("phones", "syllables"), "its tiers are syllables"),
    ],
)
def test_a_bad_textgrid_is_one_failure_with_a_reason(grids, utterances, text, why):
    assert why in refused(grids, utterances, text)


def test_a_ctm_file_gives_the_same_times(tmp_path, utterances):
    """Also with comments, Kaldi's word positions and lines out of order."""
    lines = [
        f"u 1 {a:.2f} {b - a:.2f} {label}_{'BIES'[n % 4]} 0.9" if label else f"u 1 {a} {b - a} SIL"
        for n, (a, b, label) in enumerate(intervals(silence=""))
    ]
    path = tmp_path / "phones.ctm"
    path.write_text(";; comment\n" + "\n".join(reversed(lines)) + "\n")
    found = align(str(path), utterances)
    assert found.aligner == "CTM"
    np.testing.assert_allclose(found.times["u"], TIMES)


@pytest.mark.parametrize("duration", ["nan", "inf", "-inf"])
def test_a_time_that_is_no_number_refuses_its_utterance(tmp_path, utterances, duration):
    lines = [f"u 1 {a:.2f} {b - a:.2f} {label or 'SIL'}" for a, b, label in intervals()]
    first = next(n for n, line in enumerate(lines) if not line.endswith("SIL"))
    fields = lines[first].split()
    lines[first] = " ".join([*fields[:3], duration, fields[4]])
    path = tmp_path / "phones.ctm"
    path.write_text("\n".join(lines) + "\n")
    assert "not a number" in align(str(path), utterances).failures["u"]


def test_a_ctm_of_another_form_names_the_line(tmp_path, utterances):
    path = tmp_path / "phones.ctm"
    path.write_text("u 1 0.0 0.1 HH\nu 1 zero 0.1 AH\n")
    with pytest.raises(UserError, match=r"phones.ctm, line 2: expected `utterance channel"):
        align(str(path), utterances)


def test_a_source_that_is_not_there_or_of_another_corpus_is_an_error(tmp_path, grids, utterances):
    with pytest.raises(UserError, match="no such aligner; one of auto, viter, pocketsphinx"):
        align(str(tmp_path / "nowhere"), utterances)
    with pytest.raises(UserError, match="holds no alignment of this corpus"):
        align(str(grids), utterances)


def test_utterances_without_an_alignment_are_listed(grids, utterances):
    (grids / "u.TextGrid").write_text(short_form(intervals()), encoding="utf-8")
    empty = {"empty": Utterance(utterances["u"].wav, ())}
    found = align(str(grids), utterances | {"other": utterances["u"]} | empty)
    assert set(found.times) == {"u"}
    assert found.failures == {
        "other": "grids has no alignment of it",
        "empty": "there is nothing to read in the text",
    }


@given(st.binary(max_size=200), st.sampled_from(["", 'File type = "ooTextFile"\n"TextGrid"\n']))
def test_any_bytes_are_an_alignment_or_a_reason(tmp_path_factory, junk, head):
    folder = tmp_path_factory.mktemp("junk")
    soundfile.write(folder / "u.wav", np.zeros(1600), 16000)
    (folder / "u.TextGrid").write_bytes(head.encode() + junk)
    assert "u" in align(str(folder), {"u": Utterance(folder / "u.wav", WORDS)}).failures
