"""What somebody reads who waits for a training."""

import io

from rich.console import Console

from tts_core.training.display import shown
from tts_core.training.events import Event

LOSSES = {"mel": 0.5, "kl": 10.25}
SPOKEN = {"spoken_f0_correlation": 0.196, "spoken_f0_rmse_semitones": 2.72, "spoken_pauses": 1.0}


def test_a_narrow_terminal_shows_speed_padding_and_the_time_that_is_left():
    out = io.StringIO()
    console = Console(file=out, width=80, force_terminal=True, color_system=None)
    about = (1, "acoustic model and reference encoder", 10, 350)
    with shown("kathaka_demo", console) as watch:
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
