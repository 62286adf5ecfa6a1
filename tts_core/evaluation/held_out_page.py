"""`evaluation.md`: the figures of an evaluation as tables that a person reads."""

from collections.abc import Mapping, Sequence
from typing import Any

COLUMNS = (
    ("F0 correlation", "f0_correlation"),
    ("F0 RMSE, semitones", "f0_rmse_semitones"),
    ("voicing agrees", "voicing_agreement"),
    ("F0 SD, semitones", "f0_sd_semitones"),
    ("energy correlation", "energy_correlation"),
)
RHYTHM = (
    ("phones, frames", "phone_error_frames"),
    ("punctuation and ends, frames", "punctuation_error_frames"),
    ("boundaries, frames", "boundary_error_frames"),
    ("pause precision", "pause_precision"),
    ("pause recall", "pause_recall"),
    ("pause F1", "pause_f1"),
)
SESSION = "(no text): what the recording session alone predicts"
LATENTS = {
    "sampler_kl": "KL(sampler, posterior), nats",
    "constant_kl": "the best constant sampler, fitted to the training split",
    "neighbours_kl": f"the neighbouring recordings' mean {SESSION}",
    "human_kl": "human ceiling: another reading's posterior mean",
    "prior_kl": "KL(posterior, N(0, I)), nats",
    "huber": "Huber, teacher-forced",
    "shuffled_huber": "the same with shuffled context",
    "median_huber": "the training units' median",
    "kind_median_huber": "the medians of words and of punctuation, apart",
    "neighbours_huber": f"the neighbouring recordings' medians of both {SESSION}",
    "free_huber": "Huber, running free",
    "human_huber": "human ceiling: another reading's vectors",
}


def page(result: Mapping[str, Any], drawn: Sequence[str]) -> str:
    """Return the page as Markdown.

    Args:
        result: what `evaluation.json` holds. drawn: file names of the figures beside it.
    """
    data = result["data"]
    lines = [
        f"# Held-out prosody: {data['corpus']['name']}, {result['split']} split",
        "",
        result["caution"],
        "",
        f"{result['recordings']} recordings of {_sentences(result)}, "
        f"{result['read_more_than_once']} of them read more than once. Vocoder: "
        f"{result['vocoder']}. Refiner: {result['refiner'] or 'none'}. Brackets: 95 % percentile "
        "bootstrap over sentences.",
        *_stand_in(data),
        "",
        "## Primary differences",
        "",
        *primary_table(result["primary"]),
        "",
        "## Intonation and energy",
        "",
        *_prosody_table(result["prosody"], "all", COLUMNS),
        "",
        "## The same on the sentences read more than once, with the human ceiling",
        "",
        *_prosody_table(result["prosody"], "read_more_than_once", COLUMNS),
        "",
        "## Rhythm under the systems' own durations",
        "",
        *_prosody_table(result["prosody"], "all", RHYTHM),
        "",
        "## The same on the sentences read more than once, with the human ceiling",
        "",
        *_prosody_table(result["prosody"], "read_more_than_once", RHYTHM),
        *[line for name, values in result["latents"].items() for line in _latent(name, values)],
        "",
        "## Figures",
        "",
        *[f"![{name}]({name})" for name in drawn],
    ]
    return "\n".join(lines) + "\n"


def _sentences(result: Mapping[str, Any]) -> str:
    """Return the number of sentences, and how they were drawn, in words."""
    count, drawn = result["sentences"], result["drawn"]
    if drawn is None:
        return f"{count} sentences"
    return f"{count} of {drawn['of']} sentences, drawn with seed {drawn['seed']}"


def primary_table(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the primary differences as a Markdown table."""
    body = [
        [
            row["difference"],
            _interval(row),
            _p(row["p"]),
            _p(row["p_holm"]),
            "above 0" if row["expected_sign"] > 0 else "below 0",
            row["outcome"],
        ]
        for row in rows
    ]
    return _table(["difference", "mean", "p", "p (Holm)", "expected", "outcome"], body)


def _prosody_table(
    rows: Sequence[Mapping[str, Any]], sentences: str, columns: Sequence[tuple[str, str]]
) -> list[str]:
    chosen = [row for row in rows if any(key in row[sentences] for _, key in columns)]
    if columns is RHYTHM:
        chosen = [row for row in chosen if row["timing"] == "own"]
    if sentences == "all":
        # Where one sentence has a ceiling and another has none, their means say nothing together.
        chosen = [row for row in chosen if row["system"] != "human"]
    if not chosen:
        return ["No sentence is read more than once."]
    body = [
        [
            row["system"],
            row["mode"],
            row["timing"],
            *(_interval(row[sentences].get(key)) for _, key in columns),
        ]
        for row in chosen
    ]
    return _table(["system", "prosody", "durations", *(label for label, _ in columns)], body)


def _latent(name: str, values: Mapping[str, Any]) -> list[str]:
    body = [
        [
            label,
            _interval(values[key]) if not key.startswith("human") else "",
            _interval(values[key].get("read_more_than_once")),
        ]
        for key, label in LATENTS.items()
        if key in values
    ]
    used = values.get("active_units")
    units = [f"{used} of {values['latent']} units are active.", ""] if used is not None else []
    header = ["per recording", "all sentences", "read more than once"]
    return ["", f"## {name}: the latent from text", "", *units, *_table(header, body)]


def _stand_in(data: Mapping[str, Any]) -> list[str]:
    if not data["corpus"]["stand_in"]:
        return []
    return ["", "**The recordings are a stand-in voice, made by a machine: no human ceiling.**"]


def _table(header: Sequence[str], body: Sequence[Sequence[str]]) -> list[str]:
    rows = [header, ["---"] * len(header), *body]
    return [f"| {' | '.join(row)} |" for row in rows]


def _interval(value: Mapping[str, Any] | None) -> str:
    if value is None:
        return ""
    digits = 1 if abs(value["mean"]) >= 10 else 3
    shown = f"{value['mean']:.{digits}f}"
    if value["ci"] is None:
        return shown
    low, high = value["ci"]
    return f"{shown} [{low:.{digits}f}, {high:.{digits}f}]"


def _p(p: float) -> str:
    return "< 0.001" if p < 0.001 else f"{p:.3f}"
