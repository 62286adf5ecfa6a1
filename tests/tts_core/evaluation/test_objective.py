import json
from pathlib import Path

import numpy as np
import pytest

from intone import assets
from intone.resources import corpora_path
from tts_core.audio.io import read_audio, write_audio
from tts_core.evaluation.objective import objective
from tts_core.measures import dnsmos, quality, wer
from tts_core.measures.quality import predict_mos
from tts_core.synthesis.stimuli_import import import_stimuli

KATHLEEN = corpora_path("kathleen")
CLIPS = {
    "arctic_a0057_1": "I have no idea, replied Philip.",
    "arctic_a0002_1": "Not at this particular case, Tom, apologized Whittemore.",
}


def pulses(hz: float, seconds: float = 0.8) -> np.ndarray:
    phase = np.arange(int(22050 * seconds)) * hz / 22050
    return 0.5 * (np.diff(np.floor(phase), prepend=0) > 0).astype(np.float32)


@pytest.fixture
def tones(tmp_path: Path) -> Path:
    """Return a 100 Hz reference and a system an octave higher."""
    for system, hz, seconds in [("ref", 100.0, 1.0), ("high", 200.0, 0.5)]:
        for i in range(3):
            write_audio(tmp_path / system / f"s{i}.wav", pulses(hz + i, seconds), 22050)
    click = np.zeros(11025)
    click[5000] = 0.5
    write_audio(tmp_path / "high/s2.wav", click, 22050)
    import_stimuli({"high": tmp_path / "high"}, tmp_path / "set", reference=tmp_path / "ref")
    return tmp_path / "set"


def test_without_assets_what_can_be_measured_is_and_the_rest_is_named(
    tones: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INTONE_CACHE", str(tmp_path / "nothing"))
    result = objective(tones)
    assert json.loads((tones / "objective.json").read_text("utf-8")) == result
    reasons = {entry["metric"]: entry["reason"] for entry in result["not_measured"]}
    assert "no texts" in reasons["wer"]
    assert "intone assets distilmos" in reasons["distilmos"]
    gap = next(e for e in result["not_measured"] if e["metric"] == "f0_mean_hz")
    assert gap["files"] == ["high/s2"]
    reference, high = result["systems"]
    assert (reference["system"], high["system"]) == ("reference", "high")
    assert "intone assets dnsmos" in reasons["dnsmos"]
    detail = {"detail_time", "detail_frequency"}
    assert set(high["metrics"]) == {"f0_mean_hz", "f0_sd_semitones", "seconds"} | detail
    assert high["metrics"]["detail_time"]["n"] == 3
    assert "minus_reference" not in reference["metrics"]["seconds"]
    pitch = high["metrics"]["f0_mean_hz"]
    assert pitch["n"] == 2
    assert pitch["minus_reference"]["mean"] == pytest.approx(100, rel=0.03)
    low, top = pitch["minus_reference"]["ci"]
    assert low <= pitch["minus_reference"]["mean"] <= top
    assert "no listener" in result["caution"]


def test_the_next_run_measures_only_what_is_missing(
    tones: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INTONE_CACHE", str(tmp_path / "nothing"))
    first = objective(tones)
    journal = tones / "objective.part.jsonl"
    lines = [json.loads(line) for line in journal.read_text("utf-8").splitlines()]
    lines[0]["values"]["f0_mean_hz"] = 777.0
    torn = "\n".join(json.dumps(line) for line in lines) + '\n{"key": "x'
    journal.write_text(torn, encoding="utf-8")
    second = objective(tones)
    changed = [
        (a["f0_mean_hz"], b["f0_mean_hz"])
        for a, b in zip(first["files"], second["files"], strict=True)
        if a != b
    ]
    assert len(changed) == 1 and changed[0][1] == 777.0


@pytest.mark.skipif(not KATHLEEN.is_dir(), reason=f"no recordings: {KATHLEEN} (INTONE_CORPORA)")
@pytest.mark.skipif(
    not all(assets.available(name) for name in (wer.ASSET, quality.ASSET, dnsmos.ASSET)),
    reason="assets are not here: `intone assets whisper-base distilmos dnsmos`",
)
def test_predictors_distinguish_speech_from_ruined_speech(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    for stem in CLIPS:
        clean = read_audio(KATHLEEN / "wavs" / f"{stem}.flac")
        write_audio(tmp_path / "ref" / f"{stem}.wav", clean, 22050)
        noise = random.normal(size=len(clean)).astype(np.float32) * clean.std()
        ruined = 0.3 * (clean + noise)
        write_audio(tmp_path / "ruined" / f"{stem}.wav", ruined, 22050)
    texts = tmp_path / "texts.txt"
    texts.write_text("".join(f"{stem}|{text}\n" for stem, text in CLIPS.items()), "utf-8")
    import_stimuli({"ruined": tmp_path / "ruined"}, tmp_path / "set", tmp_path / "ref", texts)
    result = objective(tmp_path / "set")
    assert result["not_measured"] == []
    assert not (tmp_path / "set/objective.part.jsonl").exists()
    reference, ruined = (system["metrics"] for system in result["systems"])
    assert reference["wer"]["mean"] < 0.2
    assert reference["distilmos"]["mean"] > 3
    for name in ("distilmos", "dnsmos"):
        assert ruined[name]["minus_reference"]["ci"][1] < -0.5
        assert "not rated by listeners" in result["metrics"][name]["label"]
    assert "torchaudio" not in __import__("sys").modules


@pytest.mark.skipif(not assets.available(quality.ASSET), reason="asset distilmos is not here")
def test_a_failing_predictor_names_the_file(tmp_path: Path) -> None:
    from intone.errors import UserError

    good = write_audio(tmp_path / "good.wav", pulses(120), 22050)
    scores = predict_mos([good, tmp_path / "gone.wav"])
    assert 1 <= next(scores) <= 5
    with pytest.raises(UserError, match=r"gone\.wav: DistilMOS failed"):
        next(scores)
