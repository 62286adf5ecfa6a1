import pytest

from intone.edit_distance import edit_distance


@pytest.mark.parametrize(
    ("reference", "hypothesis", "errors"),
    [
        ("a b c", "a b c", 0),
        ("a b c", "a x c", 1),
        ("a b c", "a c", 1),
        ("a b c", "a b b c", 1),
        ("a b c", "", 3),
        ("", "a b", 2),
        ("kitten sat on it", "on it sat", 3),
        # Textbook distance of kitten and sitting, a letter a word.
        ("k i t t e n", "s i t t i n g", 3),
    ],
)
def test_fewest_edits_in_both_directions(reference: str, hypothesis: str, errors: int) -> None:
    assert edit_distance(reference.split(), hypothesis.split()) == errors
    assert edit_distance(hypothesis.split(), reference.split()) == errors
