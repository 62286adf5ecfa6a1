"""Methods and results paragraphs, and the software versions."""

import platform
from importlib.metadata import version

from analysis.models.crossed import SMALLER_SAMPLE, TwoWayFit
from analysis.questions.compare import family_size
from analysis.report.result import Result
from analysis.wording import (
    SIMULATED,
    counted,
    coverage,
    interval,
    number,
    p_equals,
    percent,
    percent_of,
)

# No level is named in the text when it is this one.
USUAL_LEVEL = 0.05
# The default test, as a paper names it.
CROSSED = (
    "a linear mixed model with crossed random effects of listener and utterance (REML, "
    "Satterthwaite degrees of freedom; for complete designs the equivalent quasi-F), so that the "
    "results generalise to new listeners and new utterances"
)


def method_name(fit: TwoWayFit) -> str:
    """Return the name of the pair's test, for tables."""
    if fit.method in ("closed form", "REML", SMALLER_SAMPLE):
        return f"per-pair two-way random-effects model ({fit.method})"
    return fit.method


def methods_text(result: Result) -> str:
    """Return the methods paragraph; square brackets mark what authors add."""
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
    paired = [c.paired for c in result.comparisons]
    if any(paired) and n_l > 1 and n_u > 1:
        sentences.append(
            "Differences between two systems were tested on within-page differences with "
            f"{CROSSED}."
        )
    elif any(paired):
        sentences.append(
            "Differences between two systems were tested with a one-sample t test of within-page "
            "differences; with a single listener or utterance the results generalise over the "
            "other factor only."
        )
    if not all(paired):
        which = "Systems" if not any(paired) else "Systems that no listener heard on one utterance"
        sentences.append(
            f"{which} were compared by the difference of their means over all their ratings, with "
            "a two-way cluster-robust standard error by listener and utterance (Cameron, Gelbach "
            "and Miller 2011; t with the degrees of freedom of the smallest sample)."
        )
    n = family_size(result.comparisons)
    if n > 1:
        sentences.append(f"P values were adjusted by Holm's method over {n} declared comparisons.")
    if any(c.fit.method == SMALLER_SAMPLE for c in result.comparisons):
        sentences.append(
            "Where the design was too sparse for Satterthwaite's method, the degrees of freedom "
            "are those of the smaller sample, minus 1."
        )
    if any(paired):
        sentences.append(
            "Exact Wilcoxon signed-rank tests on listener means (valid for these utterances only) "
            "are given as a companion."
        )
    if result.gaps:
        sentences.append(
            "Gap reduction is (X − B) / (R − B) on mean scores, with B the mean of "
            f"{ratings.roles.baseline} and R that of {ratings.roles.reference}; its "
            f"{coverage(result.alpha)} interval "
            "is Fieller's, with the two-way cluster-robust covariance (Cameron, Gelbach and Miller "
            f"2011) and {_degrees([gap.df for gap in result.gaps])} of freedom."
        )
    sentences += [*level_text(result.alpha), computed_with()]
    return " ".join(sentences)


def _degrees(values: list[int]) -> str:
    """Return `1 degree`, `7 degrees`, or `5 to 7 degrees`."""
    low, high = min(values), max(values)
    return counted(high, "degree") if low == high else f"{low} to {high} degrees"


def _screening_text(result: Result) -> str:
    excluded, name = len(result.screening.excluded), result.screening.rule
    if name == "none":
        return "No listener was screened out."
    rule, _, named = name.partition(" + ")
    rules = {
        "bs1534-3": "Post-screening by the ITU-R BS.1534-3 rule",
        "mpeg": "Post-screening by the MPEG rule",
        "own": "A rule of our own [which]",
    }
    by = [rules[rule]] if rule in rules else []
    by += ["naming [why]"] if named else []
    verb = "was" if excluded == 1 else "were"
    who = f"{' and '.join(by)} excluded {counted(excluded, 'listener')}"
    who = who[0].upper() + who[1:]
    if not excluded:
        return f"{who}."
    return f"{who}, who {verb} left out whole; results with everybody are reported beside."


def results_text(result: Result) -> str:
    """Return the results paragraph with every declared comparison."""
    label = f"[{SIMULATED}.] " if result.ratings.simulated else ""
    family = family_size(result.comparisons)
    gaps = {gap.system: gap for gap in result.gaps if gap.defined}
    means = {s.system: s for s in result.systems}
    sentences = []
    for c in result.comparisons:
        x, y = means[c.x], means[c.y]
        if not c.fit.defined:
            sentences.append(
                f"{c.x} (M = {number(x.mean)}) and {c.y} (M = {number(y.mean)}) could not be "
                f"tested: {c.fit.why_undefined}."
            )
            continue
        holm = f", Holm-adjusted {p_equals(c.p_adjusted)}" if family > 1 else ""
        verb = "differed significantly" if c.significant else "did not differ significantly"
        text = (
            f"{c.x} (M = {number(x.mean)}) and {c.y} (M = {number(y.mean)}) {verb}: "
            f"{number(c.fit.estimate, sign=True)} points, "
            f"{coverage(c.alpha)} CI [{interval(c.ci)}], "
            f"t({number(c.fit.df)}) = {number(c.fit.t, 2)}, {p_equals(c.fit.p)}{holm}"
        )
        gap = gaps.get(c.x)
        if gap is not None and gap.baseline == c.y:
            ends = interval((100 * gap.ci[0], 100 * gap.ci[1]))
            text += (
                f"; gap reduction towards {gap.reference} {percent(gap.gap)} %, "
                f"{coverage(c.alpha)} Fieller CI [{ends}]"
            )
        sentences.append(f"{text}.")
    return label + " ".join(sentences)


def level_text(alpha: float) -> list[str]:
    """Return a sentence on the level, if it is not 5 %."""
    if alpha == USUAL_LEVEL:
        return []
    return [f"The two-sided level was {percent_of(alpha)}; intervals are {coverage(alpha)} ones."]


def computed_with() -> str:
    """Return the last sentence of a methods paragraph."""
    releases = versions()
    return (
        f"Computed with Intone {releases['intone']} "
        f"(NumPy {releases['numpy']}, SciPy {releases['scipy']})."
    )


def versions() -> dict[str, str]:
    """Versions of what the numbers depend on."""
    packages = ("intone", "numpy", "scipy", "pandas", "matplotlib")
    return {"python": platform.python_version(), **{name: version(name) for name in packages}}
