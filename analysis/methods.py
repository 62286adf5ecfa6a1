"""The paragraph on methods, ready to paste, and what it was computed with."""

import platform
from importlib.metadata import version

from analysis.compare import family_size
from analysis.crossed import SMALLER_SAMPLE, TwoWayFit
from analysis.results import Result
from analysis.words import SIMULATED, counted


def method_name(fit: TwoWayFit) -> str:
    """What tested this pair, for tables."""
    if fit.method in ("closed form", "REML", SMALLER_SAMPLE):
        return f"per-pair two-way random-effects model ({fit.method})"
    return fit.method


def methods_text(result: Result) -> str:
    """What was done, in the words of a paper. Square brackets hold what only the authors know."""
    ratings, everybody = result.ratings, result.everybody
    n_l, n_u = len(ratings.listeners), len(ratings.utterances)
    low, high = ratings.scale
    label = f"[{SIMULATED}.] " if ratings.simulated else ""
    sentences = [
        f"{label}{counted(len(everybody.listeners), 'listener')} [recruitment, language, pay, "
        f"equipment] rated {counted(len(ratings.systems), 'system')} "
        f"({', '.join(ratings.systems)}) on {counted(n_u, 'utterance')} on a scale from {low:g} to "
        f"{high:g} [question and instructions].",
        _screening_text(result),
        f"The analysis uses {len(ratings.frame)} ratings by {counted(n_l, 'listener')}.",
    ]
    if n_l > 1 and n_u > 1:
        sentences.append(
            "Differences between two systems were tested on within-page differences with a linear "
            "mixed model with crossed random effects of listener and utterance (REML, "
            "Satterthwaite degrees of freedom; for complete designs the equivalent quasi-F), so "
            "that the results generalise to new listeners and new utterances."
        )
    else:
        sentences.append(
            "Differences between two systems were tested with a one-sample t test of within-page "
            "differences; with a single listener or utterance the results generalise over the "
            "other factor only."
        )
    n = family_size(result.comparisons)
    if n > 1:
        sentences.append(f"P values were adjusted by Holm's method over {n} declared comparisons.")
    if any(c.fit.method == SMALLER_SAMPLE for c in result.comparisons):
        sentences.append(
            "Where the design was too sparse for Satterthwaite's method, the degrees of freedom "
            "are those of the smaller sample, minus 1."
        )
    sentences.append(
        "Exact Wilcoxon signed-rank tests on listener means (valid for these utterances only) are "
        "given as a companion."
    )
    if result.gaps:
        sentences.append(
            "Gap reduction is (X − B) / (R − B) on mean scores, with B the mean of "
            f"{ratings.roles.baseline} and R that of {ratings.roles.reference}; its 95 % interval "
            "is Fieller's, with the two-way cluster-robust covariance (Cameron, Gelbach and Miller "
            f"2011) and {_degrees([gap.df for gap in result.gaps])} of freedom."
        )
    found = versions()
    sentences.append(
        f"Computed with Intone {found['intone']} (NumPy {found['numpy']}, SciPy {found['scipy']})."
    )
    return " ".join(sentences)


def _degrees(found: list[int]) -> str:
    """`1 degree`, `7 degrees`, or `5 to 7 degrees` where the systems differ."""
    low, high = min(found), max(found)
    return counted(high, "degree") if low == high else f"{low} to {high} degrees"


def _screening_text(result: Result) -> str:
    excluded = len(result.screening.excluded)
    if result.screening.rule == "none":
        return "No listener was screened out."
    rule = {"bs1534-3": "ITU-R BS.1534-3", "mpeg": "MPEG"}[result.screening.rule]
    verb = "was" if excluded == 1 else "were"
    return f"Post-screening by the {rule} rule excluded {counted(excluded, 'listener')}" + (
        f", who {verb} left out whole; results with everybody are reported beside."
        if excluded
        else "."
    )


def versions() -> dict[str, str]:
    """Versions of what the numbers depend on."""
    packages = ("intone", "numpy", "scipy", "pandas", "matplotlib")
    return {"python": platform.python_version(), **{name: version(name) for name in packages}}
