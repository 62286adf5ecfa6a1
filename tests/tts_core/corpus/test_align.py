import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from tts_core.audio.io import read_audio
from tts_core.config import Features
from tts_core.corpus.align import (
    ALIGNER_RATE_HZ,
    AlignmentError,
    Utterance,
    for_aligners,
    phones_of,
    token_durations,
)
from tts_core.corpus.align_sphinx import align_with_pocketsphinx
from tts_core.corpus.align_viter import align_with_viter
from tts_core.corpus.sources import read_corpus
from tts_core.text.analyse import Frontend
from tts_core.text.tokens import TOKENS, duration_group
from tts_core.units import frames_to_seconds

FEATURES = Features()
LAYOUT = ["<s>", '"', "HH", "AY1", ",", '"', "HH", "IY1", "<wb>", "G", "OW1", ".", "</s>"]
IDS = np.array([TOKENS.index(symbol) for symbol in LAYOUT])


@pytest.fixture(scope="module")
def spoken(read_aloud, tmp_path_factory):
    """id to (Utterance, Encoded, 22.05 kHz samples) of the demo sentences."""
    frontend = Frontend()
    wavs = tmp_path_factory.mktemp("wavs")
    out = {}
    for r in read_corpus(read_aloud)[1]:
        samples = read_audio(r.path, FEATURES.sample_rate_hz)
        wav = wavs / f"{r.utterance}.wav"
        soundfile.write(wav, for_aligners(samples, FEATURES.sample_rate_hz), ALIGNER_RATE_HZ)
        sentence = frontend.analyse(r.text)
        out[r.utterance] = (Utterance(wav, phones_of(sentence)), sentence.encoded, samples)
    return out


@pytest.fixture(scope="module")
def aligned(spoken):
    return align_with_pocketsphinx({name: one for name, (one, _, _) in spoken.items()})


def test_silence_goes_where_the_layout_says():
    # One frame of 10 samples at 100 Hz lasts 0.1 s.
    features = Features(sample_rate_hz=100, hop=10, n_fft=32, window=32, fmax_hz=50)
    starts = [0.3, 0.5, 1.0, 1.2, 1.6, 1.8]
    ends = [0.5, 0.7, 1.2, 1.5, 1.8, 2.0]
    durations = token_durations(IDS, np.array([starts, ends]).T, 25, features)
    by_symbol = list(zip(LAYOUT, durations.tolist(), strict=True))
    assert by_symbol == [
        ("<s>", 3),
        ('"', 0),
        ("HH", 2),
        ("AY1", 2),
        (",", 3),  # of several marks the first takes the pause
        ('"', 0),
        ("HH", 2),
        ("IY1", 3),
        ("<wb>", 1),
        ("G", 2),
        ("OW1", 2),
        (".", 0),
        ("</s>", 5),
    ]


@given(st.lists(st.floats(0, 3), min_size=12, max_size=12), st.integers(6, 300))
def test_durations_fill_the_utterance_and_no_phone_vanishes(cuts, n_frames):
    times = np.sort(np.array(cuts)).reshape(6, 2)
    durations = token_durations(IDS, times, n_frames, FEATURES)
    assert durations.sum() == n_frames
    assert durations.min() >= 0
    assert durations[duration_group(IDS) == 0].min() >= 1


def test_other_phones_or_too_little_audio_is_a_failure():
    with pytest.raises(AlignmentError, match="5 phones aligned, 6 in the text"):
        token_durations(IDS, np.zeros((5, 2)), 100, FEATURES)
    with pytest.raises(AlignmentError, match="do not fit into 5 frames"):
        token_durations(IDS, np.zeros((6, 2)), 5, FEATURES)


def test_pocketsphinx_finds_the_speech(spoken, aligned):
    """The frames given to phones are the loud ones, at a human rate of phones."""
    for name, (_, encoded, samples) in spoken.items():
        n_frames = len(samples) // FEATURES.hop
        durations = token_durations(encoded.tokens, aligned[name], n_frames, FEATURES)
        energy = np.square(samples[: n_frames * FEATURES.hop]).reshape(n_frames, -1).mean(1)
        is_phone = duration_group(encoded.tokens) == 0
        inside = np.repeat(is_phone, durations)
        assert energy[inside].sum() > 0.97 * energy.sum()
        seconds = frames_to_seconds(int(inside.sum()), FEATURES.hop, FEATURES.sample_rate_hz)
        assert 6 < is_phone.sum() / seconds < 25
        # Vowels with primary stress are louder than the utterance's phones on average.
        symbols = np.array(TOKENS)[encoded.tokens]
        stressed = np.repeat(np.char.endswith(symbols, "1"), durations)
        assert energy[stressed].mean() > energy[inside].mean()


def test_a_missing_path_is_reported_not_raised(spoken, tmp_path):
    utterance, _, _ = next(iter(spoken.values()))
    silence = tmp_path / "silence.wav"
    soundfile.write(silence, np.zeros(1600), ALIGNER_RATE_HZ)
    found = align_with_pocketsphinx({"x": Utterance(silence, utterance.words)})
    assert isinstance(found["x"], AlignmentError)


def test_viter_aligns_our_phones_and_prints_nothing(spoken, capfd):
    """Seconds of speech are too few to train well on; the phones must be ours all the same."""
    utterances = {name: one for name, (one, _, _) in spoken.items()}
    found = align_with_viter(utterances)
    assert capfd.readouterr() == ("", "")
    for name, (utterance, encoded, samples) in spoken.items():
        times = found[name]
        assert isinstance(times, np.ndarray)
        assert len(times) == sum(len(word) for word in utterance.words)
        n_frames = len(samples) // FEATURES.hop
        assert token_durations(encoded.tokens, times, n_frames, FEATURES).sum() == n_frames


@pytest.mark.slow
def test_two_aligners_agree_on_human_speech(kathleen, tmp_path):
    """13 minutes: 90 % of the phones start within 50 ms (94 % on the whole corpus)."""
    frontend = Frontend()
    found = read_corpus(kathleen)[1][:260]
    utterances = {}
    for r, sentence in zip(found, frontend.analyse_all([r.text for r in found]), strict=True):
        wav = tmp_path / f"{r.utterance}.wav"
        soundfile.write(wav, for_aligners(*soundfile.read(r.path)), ALIGNER_RATE_HZ)
        utterances[r.utterance] = Utterance(wav, phones_of(sentence))
    trained = align_with_viter(utterances)
    given = align_with_pocketsphinx(utterances)
    both = [
        np.abs(times[:, 0] - other[:, 0])
        for times, other in zip(trained.values(), given.values(), strict=True)
        if isinstance(times, np.ndarray) and isinstance(other, np.ndarray)
    ]
    assert len(both) > 0.97 * len(found)
    assert (np.concatenate(both) <= 0.05).mean() > 0.9
