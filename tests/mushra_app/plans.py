"""Studies to be allocated, and how even an allocation is."""

from hypothesis import strategies as st

from mushra_app.design.allocation import allocate
from mushra_app.page_types.score import Score
from mushra_app.study.file import Study

KINDS = ["mushra", "mushra_nmr", "ab", "acr"]
ARMS = ["mushra", "acr", "ab"]


def make(
    sentences=6,
    systems=2,
    pages=2,
    arms=(),
    anchors=True,
    seed=1,
    training=None,
    texts=None,
    **trials,
):
    """Return a study of one step of trials, optionally after training."""
    sitting = [{"type": "trials", "sentences": texts, **trials}]
    if training is not None:
        sitting.insert(0, {"type": "training", "page": trials.get("page", "mushra"), **training})
    return Study.model_validate(
        {
            "name": "plan",
            "title": "t",
            "stimuli": "stimuli",
            "reference": "ref",
            "systems": [f"x{i}" for i in range(systems)],
            "sentences": [f"s{i:02}" for i in range(sentences)],
            "anchors": {"low": anchors, "mid": anchors},
            "pages_per_listener": min(pages, sentences),
            "seed": seed,
            "sitting": sitting,
            "arms": [{"name": f"arm{i}", "page": page} for i, page in enumerate(arms)],
            "contact": "c",
            "consent": {"text": "yes?"},
        }
    )


@st.composite
def studies(draw, kinds=KINDS, **fixed):
    sentences = draw(st.integers(1, 12))
    return make(
        sentences=sentences,
        systems=draw(st.integers(1, 5)),
        pages=draw(st.integers(1, sentences)),
        arms=draw(st.sampled_from([(), (None, None), ARMS])) if kinds is KINDS else (),
        anchors=draw(st.booleans()),
        seed=draw(st.integers(0, 99)),
        page=draw(st.sampled_from(kinds)),
        **fixed,
    )


def rated(study, number, place=None):
    return [page for page in allocate(study, number, place) if page.phase == "test"]


def cell(page):
    return page.sentence, frozenset(page.slots)


def even(counts, everything):
    found = [counts[x] for x in everything]
    return max(found) - min(found) <= 1


def score(value):
    return Score(score=value, n_plays=1, heard_ms=1, rating_time_ms=1, seq=1)
