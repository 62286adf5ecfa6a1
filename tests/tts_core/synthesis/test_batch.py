"""Requested prosody: from a recording, an edited file, a seed."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from intone.errors import UserError
from tts_core.commands.stimuli import in_context, read_contexts
from tts_core.config import Features
from tts_core.corpus.shards import write_shard
from tts_core.models.build import build
from tts_core.synthesis.batch import JOURNAL, SynthOptions, synth
from tts_core.synthesis.passage import analyse_passages, sentence_texts
from tts_core.synthesis.synthesize import Synthesizer

TEXT = "The small boat came home."
LONG = f'{TEXT} "Is it late?" Dr. Wood said. "Go home!" he said.'
READ = "Author of the danger trail, Philip Steels, etc."


@pytest.fixture
def say(voice, speaker):
    """say(system, out, text, ...): the command with a vocoder that costs little."""

    def run(system: str, out: Path, text: str | None = None, as_json: bool = False, **options):
        wish = SynthOptions(system, out, text, voice=voice, **options)
        synth(wish, as_json, speaker(system, voice))

    return run


@pytest.fixture
def said(say, capsys):
    """The same: the rows that `--json` prints."""

    def run(system: str, out: Path, text: str | None = None, **options) -> list[dict]:
        capsys.readouterr()
        say(system, out, text, as_json=True, **options)
        return [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    return run


def test_a_text_is_cut_where_its_sentences_end(frontend):
    parts = sentence_texts(frontend.analyse(LONG))
    assert parts == [TEXT, '"Is it late?"', "Dr. Wood said.", '"Go home!" he said.']
    assert sentence_texts(frontend.analyse(TEXT)) == [TEXT]
    assert sentence_texts(frontend.analyse("One. (Two.)\n\nThree")) == ["One.", "(Two.)", "Three"]


def test_neighbours_of_a_long_text_are_read_along(frontend):
    (alone,) = analyse_passages(frontend, [LONG])
    (within,) = analyse_passages(frontend, [LONG], neighbours=1)
    own = [len(one.encoded.pieces) - 2 for one in alone]
    for place, (one, wide) in enumerate(zip(alone, within, strict=True)):
        around = sum(own[max(0, place - 1) : place + 2])
        assert len(wide.encoded.pieces) == around + 2
        belongs = wide.encoded.piece_unit >= 0
        kept = one.encoded.piece_unit >= 0
        assert np.array_equal(wide.encoded.pieces[belongs], one.encoded.pieces[kept])
    (one,) = analyse_passages(frontend, [TEXT], neighbours=2)[0]
    assert len(one.encoded.pieces) == own[0] + 2


@pytest.mark.parametrize("system", ["durian_plus", "kathaka", "camp"])
def test_a_long_text_is_its_sentences_one_after_the_other(voice, speaker, system):
    one = speaker(system, voice)
    whole = one.speak(LONG, seed=2)
    parts = [one.speak(part, seed=2) for part in sentence_texts(one.frontend.analyse(LONG))]
    assert [w.text for w in whole.words] == [w.text for part in parts for w in part.words]
    start = 0.0
    expected = []
    for part in parts:
        expected += [start + word.start for word in part.words]
        start += part.seconds
    assert [w.start for w in whole.words] == pytest.approx(expected, abs=1e-3)
    assert whole.seconds == pytest.approx(start)
    assert whole.durations.sum() == len(whole.mel)
    np.testing.assert_allclose(whole.mel, np.concatenate([p.mel for p in parts]), atol=1e-3)
    if system == "camp":
        assert whole.prosody.shape == (len(whole.words), 3)
    if system == "kathaka":
        assert whole.prosody.shape == (len(parts), 4)


def test_sentence_sounds_the_same_alone_and_in_a_batch(voice, speaker):
    texts = [TEXT, LONG, "Is it late?"]
    for system in ("ntts", "durian_plus", "kathaka", "camp"):
        one = speaker(system, voice)
        together = one.speak_all(texts, [5, 6, 7], rate=1.5)
        for text, seed, speech in zip(texts, [5, 6, 7], together, strict=True):
            alone = one.speak(text, seed, rate=1.5)
            assert np.array_equal(alone.durations, speech.durations), system
            np.testing.assert_allclose(alone.mel, speech.mel, atol=1e-3)


def test_speech_with_its_own_prosody_is_reproduced(voice, speaker):
    """And with another sentence's latent it is not."""
    for system in ("kathaka", "camp"):
        one = speaker(system, voice)
        first = one.speak(LONG, seed=1)
        again = one.speak(LONG, seed=1, prosody=first.prosody)
        moved = one.speak(LONG, seed=1, prosody=first.prosody + 3)
        assert np.array_equal(again.prosody, first.prosody)
        np.testing.assert_allclose(again.mel, first.mel, atol=1e-4)
        assert moved.mel.shape != first.mel.shape or not np.allclose(moved.mel, first.mel)
        with pytest.raises(UserError, match="size"):
            one.speak(TEXT, prosody=np.zeros((1, 7), np.float32))
    with pytest.raises(UserError, match="no prosody latent"):
        speaker("ntts", voice).speak(TEXT, prosody=np.zeros((1, 4), np.float32))


def test_lines_of_a_file_are_synthesized_in_batches_and_resumed(tmp_path, said):
    lines = tmp_path / "lines.txt"
    lines.write_text(f"{TEXT}\n\n{LONG}\nIs it late?\n")
    out = tmp_path / "said"
    rows = said("camp", out, file=lines)
    assert [Path(row["path"]).name for row in rows] == ["0001.wav", "0002.wav", "0003.wav"]
    for row in rows:
        assert soundfile.info(row["path"]).duration == pytest.approx(row["seconds"], abs=1e-3)
        assert row["words"][-1]["end"] <= row["seconds"] + 1e-3
    files = sorted(out.glob("*.wav"))
    audio = [path.read_bytes() for path in files]
    stamps = [path.stat().st_mtime_ns for path in files]
    assert said("camp", out, file=lines) == rows
    assert [path.stat().st_mtime_ns for path in files] == stamps, "nothing was said again"
    # Killed while it wrote the second line's row: that group is spoken again, to the same bytes.
    journal = out / JOURNAL
    journal.write_bytes(journal.read_bytes()[:-40])
    files[2].unlink()
    said("camp", out, file=lines)
    assert [path.read_bytes() for path in files] == audio
    with pytest.raises(UserError, match="begun with other settings"):
        said("camp", out, file=lines, seed=1)


def test_several_samples_are_those_of_consecutive_seeds(tmp_path, said):
    rows = said("kathaka", tmp_path / "a.wav", TEXT, seed=4, samples=3)
    assert [Path(row["path"]).name for row in rows] == ["a-1.wav", "a-2.wav", "a-3.wav"]
    audio = [soundfile.read(row["path"])[0] for row in rows]
    assert not any(np.array_equal(audio[0], other) for other in audio[1:])
    said("kathaka", tmp_path / "b.wav", TEXT, seed=5)
    second = soundfile.read(tmp_path / "b.wav")[0]
    assert len(second) == len(audio[1])


def test_the_vector_of_one_word_can_be_edited(tmp_path, say, said):
    """An unchanged file gives equal speech; an edit changes it."""
    vectors = tmp_path / "v.json"
    first = said("camp", tmp_path / "a.wav", LONG, vectors_out=vectors)[0]
    content = json.loads(vectors.read_text())
    assert [word["text"] for word in content["words"]] == [w["text"] for w in first["words"]]
    again = said("camp", tmp_path / "b.wav", LONG, vectors_in=vectors)[0]
    assert again["words"] == first["words"]
    content["words"][2]["vector"] = [30.0, -30.0, 30.0]
    vectors.write_text(json.dumps(content))
    said("camp", tmp_path / "b.wav", LONG, vectors_in=vectors)
    a, b = (soundfile.read(tmp_path / name)[0] for name in ("a.wav", "b.wav"))
    assert len(a) != len(b) or not np.array_equal(a, b)

    def refused(why: str, text: str = LONG, **changes: object) -> None:
        vectors.write_text(json.dumps({**content, **changes}))
        with pytest.raises(UserError, match=why):
            say("camp", tmp_path / "c.wav", text, vectors_in=vectors)

    words = content["words"]
    refused("words.1 is 'small', but the text has 'big'", text=LONG.replace("small", "big"))
    refused("words, but the text has", words=words[:-1])
    refused("words.1 .'small'. has 2 values", words=[words[0], {**words[1], "vector": [1, 2]}])
    refused("of size 2", words=[{**word, "vector": [1, 2]} for word in words])
    refused("words.0.vector.0", words=[{**words[0], "vector": ["loud"]}])
    refused("of other weights", weights_sha256="0" * 64)


def test_kathaka_takes_prosody_from_any_recording(voice, tmp_path, say, speaker):
    one = speaker("kathaka", voice)
    sound = tmp_path / "hum.wav"
    soundfile.write(sound, 0.2 * np.sin(np.arange(22050) / 20), 22050)
    z = one.prosody_of(sound, "Anything.")
    assert z.shape == (1, 4)
    assert np.array_equal(z, one.prosody_of(sound, TEXT)), "the text is not read"
    say("kathaka", tmp_path / "a.wav", LONG, prosody_from=sound)
    expected = one.speak(LONG, prosody=z)
    assert np.array_equal(expected.prosody, np.repeat(z, len(expected.sentences), 0))
    assert soundfile.info(tmp_path / "a.wav").frames == len(expected.samples)


def test_camp_takes_prosody_from_the_same_words(voice, tmp_path, recording, say, speaker):
    vectors = tmp_path / "v.json"
    say("camp", tmp_path / "a.wav", READ, prosody_from=recording, vectors_out=vectors)
    written = [word["vector"] for word in json.loads(vectors.read_text())["words"]]
    heard = speaker("camp", voice).prosody_of(recording, READ)
    np.testing.assert_allclose(written, heard, atol=1e-5)
    other = READ.replace("trail", "train")
    with pytest.raises(
        UserError, match="unit 5 is 'trail' in the recording and 'train' in the text"
    ):
        say("camp", tmp_path / "b.wav", other, prosody_from=recording, prosody_text=READ)


def test_impossible_values_are_refused_in_a_sentence(tmp_path, say):
    def refused(why: str, system: str = "camp", **options) -> None:
        with pytest.raises(UserError, match=why):
            say(system, tmp_path / "x.wav", **options)
        assert not (tmp_path / "x.wav").exists()

    sound, vectors = tmp_path / "s.wav", tmp_path / "v.json"
    soundfile.write(sound, 0.2 * np.sin(np.arange(9000) / 20), 22050)
    refused("either --text or --file")
    refused("has no prosody latent", "ntts", text=TEXT, prosody_from=sound)
    refused("both decide", text=TEXT, prosody_from=sound, vectors_in=vectors)
    refused("is the text of --prosody-from", text=TEXT, prosody_text=TEXT)
    refused("kathaka has no word vectors", "kathaka", text=TEXT, vectors_in=vectors)
    refused("leave --samples out", text=TEXT, vectors_out=vectors, samples=2)
    refused("no such file", text=TEXT, vectors_in=vectors)
    refused("continues with 'now'", text="Come", prosody_from=sound, prosody_text="Come now")
    refused("cannot be aligned", text=TEXT, prosody_from=sound)
    with pytest.raises(UserError, match="--system kathaca: unknown; choose one of ntts"):
        synth(SynthOptions("kathaca", sound, TEXT, vectors_in=vectors))
    with pytest.raises(UserError, match="is a file; with --file"):
        say("camp", sound, file=sound)


@pytest.fixture
def reads_neighbours(voice, speaker, tiny) -> Synthesizer:
    """Return an untrained CAMP that reads one neighbour each side."""
    one = speaker("camp", voice)
    changes = {"model.context": "bert", "model.context_sentences": 1}
    one.description = one.description.model_copy(update={"recipe": tiny("camp", 1, **changes)})
    one.model = build(one.description.recipe, one.description.facts).eval()
    return one


def test_camp_reads_the_neighbours_of_a_sentence_if_it_was_trained_so(reads_neighbours):
    before, *_, last = reads_neighbours.speak(f"{LONG} {TEXT}").sentences
    alone = reads_neighbours.speak(TEXT)
    assert not np.allclose(before.prosody, alone.prosody), "what follows is read"
    assert not np.allclose(last.prosody, alone.prosody), "what precedes is read"


def test_stimuli_of_a_corpus_are_read_with_their_neighbours(reads_neighbours, corpus, utterance):
    first, second = (reads_neighbours.frontend.analyse(text) for text in (TEXT, "Is it late?"))
    rows = [
        replace(
            utterance(200 + number),
            utterance=name,
            split="test",
            text=sentence.text,
            encoded=sentence.encoded,
            words=tuple(word.text for word in sentence.words),
            durations=np.ones(len(sentence.encoded.tokens), np.int64),
            mel=np.zeros((len(sentence.encoded.tokens), 80), np.float32),
            f0=np.zeros(len(sentence.encoded.tokens), np.float32),
            previous=previous,
            next=following,
        )
        for number, (name, sentence, previous, following) in enumerate(
            [("a", first, None, "b"), ("b", second, "a", None)]
        )
    ]
    write_shard(corpus.path / "shards" / "000.parquet", rows, Features())
    found = read_contexts({"camp": reads_neighbours}, "test", corpus.path)["camp"]
    within = in_context(first, found["a"])
    (passage,) = analyse_passages(reads_neighbours.frontend, [f"{TEXT} Is it late?"], 1)
    assert np.array_equal(within.encoded.pieces, passage[0].encoded.pieces)
    assert np.array_equal(within.encoded.piece_unit, passage[0].encoded.piece_unit)
    with pytest.raises(UserError, match="prepare it again"):
        in_context(second, found["a"])


def test_a_rendition_names_its_filter(say, tmp_path, capsys):
    """Sharpening departs from the papers; its users must know of it."""
    say("ntts", tmp_path / "plain.wav", TEXT)
    # The console folds long paths.
    plain = "".join(capsys.readouterr().err.split())
    assert "plain.wav:" in plain
    assert "sharpened" not in plain
    wish = SynthOptions(
        "ntts", tmp_path / "sharp.wav", TEXT, refiner="filter:1,1", vocoder="griffin-lim"
    )
    synth(wish)
    assert "sharpenedbyunsharpfilter,time1" in "".join(capsys.readouterr().err.split())
