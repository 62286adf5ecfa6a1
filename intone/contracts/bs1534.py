"""Demands of ITU-R BS.1534-3 for study check and report.

Both cite demands of this table, so that they agree on clauses, numbers and statuses. Where the
number of a clause is not certain, its topic is given.
"""

from dataclasses import dataclass
from typing import Literal

Status = Literal["met", "departs", "you must report"]
MET: Status = "met"
DEPARTS: Status = "departs"
REPORT: Status = "you must report"

CAUTION = (
    "Clauses are those of the edition of 10/2015 as a transcription has them: look them up in the "
    "ITU's text before you cite one."
)

BAND_LABELS = ("Excellent", "Good", "Fair", "Poor", "Bad")
# Nine systems, hidden reference and two anchors.
MOST_SIGNALS = 12
FEWEST_EXCERPTS = 5
EXCERPTS_PER_SYSTEM = 1.5
# Often sufficient under tight control; no minimum.
ENOUGH_ASSESSORS = 20
# Good anchors, points of a scale from 0 to 100.
ANCHORS_APART = 20


@dataclass(frozen=True)
class ComplianceRow:
    """Status of one demand.

    Attributes:
        clause: topic or number of the demand's section.
        requirement: text of the demand.
        status: met; departs; or you must report: what the demand is about was not observed.
        found: observation that decides the status, or advice.
    """

    clause: str
    requirement: str
    status: Status
    found: str


@dataclass(frozen=True)
class Demand:
    """One demand of the standard.

    Attributes:
        clause: topic or number of its section.
        requirement: text of the demand.
    """

    clause: str
    requirement: str

    def row(self, status: Status, observation: str) -> ComplianceRow:
        """Return the demand with its status."""
        return ComplianceRow(self.clause, self.requirement, status, observation)


def enough_excerpts(excerpts: int, systems: int) -> bool:
    """Return true if each of the tested systems has enough excerpts."""
    return excerpts >= max(FEWEST_EXCERPTS, EXCERPTS_PER_SYSTEM * systems)


HIDDEN_REFERENCE = Demand(
    "considering (i)", "a given reference, hidden among the versions of every page"
)
ANCHORS = Demand("considering (i)", "low and mid anchor on every page")
SIGNALS = Demand("trials", f"at most {MOST_SIGNALS} signals in a trial")
BLOCKS = Demand("trials", "larger sets in a blocked design, which is reported")
ATTRIBUTE = Demand("trials", "one attribute in a trial, basic audio quality first")
ORDER = Demand("trials", "order randomised within and between sessions")
FREE_LISTENING = Demand("trials", "free order, replays without limit, switching at once")
LENGTH = Demand("signals", "about 10 s, preferably at most 12 s; longer ones are justified")
BANDWIDTH = Demand("signals", "the reference has full bandwidth")
LOW_MASK = Demand(
    "signals", "low anchor of 3.5 kHz: ripple at most 0.1 dB, 25 dB at 4 kHz, 50 dB at 4.5 kHz"
)
MID_MASK = Demand(
    "signals",
    "mid anchor of 7 kHz (no mask is printed for it; held to the shape of the low one)",
)
SYNCHRONY = Demand("switching and looping", "switching among versions in synchrony")
LOOPS = Demand(
    "switching and looping",
    "loops of 500 ms or more; 5 ms raised-cosine fades out, then in; never a cross-fade",
)
SCALE = Demand("scale", "a continuous scale from 0 to 100")
BANDS = Demand("scale", f"five equal bands: {', '.join(BAND_LABELS)}")
SCALE_LENGTH = Demand("scale", "at least 10 cm on the screen")
HEARD_SLIDER = Demand("5.4, Att. 2", "only the slider of the item being heard can be moved")
TRAINING = Demand("training", "training before the test, its grades discarded")
EXPOSURE = Demand("training", "it has the full range of impairments and all test signals")
INSTRUCTIONS = Demand(
    "instructions", "instructions say that an item must get 100 and that the worst need not be Bad"
)
LOUDNESS = Demand("levels", "loudness aligned by experts, one fixed gain in a trial")
ADJUSTMENT = Demand("levels", "listeners adjust between items only, by at most 4 dB")
REFERENCE_LEVEL = Demand("levels", "reference at 78 ± 0.25 dBA")
TRANSDUCER = Demand("levels", "one type of transducer in a session")
EQUAL_EXCERPTS = Demand("material", "as many excerpts for each system")
EXCERPTS = Demand(
    "material",
    f"at least {FEWEST_EXCERPTS} excerpts, about {EXCERPTS_PER_SYSTEM} times as many as systems",
)
CRITICAL_ITEMS = Demand("material", "critical items")
EXPERIENCE = Demand("assessors", "experienced, pre-screened for hearing and trained")
REPLICATION = Demand("assessors", "ratings are replicated, to see how reliable a listener is")
PANEL = Demand("assessors", f"enough assessors: {ENOUGH_ASSESSORS} often suffice")
POST_SCREENING = Demand(
    "post-screening",
    "who rates the hidden reference below 90, or the mid anchor above 90, on more than 15 % of "
    "items is left out",
)
RECORDING = Demand("5.5", "sessions are recorded (recommended)")
SPAN = Demand("statistics", "scores span 20 to 80")
ANCHOR_DISTANCE = Demand("Att. 5", f"anchors {ANCHORS_APART} to 30 points apart")
MEDIANS = Demand("statistics", "median and interquartile range")
RESAMPLING = Demand("Att. 3", "resampling test of medians")
VARIANCE = Demand("Att. 4", "analysis of variance, Huynh-Feldt rule, effect size")
HOCHBERG = Demand("Att. 4", "Hochberg's correction of planned contrasts")
TEST_REPORT = Demand(
    "10",
    "box plots, means with 95 % intervals, numbers, screening, anchors, material, transducer, "
    "instructions, deviations",
)
