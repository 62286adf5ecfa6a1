"""Training of the span parser: it learns, repeatably, and its weights load."""

from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from intone.errors import UserError
from tts_core.commands.text import app
from tts_core.text.parse import load_parser
from tts_core.text.parse.training import read_treebank, train_parser
from tts_core.text.parse.trees import read_trees
from tts_core.text.tagger import Tagged

NOUNS = ["dog", "cat", "king", "child", "train", "storm"]
VERBS = ["saw", "heard", "feared", "left"]


@pytest.fixture
def treebank(tmp_path: Path) -> Path:
    """Six documents of invented sentences in the Penn Treebank's manner."""
    folder = tmp_path / "bank"
    folder.mkdir()
    for document in range(6):
        trees = []
        for i, noun in enumerate(NOUNS):
            other, verb = NOUNS[(i + document) % 6], VERBS[(i + document) % 4]
            trees.append(
                f"(ROOT (S (NP-SBJ (DT The) (NN {noun})) (VP (VBD {verb}) (NP (DT a) (NN {other}))"
                f" (PP-TMP (IN in) (NP (DT the) (NN night)))) (. .)))"
            )
            trees.append("(ROOT (S (NP (PRP It)) (VP (VBD did) (RB n't) (VP (VB bark))) (. !)))")
        (folder / f"doc{document}.ptb").write_text("\n\n".join(trees), encoding="utf-8")
    return folder


def test_it_learns_and_the_same_command_gives_the_same_weights(
    treebank: Path, tmp_path: Path, need: Callable[..., None]
):
    need("minilm")
    ours, one, again, other = (tmp_path / f"{name}.safetensors" for name in "abcd")
    trained = train_parser(treebank, ours, epochs=30, seed=1, held_out=2)
    assert trained.losses[-1] < 0.2 * trained.losses[0]
    assert trained.scores["labelled"].value > 0.8
    assert trained.sentences == (48, 24)
    first = train_parser(treebank, one, epochs=2, seed=1, held_out=2)
    assert train_parser(treebank, again, epochs=2, seed=1, held_out=2) == first
    assert one.read_bytes() == again.read_bytes()
    elsewhere = train_parser(treebank, other, epochs=2, seed=2, held_out=2)
    assert elsewhere.held_out_documents == trained.held_out_documents
    assert other.read_bytes() != one.read_bytes()

    parser = load_parser(f"span:{ours}", encoder="mpnet")
    assert parser.name == "span:a.safetensors"
    words = ["The", "queen", "saw", "a", "dog", "in", "the", "night"]
    (text,) = parser([[Tagged(word, "NN", "NOUN", "dep", 0) for word in words]])
    (tree,) = read_trees(text)
    assert tree.words == words
    assert ("S", 0, 8) in tree.spans


def test_the_commands_train_and_score(treebank: Path, tmp_path: Path, need: Callable[..., None]):
    need("minilm")
    weights = tmp_path / "weights.safetensors"
    run = CliRunner().invoke
    kept_apart = ["--held-out", "2"]
    command = ["text", "train-parser", str(treebank), "-o", str(weights), "--epochs", "4"]
    done = run(app, command + kept_apart)
    assert done.exit_code == 0, done.output
    assert "trained on 48 sentences" in done.output
    assert "held out (24 sentences): labelled F1 " in done.output
    command = ["text", "score-parser", str(treebank), "--parser", f"span:{weights}"]
    scored = run(app, command + kept_apart)
    assert scored.exit_code == 0, scored.output
    assert "24 of 24 sentences have a tree" in scored.output
    (trained,) = [line for line in done.output.splitlines() if ": unlabelled F1" in line]
    (score,) = [line for line in scored.output.splitlines() if line.startswith("unlabelled F1")]
    assert trained.split("F1 ")[1] == score.split("F1 ")[1].split(" (")[0]


def test_held_out_documents_are_never_trained_on(treebank: Path):
    bank = read_treebank(treebank, 2)
    assert len(bank.held_out_documents) == 2
    assert len(bank.train) == 48
    assert bank.held_out[1].words == ["It", "didn't", "bark"]
    with pytest.raises(UserError, match="6 documents with trees"):
        read_treebank(treebank, 6)
    with pytest.raises(UserError, match=r"nowhere: no such folder"):
        read_treebank(treebank / "nowhere", 2)
    (treebank / "empty").mkdir()
    with pytest.raises(UserError, match=r"empty: no .ptb, .mrg or .trees files"):
        read_treebank(treebank / "empty", 2)


def test_a_treebank_without_sentences_is_refused(tmp_path: Path, need: Callable[..., None]):
    need("minilm")
    for name in "ab":
        (tmp_path / f"{name}.ptb").write_text("(S (NN dog))", encoding="utf-8")
    with pytest.raises(UserError, match="no sentences of 2 to 40 words"):
        train_parser(tmp_path, tmp_path / "weights.safetensors", held_out=1)
    run = CliRunner().invoke
    one = str(tmp_path / "a.ptb")
    assert "no gold tree" in str(run(app, ["text", "score-parser", one]).exception)
    kept_apart = run(app, ["text", "score-parser", one, "--held-out", "1"])
    assert "folder of documents" in str(kept_apart.exception)


def test_file_without_weights_is_refused(tmp_path: Path):
    path = tmp_path / "text.safetensors"
    path.write_text("no weights", encoding="utf-8")
    with pytest.raises(UserError, match="holds no weights of a span parser"):
        load_parser(f"span:{path}")
