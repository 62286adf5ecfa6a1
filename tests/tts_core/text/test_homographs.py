"""Words that are written alike and said differently, in sentences."""

from pathlib import Path

from tts_core.text.analyse import Frontend

SENTENCES = [
    line.split("\t")
    for line in Path(__file__).with_name("homographs.tsv").read_text("utf-8").splitlines()
    if not line.startswith("#")
]


def test_at_least_nineteen_homographs_of_twenty_are_right(rules: Frontend):
    """The rest are mistakes of the tagger ("a minute difference")."""
    wrong = []
    analyses = rules.analyse_all([text for *_, text in SENTENCES])
    for (word, phones, text), sentence in zip(SENTENCES, analyses, strict=True):
        found = next(unit for unit in sentence.words if unit.text.lower() == word)
        if " ".join(found.phones) != phones:
            wrong.append(f"{word} as {found.pos} in: {text}")
    assert len(SENTENCES) > 120
    assert len(wrong) <= 0.05 * len(SENTENCES), wrong
