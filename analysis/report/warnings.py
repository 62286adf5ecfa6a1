"""Warnings to read before a result is quoted."""

import numpy as np

from analysis.models.crossed import SMALLER_SAMPLE, TwoWayFit
from analysis.questions.screening import nine_tenths
from analysis.report.result import Result
from analysis.wording import counted, interval, number, p_equals
from intone.contracts.bs1534 import ENOUGH_ASSESSORS

_FEW = 6
_RAW_DIFFERS = 0.1
_MOST_NAMED = 4


def warnings(result: Result) -> list[str]:
    """Sentences on what limits the result, most important first."""
    return [
        *_origin(result),
        *_sample(result),
        *_scope(result),
        *_undecided(result),
        *_gaps(result),
        *_screening(result),
        *_scores(result),
        *_design(result),
    ]


def _origin(result: Result) -> list[str]:
    return origin_warning(result.ratings.origin, "rating")


def origin_warning(origin: str, noun: str) -> list[str]:
    """Return the warning for simulated or imported ratings."""
    if origin == "simulated":
        return [
            f"The {noun}s are simulated: this is a rehearsal and says nothing about any system."
        ]
    if origin == "human":
        return []
    tools = origin.replace("imported:", "from ")
    return [f"The {noun}s were imported ({tools}): the file does not say who gave them and how."]


def _sample(result: Result) -> list[str]:
    ratings = result.ratings
    return sample_warnings(len(ratings.listeners), len(ratings.utterances), ratings.looks)


def sample_warnings(n_l: int, n_u: int, looks: int | None) -> list[str]:
    """Return warnings for few listeners, few texts and repeated looks."""
    texts = []
    if n_u == 1:
        texts.append("Only one utterance was heard: the results hold for this text only.")
    if n_l == 1:
        texts.append("Only one listener took part: the results hold for this person only.")
    if 1 < n_l < _FEW:
        texts.append(
            f"The p values rest on few listeners ({n_l}): one more can change a verdict, and only "
            "large differences could be found; smaller ones may exist. Call it a pilot."
        )
    if 1 < n_u < _FEW:
        texts.append(
            f"The p values rest on few texts ({n_u}): another choice of texts can change a verdict."
        )
    if looks:
        texts.append(
            f"Results were looked at {counted(looks, 'time')} while the study ran; "
            "the p values are not corrected for that and are too small if it could have stopped."
        )
    return texts


def smaller_sample_warning(pair: str, noun: str, fit: TwoWayFit) -> str:
    """Return the warning for a fit without Satterthwaite's degrees of freedom."""
    return (
        f"{pair}: too few {noun}s per listener and text for Satterthwaite's degrees of freedom; "
        f"{number(fit.df, 0)} (the smaller sample minus 1) is used."
    )


def _scope(result: Result) -> list[str]:
    texts = []
    unpaired = ", ".join(f"{c.x} − {c.y}" for c in result.comparisons if not c.paired)
    if unpaired:
        texts.append(
            f"{unpaired}: no listener rated both on one text (unpaired). Differences between "
            "listeners and between texts do not cancel, so the intervals are wider, and there is "
            "no test on listener means: let listeners hear both systems on a text."
        )
    for c in result.comparisons:
        pair = f"{c.x} − {c.y}"
        if not c.fit.defined:
            texts.append(f"{pair}: no test is possible: {c.fit.why_undefined}.")
            continue
        if c.fit.method == SMALLER_SAMPLE:
            texts.append(smaller_sample_warning(pair, "rating", c.fit))
        if c.fit.p >= c.alpha and c.listener_p < c.alpha and c.fit.n_utterances > 1:
            texts.append(
                f"{pair}: holds for these texts (listeners alone: {p_equals(c.listener_p)}); "
                f"not shown for new texts ({p_equals(c.fit.p)}). More texts would help, not "
                "more listeners."
            )
        elif c.fit.p >= c.alpha and c.naive_p < c.alpha:
            texts.append(
                f"{pair}: counting every page as independent would have printed "
                f"{p_equals(c.naive_p)}; the variance that respects listeners and texts is "
                f"{number(c.design_effect)} times as large, and {p_equals(c.fit.p)}."
            )
        if abs(c.fit.raw - c.fit.estimate) > _RAW_DIFFERS * c.fit.se:
            texts.append(
                f"{pair}: the plain difference of means is {number(c.fit.raw, 2)}, the model's "
                f"{number(c.fit.estimate, 2)} points, because not every listener rated every text; "
                "p values use the model, gap and raw gain the plain means."
            )
    return texts


def _undecided(result: Result) -> list[str]:
    """Return the possible size of a difference that is not significant."""
    open_ = [c for c in result.comparisons if c.fit.defined and not c.significant]
    if not open_:
        return []
    some = "; ".join(f"{c.x} − {c.y} {interval(c.ci)}" for c in open_[:_MOST_NAMED])
    more = f"; and {len(open_) - _MOST_NAMED} more" if len(open_) > _MOST_NAMED else ""
    return [
        f"Not significant does not mean equal. True differences that these ratings allow, points: "
        f"{some}{more}. Whether a difference is too small to matter is tested with --margin."
    ]


def _gaps(result: Result) -> list[str]:
    texts = []
    for gap in result.gaps:
        if not gap.defined or not np.isfinite(gap.p):
            continue
        holds_zero = gap.ci[0] <= 0 <= gap.ci[1]
        if (gap.p < result.alpha) == holds_zero:
            verb = "holds" if holds_zero else "does not hold"
            texts.append(
                f"{gap.system}: the interval of the gap {verb} 0 although {p_equals(gap.p)}: they "
                "come from two methods (Fieller with cluster-robust variances on pages that have "
                "all three systems; the two-way model). Use p to decide on a difference."
            )
    return texts


def _screening(result: Result) -> list[str]:
    before = {(c.x, c.y): c for c in result.unscreened[0]}
    texts = list(result.screening.notes)
    for c in result.comparisons:
        other = before.get((c.x, c.y))
        if other is not None and other.significant != c.significant:
            texts.append(
                f"{c.x} − {c.y}: screening changes the verdict (with it Holm "
                f"{p_equals(c.p_adjusted)}, with everybody {p_equals(other.p_adjusted)})."
            )
    if 3 * len(result.screening.excluded) > len(result.everybody.listeners):
        texts.append(
            f"Screening left out {len(result.screening.excluded)} of "
            f"{len(result.everybody.listeners)} listeners. Rating a recording below "
            f"{nine_tenths(result.ratings.scale)} can be an honest opinion of another rendition: "
            "look at the results with everybody, too."
        )
    return texts


def _scores(result: Result) -> list[str]:
    ratings, texts = result.ratings, list(result.ratings.notes)
    low, high = ratings.scale
    lowest, highest = ratings.frame["score"].min(), ratings.frame["score"].max()
    if highest <= low + (high - low) / 10 and highest > lowest:
        texts.append(
            f"All scores lie between {lowest:g} and {highest:g}, the lowest tenth of the scale "
            f"{low:g} to {high:g}: if listeners rated on another scale, name it, such as "
            "--scale 1 5."
        )
    share = (ratings.frame["score"] >= low + 0.8 * (high - low)).mean()
    if share > 0.5:
        texts.append(
            f"{number(100 * share, 0)} % of the scores lie in the top fifth of the scale: systems "
            "cannot be told apart there (BS.1534-3 wants scores to span 20 to 80)."
        )
    untouched = int((~ratings.frame["moved"].astype(bool)).sum())
    if untouched:
        texts.append(f"{counted(untouched, 'score')} came from a slider that was never touched.")
    return texts


def _design(result: Result) -> list[str]:
    texts = []
    missing = len(result.pairs) - len(result.comparisons)
    if missing:
        texts.append(
            f"{counted(missing, 'pair')} of systems never met on a page, and too few listeners or "
            "texts rated them for an unpaired comparison: not compared."
        )
    roles = result.everybody.roles
    expected = {
        "hidden reference": roles.reference,
        "low anchor": roles.anchor_low,
        "mid anchor": roles.anchor_mid,
    }
    lacking = [name for name, system in expected.items() if system is None]
    if lacking:
        texts.append(
            f"No {' and no '.join(lacking)} is named: call this test MUSHRA-like, not MUSHRA."
        )
    if roles.baseline is None:
        texts.append("No baseline is named, so no gap is computed; name it with --baseline.")
    components = result.components
    if components is not None and components.n_left_out:
        lack = "lacks" if components.n_left_out == 1 else "lack"
        texts.append(
            f"{counted(components.n_left_out, 'page')} of "
            f"{components.n_pages + components.n_left_out} {lack} a system: the variance "
            "components use the others, each comparison all pages that have its pair."
        )
    texts.append(
        "Scores depend on the systems that were in the test: do not compare them with other tests."
    )
    return texts


def lights(result: Result) -> list[dict[str, str]]:
    """Return the design at a glance: name, state and a few words."""
    excluded, before = len(result.screening.excluded), len(result.everybody.listeners)
    share = excluded / before
    return [
        *size_lights(
            len(result.ratings.listeners), len(result.ratings.utterances), result.ratings.looks
        ),
        {
            "name": "Screening",
            "state": "good" if share <= 0.1 else "look" if share <= 1 / 3 else "bad",
            "text": f"{excluded} of {counted(before, 'listener')} left out",
        },
    ]


def size_lights(n_l: int, n_u: int, looks: int | None) -> list[dict[str, str]]:
    """Return listeners, texts and looks at a glance."""

    def size(name: str, n: int) -> dict[str, str]:
        state = "good" if n >= ENOUGH_ASSESSORS else "look" if n >= _FEW else "bad"
        words = {"good": "", "look": ", few", "bad": ", too few to rely on"}
        return {"name": name, "state": state, "text": f"{n}{words[state]}"}

    return [
        size("Listeners", n_l),
        size("Texts", n_u),
        {
            "name": "Looks",
            "state": "good" if looks == 0 else "look",
            "text": "not recorded" if looks is None else f"{looks} while the study ran",
        },
    ]
