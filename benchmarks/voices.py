"""Training and measurement of the voices in the package, after docs/protocol-voices.md.

    python -m benchmarks.voices --heart CORPUS --kathleen CORPUS --before VOICE --out voices

Every step is a command of `intone`, printed before it runs; an interrupted run resumes with the
same command. `--until train` stops after that step. Trainings run side by side, `--jobs` at a time,
one thread each. The steps: prepare, train, decoders, refine, pack, choose (sharpening, on the
validation split), test. `choose` prints what it measured as a table; the test has each
corpus' winner, `--heart-sharpening` and `--kathleen-sharpening` name another. The test packs the
voices that are published, `chosen/heart` and `chosen/kathleen`.
"""

import os

os.environ["OMP_NUM_THREADS"] = "1"

import argparse
import json
import subprocess
import sys
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

STEPS = ("prepare", "train", "decoders", "refine", "pack", "choose", "test")
SYSTEMS = ("ntts", "kathaka", "camp")
CORPORA = ("heart", "kathleen")
CONTINUED = ("stages.1.steps=4000", "stages.1.lr=5e-4")
ALONE = ("stages.1.steps=4000",)
DECODERS = "decoders"
SHARPENING = ("none", "filter:1,1", "auto", DECODERS)
"""Settings that are compared.

"auto" is the voice's own refiner, "decoders" the voice of adversarially trained decoders.
"""
CHOSEN = "filter:1,1"
"""Setting that the choice found for both corpora."""
CHOSEN_ON = 24
"""Validation sentences of each corpus that decide between the settings."""
TESTED = 40
"""Test sentences of each corpus whose sound is measured."""
EVALUATED = {"heart": 60, "kathleen": 107}
"""Test sentences of each corpus whose prosody is measured."""


def main() -> None:
    """Run the steps in order."""
    options = _options()
    for step in STEPS[: STEPS.index(options.until) + 1]:
        _run(commands(step, options), options.jobs)
        if step == "choose":
            sys.stdout.write(choice_table(options.out))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Train and measure the voices.")
    for corpus in CORPORA:
        parser.add_argument(f"--{corpus}", type=Path, required=True, help="corpus folder")
        parser.add_argument(
            f"--{corpus}-sharpening", choices=SHARPENING, default=CHOSEN, help="of its test"
        )
    parser.add_argument("--before", type=Path, help="earlier voice of Kathleen, measured beside")
    parser.add_argument("--out", type=Path, required=True, help="folder of everything")
    parser.add_argument("--until", choices=STEPS, default=STEPS[-1], help="last step to run")
    parser.add_argument("--jobs", type=int, default=2, help="commands side by side")
    return parser.parse_args()


def commands(step: str, options: argparse.Namespace) -> list[list[list[str]]]:
    """Return chains of commands, to be run side by side."""
    out = options.out
    if step == "prepare":
        return [
            [["prepare", str(getattr(options, name)), "-o", str(out / "prepared" / name)]]
            for name in CORPORA
        ]
    if step == "train":
        alone = _training("ntts", "kathleen", out, "-alone", *ALONE)
        return [
            [
                _training(system, "heart", out),
                [
                    *_training(system, "kathleen", out, "", *CONTINUED),
                    *("--from", str(out / "runs" / f"heart-{system}")),
                ],
            ]
            for system in reversed(SYSTEMS)
        ] + [[alone]]
    return [_after_training(step, corpus, options) for corpus in CORPORA]


def _training(system: str, corpus: str, out: Path, suffix: str = "", *changes: str) -> list[str]:
    run = out / "runs" / f"{corpus}-{system}{suffix}"
    data = out / "prepared" / corpus
    return ["train", f"{system}_compact", *changes, "--data", str(data), "--out", str(run)]


def _after_training(step: str, corpus: str, options: argparse.Namespace) -> list[list[str]]:
    out = options.out
    runs = [str(out / "runs" / f"{corpus}-{system}") for system in SYSTEMS]
    data, refiner = str(out / "prepared" / corpus), str(out / "runs" / f"{corpus}-refiner")
    sharper = [f"{run}-{DECODERS}" for run in runs]
    if step == "decoders":
        return [
            ["decoder", "train", run, "--data", data, "--out", sharp]
            for run, sharp in zip(runs, sharper, strict=True)
        ]
    if step == "refine":
        return [["refiner", "train", *runs, "--data", data, "--out", refiner]]
    if step == "pack":
        return [
            ["voice", "pack", *packed, "--half", "-o", str(_voice(out, corpus, setting))]
            for setting, packed in (("auto", [*runs, "--refiner", refiner]), (DECODERS, sharper))
        ]
    if step == "choose":
        return [
            command
            for setting in SHARPENING
            for command in _measured(
                _voice(out, corpus, setting),
                data,
                "validation",
                _refiner(setting),
                out / "choose" / f"{corpus}-{_file(setting)}",
                CHOSEN_ON,
            )
        ]
    setting = getattr(options, f"{corpus}_sharpening")
    voice = out / "chosen" / corpus
    packed = sharper if setting == DECODERS else runs
    chosen = refiner if setting == "auto" else _refiner(setting)
    test = [["voice", "pack", *packed, "--refiner", chosen, "--half", "-o", str(voice)]]
    test += _measured(voice, data, "test", "auto", out / "test" / corpus, TESTED)
    if corpus == "kathleen" and options.before:
        before = out / "test" / f"{corpus}-before"
        test += _measured(options.before, data, "test", "none", before, TESTED)
    evaluation = str(out / "test" / f"{corpus}-prosody")
    evaluate = ["evaluate", str(voice), "--data", data, "-o", evaluation]
    return [*test, [*evaluate, "--sentences", str(EVALUATED[corpus])]]


def _measured(
    voice: Path, data: str, split: str, refiner: str, out: Path, sentences: int
) -> list[list[str]]:
    """Return the commands that make a stimulus set and measure it."""
    make = ["stimuli", "make", "--voice", str(voice), "--systems", ",".join(SYSTEMS)]
    make += ["--split", split, "--data", data, "--refiner", refiner, "-o", str(out)]
    refined = split == "validation" and refiner != "none"
    make += ["--refine-copy" if refined else "--copy-synthesis"]
    make += ["--sentences", str(sentences)]
    made = (out / "stimuli.json").is_file()
    return [*([] if made else [make]), ["objective", str(out)]]


def _voice(out: Path, corpus: str, setting: str) -> Path:
    """Return the folder of the voice that a setting speaks with."""
    return out / (DECODERS if setting == DECODERS else "voices") / corpus


def _refiner(setting: str) -> str:
    return "none" if setting == DECODERS else setting


def _file(setting: str) -> str:
    return "".join(c if c.isalnum() or c == "." else "-" for c in setting)


def _run(chains: Iterable[Sequence[Sequence[str]]], jobs: int) -> None:
    with ThreadPoolExecutor(jobs) as pool:
        for finished in [pool.submit(_in_order, chain) for chain in chains]:
            finished.result()


def _in_order(commands: Sequence[Sequence[str]]) -> None:
    for command in commands:
        sys.stderr.write(f"intone {' '.join(command)}\n")
        subprocess.run([sys.executable, "-m", "intone", *command], check=True)


def choice_table(out: Path) -> str:
    """Return what `choose` measured, one row a setting, as Markdown.

    Without refiner, "recordings through it" are those through the vocoder alone.
    """
    head = ["corpus", "sharpening", *SYSTEMS, "recordings through it", "recordings"]
    rows = [head, ["---"] * len(head)]
    for corpus in CORPORA:
        for setting in SHARPENING:
            path = out / "choose" / f"{corpus}-{_file(setting)}" / "objective.json"
            measured = json.loads(path.read_text("utf-8"))
            systems = {row["system"]: row["metrics"] for row in measured["systems"]}
            copy = "copy_synthesis" if _refiner(setting) == "none" else "copy_refined"
            cells = [_cell(systems[name]) for name in (*SYSTEMS, copy, "reference")]
            rows.append([corpus, setting, *cells])
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _cell(metrics: dict[str, dict[str, float]]) -> str:
    """Return word errors, both predictors and detail of a system."""
    means = {name: row["mean"] for name, row in metrics.items() if row}
    detail = f"{means['detail_time']:.3f}/{means['detail_frequency']:.3f}"
    return f"{100 * means['wer']:.1f} % {means['distilmos']:.2f} {means['dnsmos']:.2f} {detail}"


if __name__ == "__main__":
    main()
