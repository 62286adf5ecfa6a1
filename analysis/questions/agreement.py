"""Agreement of listeners, with and without reference and anchors.

Reference and anchors make agreement trivial.
"""

from dataclasses import dataclass, replace

import krippendorff
import numpy as np
import pandas as pd
from scipy import stats

from analysis.data.ratings import Ratings
from analysis.models.crossed import fit_two_way

_NAN = float("nan")


@dataclass(frozen=True)
class ICC:
    """Intraclass correlation of single listeners (McGraw and Wong 1996).

    ICC(A,1), absolute agreement, counts it as disagreement that some listeners score everything
    higher; ICC(C,1), consistency, does not.

    Attributes:
        value: share of the variance that lies between stimuli.
        ci: 1 - alpha interval; NaN on incomplete designs.
        method: mean squares (complete) or REML (incomplete).
        n_listeners: number of listeners.
    """

    value: float
    ci: tuple[float, float]
    method: str
    n_listeners: int

    def of_mean(self) -> "ICC":
        """Return ICC(A,k) or ICC(C,k) of the mean over these listeners (Spearman-Brown)."""
        k = self.n_listeners

        def stepped(value: float) -> float:
            return k * value / (1 + (k - 1) * value)

        return replace(
            self, value=stepped(self.value), ci=(stepped(self.ci[0]), stepped(self.ci[1]))
        )


@dataclass(frozen=True)
class Concordance:
    """Kendall's W of listeners' mean scores, with Friedman's test.

    Attributes:
        w: 0 (no agreement on the ranks) to 1.
        chi2, p: Friedman's test.
        f, f_p: the same as Iman and Davenport's F (1980), less conservative; infinite at w = 1.
        n_listeners, n_systems: size of the table.
    """

    w: float
    chi2: float
    p: float
    f: float
    f_p: float
    n_listeners: int
    n_systems: int


@dataclass(frozen=True)
class Agreement:
    """Agreement over one set of systems; undefined parts are none.

    Attributes:
        systems: which systems.
        icc: ICC(A,1), absolute agreement.
        consistency: ICC(C,1).
        concordance: Kendall's W.
        krippendorff: Krippendorff's alpha for interval data, any incidence: 1 is full agreement, 0
            what chance gives.
    """

    systems: tuple[str, ...]
    icc: ICC | None
    consistency: ICC | None
    concordance: Concordance | None
    krippendorff: float | None


def agreement(ratings: Ratings, systems: tuple[str, ...], alpha: float = 0.05) -> Agreement:
    """Return the agreement of the listeners on these systems.

    Intervals are 1 - alpha.
    """
    rows = ratings.frame[ratings.frame["system"].isin(list(systems))]
    stimulus = rows.groupby(["utterance", "system"]).ngroup().to_numpy()
    listener = np.unique(rows["listener"].to_numpy(str), return_inverse=True)[1]
    icc, consistency = icc_of(stimulus, listener, rows["score"].to_numpy(float), alpha)
    means = rows.pivot_table(index="listener", columns="system", values="score").dropna().to_numpy()
    return Agreement(systems, icc, consistency, kendall_w(means), krippendorff_alpha(rows))


def krippendorff_alpha(rows: pd.DataFrame) -> float | None:
    """Return interval alpha; none without two scores of a stimulus or scatter."""
    table = rows.pivot_table(index="listener", columns=["utterance", "system"], values="score")
    values = table.to_numpy()
    paired = values[:, (~np.isnan(values)).sum(0) > 1]
    if paired.size == 0 or np.nanmax(paired) == np.nanmin(paired):
        return None
    return float(krippendorff.alpha(reliability_data=values, level_of_measurement="interval"))


def icc_of(
    stimulus: np.ndarray, listener: np.ndarray, scores: np.ndarray, alpha: float = 0.05
) -> tuple[ICC | None, ICC | None]:
    """Return ICC(A,1) and ICC(C,1) of scores [n].

    Intervals are exact (F) for complete designs; incomplete ones are fitted by REML.

    Returns:
        None where scores do not vary, there are fewer than two stimuli or listeners, or too few
        scores to split their variance.
    """
    if len(scores) == 0 or np.ptp(scores) == 0:
        return None, None
    n, k = int(stimulus.max()) + 1, int(listener.max()) + 1
    if n < 2 or k < 2:
        return None, None
    if len(scores) != n * k:
        fit = fit_two_way(stimulus, listener, scores)
        parts = (fit.listener + fit.utterance + fit.residual, fit.listener + fit.residual)
        agreement, consistency = (
            ICC(float(fit.listener / total), (_NAN, _NAN), "REML", k) if total > 0 else None
            for total in parts
        )
        return agreement, consistency
    X = np.empty((n, k))
    X[stimulus, listener] = scores
    mean, by_stimulus, by_listener = X.mean(), X.mean(1), X.mean(0)
    ms_r = k * float(((by_stimulus - mean) ** 2).sum()) / (n - 1)
    ms_c = n * float(((by_listener - mean) ** 2).sum()) / (k - 1)
    rest = X - by_stimulus[:, None] - by_listener + mean
    ms_e = float((rest**2).sum()) / ((n - 1) * (k - 1))
    return _absolute(n, k, ms_r, ms_c, ms_e, alpha), _consistent(n, k, ms_r, ms_e, alpha)


def _absolute(n: int, k: int, ms_r: float, ms_c: float, ms_e: float, alpha: float) -> ICC:
    """Return ICC(A,1) of n stimuli and k listeners from three mean squares."""
    value = (ms_r - ms_e) / (ms_r + (k - 1) * ms_e + k * (ms_c - ms_e) / n)
    if ms_e <= 0 or value >= 1:
        return ICC(value, (_NAN, _NAN), "mean squares", k)
    a = k * value / (n * (1 - value))
    b = 1 + k * value * (n - 1) / (n * (1 - value))
    v = (a * ms_c + b * ms_e) ** 2
    v /= (a * ms_c) ** 2 / (k - 1) + (b * ms_e) ** 2 / ((n - 1) * (k - 1))
    level = 0.5 + (1 - alpha) / 2
    f_low, f_high = stats.f.ppf(level, n - 1, v), stats.f.ppf(level, v, n - 1)
    other = k * ms_c + (k * n - k - n) * ms_e
    low = n * (ms_r - f_low * ms_e) / (f_low * other + n * ms_r)
    high = n * (f_high * ms_r - ms_e) / (other + n * f_high * ms_r)
    return ICC(value, (float(low), float(high)), "mean squares", k)


def _consistent(n: int, k: int, ms_r: float, ms_e: float, alpha: float) -> ICC | None:
    """Return ICC(C,1); none if nothing varies but the listeners' levels."""
    if ms_r + (k - 1) * ms_e <= 0:
        return None
    value = (ms_r - ms_e) / (ms_r + (k - 1) * ms_e)
    if ms_e <= 0:
        return ICC(value, (_NAN, _NAN), "mean squares", k)
    df, level = (n - 1, (n - 1) * (k - 1)), 0.5 + (1 - alpha) / 2
    ends = (
        ms_r / ms_e / float(stats.f.ppf(level, *df)),
        ms_r / ms_e * float(stats.f.ppf(level, *df[::-1])),
    )
    low, high = ((end - 1) / (end + k - 1) for end in ends)
    return ICC(value, (low, high), "mean squares", k)


def kendall_w(means: np.ndarray) -> Concordance | None:
    """Return Kendall's W, corrected for ties, and Friedman's test.

    Args:
        means: [listeners, systems]; ties are judged after rounding to 9 decimals.

    Returns:
        None with fewer than two listeners or three systems, or if no ranks differ.
    """
    n, k = means.shape
    if n < 2 or k < 3:
        return None
    ranks = stats.rankdata(np.round(means, 9), axis=1)
    # Sum of squared deviations that the same rankings would have if all listeners agreed.
    within = ((ranks - (k + 1) / 2) ** 2).sum()
    if within == 0:
        return None
    between = ((ranks.sum(0) - n * (k + 1) / 2) ** 2).sum()
    w = float(between / (n * within))
    chi2 = n * (k - 1) * w
    p = float(stats.chi2.sf(chi2, k - 1))
    f = (n - 1) * w / (1 - w) if w < 1 else float("inf")
    return Concordance(w, chi2, p, f, float(stats.f.sf(f, k - 1, (k - 1) * (n - 1))), n, k)
