from hypothesis import given
from hypothesis import strategies as st

from tts_core.corpus.links import neighbours
from tts_core.types import Recording

places = st.lists(
    st.tuples(
        st.sampled_from(["anna", "ben"]),
        st.sampled_from([None, "p1", "p2"]),
        st.one_of(st.none(), st.integers(0, 6)),
    ),
    max_size=20,
)


def read(speaker: str, paragraph: str | None, position: int | None, name: str) -> Recording:
    return Recording(name, name, "Yes.", "", speaker, paragraph, position)


def test_consecutive_sentences_of_a_paragraph_are_neighbours():
    found = [read("anna", "p", n, f"u{n}") for n in (2, 1, 3, 5)]
    assert neighbours(found) == {
        "u1": (None, "u2"),
        "u2": ("u1", "u3"),
        "u3": ("u2", None),
        "u5": (None, None),
    }


def test_other_paragraphs_other_speakers_and_isolated_sentences_are_not():
    found = [
        read("anna", "p", 1, "a"),
        read("anna", "q", 2, "b"),
        read("ben", "p", 2, "c"),
        read("anna", None, 2, "d"),
        read("anna", "p", None, "e"),
    ]
    assert set(neighbours(found).values()) == {(None, None)}


@given(places, st.randoms(use_true_random=False))
def test_links_hold_both_ways_whatever_the_order(rows, shuffler):
    found = [read(*row, f"u{n}") for n, row in enumerate(rows)]
    links = neighbours(found)
    of = {r.utterance: r for r in found}
    for utterance, (before, after) in links.items():
        for other, step in ((before, -1), (after, 1)):
            if other is not None:
                one, two = of[utterance], of[other]
                assert one.position is not None and two.position == one.position + step
                assert (one.speaker, one.paragraph) == (two.speaker, two.paragraph)
                back = links[other][0 if step == 1 else 1]
                assert back is not None and of[back].position == one.position
    mixed = found.copy()
    shuffler.shuffle(mixed)
    assert neighbours(mixed) == links
