"""Import of webMUSHRA files with each known defect."""

import pytest

from analysis.data.importers.recognise import import_results
from analysis.data.importers.rows import Options
from analysis.data.ratings import read_ratings
from intone.errors import UserError
from tests.analysis.data import foreign

PAIRS = (
    "session_test_id,age,trial_id,choice_reference,choice_non_reference,choice_answer,"
    "choice_time,choice_comment"
)
BS1116 = (
    "session_test_id,age,trial_id,rating_reference,rating_non_reference,rating_reference_score,"
    "rating_non_reference_score,rating_time,choice_comment"
)
LSS = "session_test_id,age,trial_id,stimuli_rating,stimuli,rating_time"


@pytest.fixture
def mushra(tmp_path):
    def make(lines, name="mushra.csv"):
        return foreign.write(tmp_path / name, lines)

    return make


def _read(*files, **options):
    source, _ = import_results(list(files), options=Options(**options))
    return source.frame, " ".join(source.notes)


def test_without_session_ids_a_run_of_rows_is_a_listener(mushra):
    plain = mushra([foreign.mushra_header(False), *foreign.mushra_rows(uuid=False)], "old.csv")
    frame, notes = _read(plain)
    assert frame["listener"].nunique() == frame["session"].nunique() == 4
    assert frame.groupby("listener").size().tolist() == [15] * 4
    assert "no session ids" in notes
    # Without a questionnaire, only the stimulus that comes again tells two listeners apart.
    header = foreign.mushra_header(False).replace("email,age,", "")
    rows = [",".join(["tts", *row.split(",")[3:]]) for row in foreign.mushra_rows(uuid=False)]
    bare, _ = _read(mushra([header, *rows], "bare.csv"))
    assert bare["score"].tolist() == frame["score"].tolist()
    assert bare["listener"].tolist() == frame["listener"].tolist()


def test_a_questionnaire_that_changed_after_the_header_was_written(mushra):
    good = foreign.mushra_rows()
    longer = [row.replace(",20,", ",20,yes,").replace(",21,", ",21,no,") for row in good]
    shorter = [row.replace(",23,", ",") for row in longer]
    frame, notes = _read(mushra([foreign.mushra_header(), *shorter]), keep_columns=("age",))
    whole, _ = _read(mushra([foreign.mushra_header(), *good], "good.csv"))
    for column in ("listener", "utterance", "system", "score", "stimulus_index"):
        assert frame[column].tolist() == whole[column].tolist()
    # A value under another heading is not taken for an age.
    assert set(frame["age"].dropna()) == {"22"}
    assert "45 rows from mushra.csv, line 2 on do not fit the header" in notes


def test_session_ids_that_began_after_the_header_was_written(mushra):
    lines = [foreign.mushra_header(False), *foreign.mushra_rows()]
    frame, notes = _read(mushra(lines))
    assert frame["listener"].unique().tolist() == foreign.UUIDS[:4]
    assert "60 rows from mushra.csv, line 2 on" in notes


def test_files_joined_by_hand(mushra):
    header, rows = foreign.mushra_header(), foreign.mushra_rows()
    other = header.replace("email,age", "age")
    last = [row.replace(",p3@mail.example", "") for row in rows[45:]]
    lines = [header, *rows[:30], "", header, *rows[15:45], ",,,,,,,,", other, *last]
    frame, notes = _read(mushra(lines))
    assert len(frame) == 60
    for said in ("2 more header lines left out", "2 blank lines left out", "15 copied rows left"):
        assert said in notes
    assert "do not fit the header" not in notes
    old = [foreign.mushra_header(False), *foreign.mushra_rows(uuid=False)]
    frame, notes = _read(mushra([*old, *old], "twice.csv"))
    assert frame["listener"].nunique() == 4
    assert "60 copied rows left out" in notes


def test_pages_possibly_unrated_are_counted(mushra):
    rows = foreign.mushra_rows()
    flat = [
        f"tts,x,9,{foreign.UUIDS[6]},s0{page},{label},{value},1200,"
        for page, value in ((0, 100), (1, 100), (2, 50))
        for label in foreign.LABELS
    ]
    _, notes = _read(mushra([foreign.mushra_header(), *rows, *flat]))
    assert "2 pages of 15 hold only 100" in notes
    assert "1 page of 15 give every version the same score" in notes
    assert "hold only" not in _read(mushra([foreign.mushra_header(), *rows]))[1]


def test_semicolons_and_a_byte_order_mark_of_a_spreadsheet(tmp_path):
    lines = [foreign.mushra_header(), *foreign.mushra_rows()]
    path = tmp_path / "excel.csv"
    path.write_text("\ufeff" + "\r\n".join(lines).replace(",", ";"), encoding="utf-8")
    assert len(read_ratings(path).frame) == 60


def test_pairs_become_preferences(mushra):
    answers = ["correct", "incorrect", "undecided", "unknown"]
    rows = [f"tts,30,s0{n},reference,sysA,{answer},900," for n, answer in enumerate(answers)]
    source, kind = import_results([mushra([PAIRS, *rows], "paired_comparison.csv")])
    assert kind == "preferences"
    frame = source.frame
    assert frame["choice"].tolist() == ["a", "b", "none"]
    assert set(frame["system_a"]) == {"reference"}
    assert frame["first_on_screen"].isna().all()
    notes = " ".join(source.notes)
    assert "an identification" in notes
    assert "1 pair without an answer" in notes
    with pytest.raises(UserError, match=r"choices between two versions, not ratings; `intone"):
        read_ratings(mushra([PAIRS, *rows], "p.csv"))


def test_bs1116_becomes_difference_grades(mushra):
    rows = [
        f"tts,{person},s0,reference,{system},{reference},{grade},900,"
        for person in (1, 2)
        for system, reference, grade in (("sysA", 5, 3.25), ("sysB", 4.5, 5))
    ]
    path = mushra([BS1116, *rows], "bs1116.csv")
    frame, notes = _read(path)
    assert frame["score"].tolist() == [-1.75, 0.5] * 2
    assert "2 BS.1116 pages of 4 graded the version above the hidden reference" in notes
    assert read_ratings(path).scale == (-4.0, 4.0)


def test_category_ratings(mushra):
    rows = [
        f"tts,{person},u{n},{n + person},{system},800"
        for person in (1, 2)
        for n in (1, 2)
        for system in ("sysA", "sysB")
    ]
    rows[3] = "tts,1,u2,NA,sysB,800"
    frame, notes = _read(mushra([LSS, *rows], "lss.csv"))
    assert frame["score"].tolist() == [2, 2, 3, 3, 3, 4, 4]
    assert frame["page_index"].tolist() == [0, 1, 2, 0, 1, 2, 3]
    assert "1 stimulus rating not given" in notes
    assert "1 to 5 was assumed" in notes
    blanks = [row.replace(",2,", ", 2 ,").replace(",3,", ", 3 ,") for row in rows]
    multi, _ = _read(mushra([LSS, *blanks], "lms.csv"))
    assert multi["score"].tolist() == frame["score"].tolist()
    assert multi["page_index"].tolist() == [0, 0, 1, 0, 0, 1, 1]
    assert multi["stimulus_index"].isna().all()
    wide = [row.replace(",4,", ",9,") for row in rows]
    with pytest.raises(UserError, match=r"line 8: rating 9 is outside 1 to 5 .* --scale"):
        _read(mushra([LSS, *wide], "nine.csv"))
    nine, notes = _read(mushra([LSS, *wide], "nine.csv"), scale=(1.0, 9.0))
    assert set(nine["scale_max"]) == {9.0}
    assert "assumed" not in notes


def test_category_ratings_on_two_scales_under_a_header_for_one(mushra):
    rows = [
        f"tts,{person},u{n},4,{n},{system},800"
        for person in (1, 2)
        for n in (1, 2)
        for system in ("sysA", "sysB")
    ]
    path = mushra([LSS, *rows], "lss.csv")
    frame, notes = _read(path)
    assert frame["question"].tolist()[:2] == ["scale 1", "scale 2"]
    assert "8 rows have another number of ratings than the header, first lss.csv, line 2" in notes
    assert read_ratings(path, question="scale 2").frame["score"].tolist() == [1, 1, 2, 2] * 2
    with pytest.raises(UserError, match="ratings cannot be told from the questionnaire"):
        _read(mushra([LSS, "tts,30,yes,u1,4,sysA,800"], "odd.csv"))


def test_labels_with_another_meaning(mushra, tmp_path):
    path = mushra([foreign.mushra_header(), *foreign.mushra_rows()])
    names = foreign.write(
        tmp_path / "map.csv",
        ["page,label,utterance,system", "s00,sysA,hello,camp", "s00,sysB,hello,ntts"],
    )
    frame, _ = _read(path, mapping=names)
    assert set(frame.loc[frame["utterance"] == "hello", "system"]) == {"camp", "ntts"}
    foreign.write(names, ["page,label,utterance,system", "s77,sysA,hello,camp"])
    with pytest.raises(UserError, match=r"map.csv, line 2: no page 's77' with a label 'sysA'"):
        _read(path, mapping=names)


GOOD = [foreign.mushra_header(), *foreign.mushra_rows(2, 2)]


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ([*GOOD, GOOD[1].replace(",57,", ",12,").replace(",31500,", ",9,")], "line 22: listener"),
        ([*GOOD[:2], GOOD[2].rsplit(",", 3)[0] + ",nan,31500,"], "line 3: score 'nan' is not a"),
        ([*GOOD[:2], GOOD[2].rsplit(",", 3)[0] + ",,31500,"], "line 3: the score is missing"),
        ([*GOOD[:2], GOOD[2].rsplit(",", 3)[0] + ",1_0,31500,"], "score '1_0' is not a number"),
        ([*GOOD[:2], GOOD[2].rsplit(",", 3)[0] + ",101,31500,"], "score 101.0 lies outside"),
        ([*GOOD[:2], GOOD[2].rsplit(",", 3)[0] + ",50,soon,"], "line 3: time 'soon' is not a"),
        ([GOOD[0], *(row.replace(",", ";") for row in GOOD[1:])], "line 2: 1 cell where at least"),
        ([*GOOD[:3], GOOD[3][:40]], "mushra.csv, line 4: "),
        # Its labels are numbers, too: read from the end, the label would pass for the score.
        ([GOOD[0], "tts,x,9,id-1,7,1,55,31500"], "line 2: 8 cells where the header has 9, and"),
        ([*GOOD[:3], 'tts,"open'], "line 4: not a table"),
        ([GOOD[0]], "only a header, no results"),
        ([*GOOD, PAIRS], "line 22: paired_comparison pages follow mushra pages"),
        ([GOOD[0].replace("rating_stimulus", "name")], "no scores or choices of stimuli"),
        ([GOOD[0], GOOD[1].replace("s00", " ")], "line 2: trial_id is blank"),
    ],
)
def test_broken_files_are_refused_in_one_sentence(mushra, lines, said):
    with pytest.raises(UserError) as refused:
        read_ratings(mushra(lines))
    text = str(refused.value)
    assert text.startswith("mushra.csv")
    assert said in text
    assert "\n" not in text


def test_a_file_in_another_encoding_and_kinds_mixed(tmp_path, mushra):
    latin = tmp_path / "latin.csv"
    latin.write_bytes("\n".join([*GOOD, GOOD[1].replace("p0", "Jörg")]).encode("latin-1"))
    with pytest.raises(UserError, match=r"latin.csv, line 22: not UTF-8; save the file as UTF-8"):
        read_ratings(latin)
    lss = mushra([LSS, "tts,1,u1,3,sysA,800"], "lss.csv")
    with pytest.raises(UserError, match=r"mushra.csv and lss.csv: lss and mushra pages ask"):
        _read(mushra(GOOD), lss)
    with pytest.raises(UserError, match=r"no column 'name' fits this row .* email, age"):
        _read(mushra(GOOD), listener_column="name")
