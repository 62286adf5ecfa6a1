"""Texts of a preference report: warnings, design, methods, results."""

from dataclasses import dataclass, replace

from analysis.data.preferences import Choices
from analysis.models.crossed import SMALLER_SAMPLE
from analysis.questions.preference import Ability, PairPreference, Preferences
from analysis.questions.preference_details import PairSides, PreferenceDetails, Sides
from analysis.report.methods import CROSSED, computed_with, level_text
from analysis.report.warnings import (
    origin_warning,
    sample_warnings,
    size_lights,
    smaller_sample_warning,
)
from analysis.wording import (
    SIMULATED,
    ci_text,
    counted,
    coverage,
    interval,
    number,
    p_equals,
    percent,
)

_RAW_DIFFERS = 0.1
_LOPSIDED = 0.6


@dataclass(frozen=True)
class PreferenceResult:
    """All that a report of preferences says.

    Attributes:
        everybody: the choices before listeners were left out by name.
        choices: those that were used.
        preferences: abilities and pairs.
        unscreened: the same with every listener; none if none was left out.
        details: further analyses.
        seed: seed of the bootstrap.
        alpha: two-sided level; intervals are 1 - alpha.
    """

    everybody: Choices
    choices: Choices
    preferences: Preferences
    unscreened: Preferences | None
    details: PreferenceDetails
    seed: int = 0
    alpha: float = 0.05

    @property
    def headline(self) -> list[str]:
        """One sentence a pair."""
        label = f"{SIMULATED}: " if self.choices.simulated else ""
        return [f"{label}{pair.text}" for pair in self.preferences.pairs]

    @property
    def lights(self) -> list[dict[str, str]]:
        """The design at a glance."""
        choices, sides = self.choices, self.details.sides
        even = sides is not None and sides.recorded and not any(map(_uneven, sides.pairs))
        order = {
            "name": "Order",
            "state": "good" if even else "look",
            "text": "sides balanced"
            if even
            else "not recorded"
            if sides is None or not sides.recorded
            else "sides not balanced",
        }
        return [*size_lights(len(choices.listeners), len(choices.utterances), choices.looks), order]


def bounded_abilities(preferences: Preferences) -> tuple[Ability, ...]:
    """Return the abilities; NaN where only the ridge bounds them."""
    nothing = {"se": float("nan"), "ci": (float("nan"), float("nan"))}
    if not preferences.determined:
        nothing |= {"log_strength": float("nan"), "elo": float("nan")}
    elif not _unbounded(preferences):
        return preferences.abilities
    return tuple(replace(ability, **nothing) for ability in preferences.abilities)


def _unbounded(preferences: Preferences) -> bool:
    # A percentile interval is bounded if at most alpha / 2 of the samples are beyond either end.
    return preferences.unbounded > preferences.abilities[0].alpha / 2


def warnings(result: PreferenceResult) -> list[str]:
    """Sentences on what limits the result, most important first."""
    choices = result.choices
    return [
        *origin_warning(choices.origin, "choice"),
        *sample_warnings(len(choices.listeners), len(choices.utterances), choices.looks),
        *(text for pair in result.preferences.pairs for text in _pair(pair)),
        *model_warnings(result.preferences),
        *_excluded(result),
        *_sides(result.details.sides, result.alpha),
        *_none(result),
        *choices.notes,
        "Shares and abilities are valid only within this test: they depend on the systems, texts "
        "and listeners that were in it; do not compare them with other tests.",
    ]


def _pair(pair: PairPreference) -> list[str]:
    fit, name, texts = pair.fit, f"{pair.x} − {pair.y}", []
    if not fit.defined:
        each = (
            f"; listeners, each counted once, are {pair.listeners_x} to {pair.listeners_y} (sign "
            f"test {p_equals(pair.listener_p)}; these texts only)"
            if pair.listeners_x + pair.listeners_y > 1
            else ""
        )
        return [f"{name}: no test is possible: {pair.why_undefined}{each}."]
    if fit.method == SMALLER_SAMPLE:
        texts.append(smaller_sample_warning(name, "choice", fit))
    if fit.p >= pair.alpha and pair.listener_p < pair.alpha and fit.n_utterances > 1:
        texts.append(
            f"{name}: holds for these texts (sign test of listeners: {p_equals(pair.listener_p)}); "
            f"not shown for new texts ({p_equals(fit.p)})."
        )
    elif fit.p >= pair.alpha and pair.naive_p < pair.alpha:
        texts.append(
            f"{name}: counting every choice as independent would have printed "
            f"{p_equals(pair.naive_p)}; choices of one listener, or on one text, are alike, and "
            f"{p_equals(fit.p)}."
        )
    if abs(fit.raw - fit.estimate) > _RAW_DIFFERS * fit.se:
        texts.append(
            f"{name}: the plain difference of shares is {percent(fit.raw, sign=True)}, the model's "
            f"{percent(fit.estimate, sign=True)} percentage points, because not everybody judged "
            "every text."
        )
    return texts


def model_warnings(preferences: Preferences) -> list[str]:
    """Return the limits of the scale of abilities."""
    n = len(preferences.abilities)
    texts = []
    if not any(pair.n_x or pair.n_y for pair in preferences.pairs):
        texts.append("No listener ever preferred anything: there are no abilities.")
    elif not preferences.determined:
        texts.append(
            "Some systems were always chosen over the others, or never: nothing bounds their "
            "abilities, so only the order is shown."
        )
    elif _unbounded(preferences):
        texts.append(
            f"In {percent(preferences.unbounded)} % of the bootstrap samples some system always "
            "won or lost: too few choices for intervals of the abilities."
        )
    missing = n * (n - 1) // 2 - len(preferences.pairs)
    if missing:
        texts.append(
            f"{counted(missing, 'pair')} of systems never met: their abilities are compared by way "
            "of other systems only."
        )
    return texts


def _excluded(result: PreferenceResult) -> list[str]:
    if result.unscreened is None:
        return []
    before = {frozenset((p.x, p.y)): p for p in result.unscreened.pairs}
    return [
        f"{pair.x} − {pair.y}: leaving listeners out changes the verdict (without them Holm "
        f"{p_equals(pair.p_adjusted)}, with everybody {p_equals(other.p_adjusted)})."
        for pair in result.preferences.pairs
        if (other := before[frozenset((pair.x, pair.y))]).significant != pair.significant
    ]


def _uneven(pair: PairSides) -> bool:
    n = (pair.n_x_first, pair.n_y_first)
    return max(n) > _LOPSIDED * sum(n)


def _sides(sides: Sides | None, alpha: float) -> list[str]:
    if sides is None:
        return [
            "The table does not say which version was first (column first_on_screen): whether "
            "listeners favoured a side cannot be told."
        ]
    texts = []
    if not sides.recorded:
        texts.append(
            "The table does not say which version was first (column first_on_screen); "
            "system_a is taken as the first."
        )
    for pair in sides.pairs:
        x, y, n_x, n_y = pair.x, pair.y, pair.n_x_first, pair.n_y_first
        if not n_x or not n_y:
            texts.append(
                f"{x} − {y}: {x if n_x else y} was always first, so that a preference for it and "
                "a habit of choosing that side cannot be told apart."
            )
        elif _uneven(pair):
            texts.append(
                f"{x} − {y}: the order is not balanced ({x} first {n_x}, {y} first {n_y} times)."
            )
    if sides.fit is not None and sides.fit.p < alpha:
        which = "first" if sides.fit.estimate > 0 else "second"
        texts.append(
            f"The {which} version was chosen more often ({sides_text(sides, alpha)}); in "
            "a pair whose order is balanced this cancels out."
        )
    return texts


def _none(result: PreferenceResult) -> list[str]:
    none, n = (
        sum(p.n_none for p in result.preferences.pairs),
        sum(p.n for p in result.preferences.pairs),
    )
    if not none:
        return [
            "No listener ever chose neither: if the test did not offer that, listeners who heard "
            "no difference had to guess."
        ]
    if none > n / 2:
        return [f"{percent(none / n)} % of the choices were for neither of the two."]
    return []


def sides_text(sides: Sides, alpha: float) -> str:
    """Share of first minus share of second, with its interval."""
    fit = sides.fit
    if fit is None or not fit.defined:
        return "not defined"
    low, high = fit.ci(alpha)
    return (
        f"first minus second {percent(fit.estimate, sign=True)} percentage points, "
        f"{ci_text((100 * low, 100 * high), alpha)}, {p_equals(fit.p)}"
    )


def methods_text(result: PreferenceResult) -> str:
    """Return the methods paragraph; square brackets mark what authors add."""
    choices, everybody, preferences = result.choices, result.everybody, result.preferences
    n_l, n_u, n_pairs = len(choices.listeners), len(choices.utterances), len(preferences.pairs)
    label = f"[{SIMULATED}.] " if choices.simulated else ""
    neither = any(pair.n_none for pair in preferences.pairs)
    out = len(choices.excluded)
    sentences = [
        f"{label}{counted(len(everybody.listeners), 'listener')} [recruitment, language, pay, "
        f"equipment] compared {counted(len(preferences.abilities), 'system')} "
        f"({', '.join(a.system for a in preferences.abilities)}) in {counted(n_pairs, 'pair')} on "
        f"{counted(n_u, 'utterance')}, choosing one of two versions"
        f"{' or neither' if neither else ''} [question and instructions].",
        f"{counted(out, 'listener')} {'was' if out == 1 else 'were'} left out [why]; results with "
        "everybody are reported beside."
        if out
        else "No listener was screened out.",
        f"The analysis uses {counted(len(choices.frame), 'choice')} by {counted(n_l, 'listener')}.",
    ]
    coded = "For each pair, choices (1 for one system, −1 for the other, 0 for neither) were "
    if n_l > 1 and n_u > 1:
        sentences.append(f"{coded}analysed with {CROSSED}.")
    else:
        sentences.append(
            f"{coded}tested with a one-sample t test; with a single listener or utterance the "
            "results generalise over the other factor only."
        )
    family = sum(pair.fit.defined for pair in preferences.pairs)
    if family > 1:
        sentences.append(f"P values were adjusted by Holm's method over {family} pairs.")
    if preferences.determined and any(pair.n_x or pair.n_y for pair in preferences.pairs):
        sentences.append(
            "All systems were placed on one scale with the Bradley-Terry model with ties (Davidson "
            f"1970), with {coverage(result.alpha)} percentile intervals from "
            f"{preferences.draws} bootstrap samples of listeners and utterances (Owen 2007; seed "
            f"{result.seed})."
        )
    sentences += [*level_text(result.alpha), computed_with()]
    return " ".join(sentences)


def results_text(result: PreferenceResult) -> str:
    """Return the results paragraph with every pair."""
    label = f"[{SIMULATED}.] " if result.choices.simulated else ""
    return label + " ".join(_result(pair) for pair in result.preferences.pairs)


def _result(pair: PairPreference) -> str:
    fit = pair.fit
    x, none, y = (percent(count / pair.n) for count in (pair.n_x, pair.n_none, pair.n_y))
    shares = (
        f"{pair.x} was preferred in {x} % and {pair.y} in {y} % of {counted(pair.n, 'choice')} "
        f"(no preference: {none} %)"
    )
    if not fit.defined:
        return f"{shares}; this could not be tested: {pair.why_undefined}."
    holm = f", Holm-adjusted {p_equals(pair.p_adjusted)}" if pair.family > 1 else ""
    verb = "differed significantly" if pair.significant else "did not differ significantly"
    ends = interval((100 * pair.ci[0], 100 * pair.ci[1]))
    return (
        f"{shares}; the shares {verb}: {percent(fit.estimate, sign=True)} percentage points, "
        f"{coverage(pair.alpha)} CI [{ends}], t({number(fit.df)}) = {number(fit.t, 2)}, "
        f"{p_equals(fit.p)}{holm}."
    )
