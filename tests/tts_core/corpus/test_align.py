import numpy as np
import pytest
import soundfile
from hypothesis import assume, given
from hypothesis import strategies as st

from intone.errors import UserError
from tts_core.audio.io import read_audio
from tts_core.config import Features
from tts_core.corpus.alignment.align import align, align_file, token_durations
from tts_core.corpus.alignment.sphinx import align_with_pocketsphinx
from tts_core.corpus.alignment.types import (
    ALIGNER_RATE_HZ,
    AlignmentError,
    Utterance,
    for_aligners,
    phones_of,
)
from tts_core.corpus.alignment.viter import align_with_viter
from tts_core.corpus.sources import read_corpus
from tts_core.text.analyse import Frontend
from tts_core.text.tokens import PHONES, TOKENS, duration_group
from tts_core.units import frames_to_seconds

FEATURES = Features()
FRAME_S = FEATURES.hop / FEATURES.sample_rate_hz
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


def test_silence_follows_the_layout():
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


BOUNDARIES = [["<wb>"], [","], ['"', ","], ["...", '"', "("]]


@st.composite
def spoken_tokens(draw):
    """(tokens, (P, 2) times, frames) of any words, marks, gaps and lengths."""
    words = draw(st.lists(st.lists(st.sampled_from(PHONES), min_size=1, max_size=5), min_size=1))
    symbols = ["<s>", *draw(st.sampled_from([[], ['"'], ["(", '"']]))]
    for index, word in enumerate(words):
        symbols += word if not index else [*draw(st.sampled_from(BOUNDARIES)), *word]
    symbols += [*draw(st.sampled_from([[], ["."], ["!", '"']])), "</s>"]
    n_phones = sum(map(len, words))
    steps = draw(st.lists(st.floats(0, 0.4), min_size=2 * n_phones, max_size=2 * n_phones))
    times = np.cumsum(steps).reshape(n_phones, 2)
    n_frames = draw(st.integers(n_phones, n_phones + 400))
    return np.array([TOKENS.index(symbol) for symbol in symbols]), times, n_frames


@given(spoken_tokens())
def test_durations_fill_the_utterance_and_no_phone_vanishes(spoken):
    tokens, times, n_frames = spoken
    durations = token_durations(tokens, times, n_frames, FEATURES)
    assert durations.sum() == n_frames
    assert durations.min() >= 0
    assert durations[duration_group(tokens) == 0].min() >= 1


@given(spoken_tokens())
def test_every_token_ends_at_the_aligners_boundary(spoken):
    """Each end is the nearest frame; errors never add up."""
    tokens, times, _ = spoken
    times = np.cumsum(np.diff(times.ravel(), prepend=0) + 2 * FRAME_S).reshape(-1, 2)
    n_frames = int(np.ceil(times[-1, 1] / FRAME_S)) + 5
    durations = token_durations(tokens, times, n_frames, FEATURES)
    ends, is_phone = np.cumsum(durations), duration_group(tokens) == 0
    np.testing.assert_array_equal(ends[is_phone], np.rint(times[:, 1] / FRAME_S))
    after_a_gap = np.flatnonzero(is_phone & ~np.roll(is_phone, 1))
    number = np.cumsum(is_phone) - 1
    np.testing.assert_array_equal(
        (ends - durations)[after_a_gap], np.rint(times[number[after_a_gap], 0] / FRAME_S)
    )


@given(spoken_tokens(), st.floats(0.05, 2))
def test_a_pause_without_punctuation_stays_in_the_word_before_it(spoken, pause_s):
    tokens, times, _ = spoken
    boundaries = np.flatnonzero(tokens == TOKENS.index("<wb>"))
    assume(len(boundaries))
    before = int((duration_group(tokens[: boundaries[0]]) == 0).sum())
    times = np.cumsum(np.diff(times.ravel(), prepend=0) + 2 * FRAME_S).reshape(-1, 2)
    longer = times + pause_s * (np.arange(len(times)) >= before)[:, None]
    n_frames = int(np.ceil(longer[-1, 1] / FRAME_S)) + 5
    change = token_durations(tokens, longer, n_frames, FEATURES).astype(int)
    change -= token_durations(tokens, times, n_frames, FEATURES)
    assert abs(change[boundaries[0]] - pause_s / FRAME_S) <= 1
    # All before stays as it was.
    assert not change[: boundaries[0]].any()


def test_other_phones_or_too_little_audio_is_a_failure():
    with pytest.raises(AlignmentError, match="5 phones aligned, 6 in the text"):
        token_durations(IDS, np.zeros((5, 2)), 100, FEATURES)
    with pytest.raises(AlignmentError, match="do not fit into 5 frames"):
        token_durations(IDS, np.zeros((6, 2)), 5, FEATURES)


@pytest.mark.slow
def test_pocketsphinx_finds_the_speech(spoken, aligned):
    """The frames given to phones are loud, at a human rate."""
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
    """The phones are ours even with too little speech to train on."""
    utterances = {name: one for name, (one, _, _) in spoken.items()}
    found = align_with_viter(utterances)
    assert capfd.readouterr() == ("", "")
    for name, (utterance, encoded, samples) in spoken.items():
        times = found[name]
        assert isinstance(times, np.ndarray)
        assert len(times) == sum(len(word) for word in utterance.words)
        n_frames = len(samples) // FEATURES.hop
        assert token_durations(encoded.tokens, times, n_frames, FEATURES).sum() == n_frames


def test_one_file_is_aligned_without_training(spoken, read_aloud, tmp_path):
    """Any rate is aligned; another text is refused or named."""
    frontend = Frontend()
    recording = read_corpus(read_aloud)[1][0]
    times = align_file(recording.path, frontend.analyse(recording.text))
    assert times.shape == (len(spoken[recording.utterance][0].phones), 2)
    assert (np.diff(times.ravel()) >= 0).all()
    resampled = tmp_path / "44k.wav"
    soundfile.write(resampled, np.repeat(spoken[recording.utterance][2], 2), 44100)
    again = align_file(resampled, frontend.analyse(recording.text))
    assert np.median(np.abs(again - times)) <= 0.02
    silence = tmp_path / "silence.wav"
    soundfile.write(silence, np.zeros(1600), 16000)
    with pytest.raises(UserError, match=r"silence.wav: cannot be aligned with its text"):
        align_file(silence, frontend.analyse(recording.text))


def test_little_speech_goes_to_pocketsphinx(spoken):
    some = {name: one for name, (one, _, _) in list(spoken.items())[:2]}
    found = align("auto", some)
    assert (found.aligner, set(found.times), found.failures) == ("pocketsphinx", set(some), {})


@pytest.fixture(scope="module")
def human(kathleen, tmp_path_factory):
    """Return a fixed sample of the human corpus and its alignment.

    The sample maps an id to (Utterance, Encoded, samples).
    """
    frontend, wavs = Frontend(), tmp_path_factory.mktemp("human")
    sample = read_corpus(kathleen)[1][::15]
    spoken = {}
    for r, sentence in zip(sample, frontend.analyse_all([r.text for r in sample]), strict=True):
        samples = read_audio(r.path, FEATURES.sample_rate_hz)
        wav = wavs / f"{r.utterance}.wav"
        soundfile.write(wav, for_aligners(samples, FEATURES.sample_rate_hz), ALIGNER_RATE_HZ)
        spoken[r.utterance] = (Utterance(wav, phones_of(sentence)), sentence.encoded, samples)
    return spoken, align("pocketsphinx", {name: one for name, (one, _, _) in spoken.items()})


def test_human_speech_is_aligned(human):
    spoken, found = human
    assert len(spoken) > 100
    assert len(found.times) >= 0.97 * len(spoken), found.failures


def test_unpunctuated_pauses_of_human_speech_are_found_and_are_quiet(human):
    """Frames of `<wb>` pauses of 50 ms or more are quiet."""
    spoken, found = human
    pauses, below_db = 0, []
    for name, times in found.times.items():
        _, encoded, samples = spoken[name]
        n_frames = len(samples) // FEATURES.hop
        durations = token_durations(encoded.tokens, times, n_frames, FEATURES)
        long = (encoded.tokens == TOKENS.index("<wb>")) & (durations * FRAME_S >= 0.05)
        energy = np.square(samples[: n_frames * FEATURES.hop]).reshape(n_frames, -1).mean(1)
        speech = energy[np.repeat(duration_group(encoded.tokens) == 0, durations)].mean()
        ends = np.cumsum(durations)
        for index in np.flatnonzero(long):
            inside = energy[ends[index] - durations[index] : ends[index]].mean()
            below_db.append(10 * np.log10(speech / max(inside, 1e-12)))
        pauses += int(long.sum())
    assert pauses > 15
    assert np.median(below_db) > 15


@pytest.mark.slow
def test_two_aligners_agree_on_human_speech(kathleen, tmp_path):
    """90 % of the phones start within 50 ms, in 13 minutes.

    On the whole corpus it is 94 %.
    """
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
