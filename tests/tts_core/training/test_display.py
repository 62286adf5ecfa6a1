"""Progress display of a training."""

import io

import pytest
from rich.console import Console

from tts_core.corpus.dataset import PreparedCorpus
from tts_core.training.display import shown
from tts_core.training.events import Event
from tts_core.training.loop import train

LOSSES = {"mel": 0.5, "kl": 10.25}
SPOKEN = {"spoken_f0_correlation": 0.196, "spoken_f0_rmse_semitones": 2.72, "spoken_pauses": 1.0}


def test_a_narrow_terminal_shows_speed_padding_and_the_time_that_is_left():
    out = io.StringIO()
    console = Console(file=out, width=80, force_terminal=True, color_system=None)
    about = (1, "acoustic model and reference encoder", 10, 350)
    with shown("kathaka_demo", console) as (watch, _):
        watch(Event(*about, LOSSES, 23.4, 0.06))
        watch(Event(*about, LOSSES | SPOKEN, validation=True))
    said = out.getvalue()
    assert "…" not in said, "nothing is cut off"
    for word in ("10/350 steps", "23 s/s, 6% padding", "left", "encoder"):
        assert word in said
    line = next(line for line in said.splitlines() if "held out" in line)
    assert "stage 1 step 10: held out mel 0.500 kl 10.250; spoken: F0" in line
    assert "2.7 semitones" in said
    assert "spoken_" not in said


def test_an_average_of_best_steps_is_not_taken_for_a_validation(corpus, tiny, tmp_path):
    out = io.StringIO()
    best = {"keep": "best", "average": 3, "validate_every": 2, "lr": 0.02}
    recipe = tiny("ntts", 12, **{f"stages.2.{key}": value for key, value in best.items()})
    with shown("ntts", Console(file=out, width=200)) as (watch, _):
        train(recipe, corpus, tmp_path / "run", watch=watch)
    said = [line.strip() for line in out.getvalue().splitlines() if "held out" in line]
    [ended] = [line for line in said if "stage 2 step" not in line and "stage 1" not in line]
    assert ended.startswith(
        "ntts stage 2 has ended. The weights of its 3 best steps are averaged, and the average is "
        "what the stage leaves: held out duration "
    )
    assert ended == said[-1]
    assert len(said) == 1 + 6 + 1


@pytest.mark.parametrize("terminal", [True, False])
def test_reading_of_a_corpus_is_shown(terminal, sharded, tiny, tmp_path):
    """A terminal counts every shard; a log has one line."""
    out = io.StringIO()
    options = {"force_terminal": terminal, "color_system": None, "width": 100}
    with shown("ntts", Console(file=out, **options)) as (watch, reading):
        heard: list[tuple[str, int, int]] = []

        def both(*told):
            heard.append(told)
            reading(*told)

        corpus = PreparedCorpus(sharded.path, both)
        train(tiny("ntts", 1), corpus, tmp_path / "run", watch=watch)
    for split in ("train", "validation"):
        counted = [told[1:] for told in heard if told[0] == f"Reading the corpus ({split})"]
        assert counted == 2 * [(done, 41) for done in range(42)]
    said = out.getvalue()
    assert said.index("Reading the corpus (train)") < said.index("acoustic model")
    if terminal:
        assert "0/41 shards" in said
    else:
        assert said.count("Reading the corpus") == 1
        assert "Reading the corpus (train): 41 shards\n" in said
