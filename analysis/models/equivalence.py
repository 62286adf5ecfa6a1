"""Equivalence of two systems within a margin (two one-sided tests)."""

from dataclasses import dataclass

from scipy import stats

from analysis.models.crossed import TwoWayFit
from analysis.wording import ci_text, number, p_equals
from intone.errors import UserError


@dataclass(frozen=True)
class Tost:
    """Two one-sided tests (Schuirmann 1987) of one difference.

    Attributes:
        margin: points, named before the ratings were seen.
        p_lower: p value of a difference not above -margin: small means "no worse".
        p_upper: p value of a difference not below +margin: small means "no better".
        p: the larger: small means "equivalent".
        ci: 1 - 2 alpha interval; equivalent if it lies within the margin.
        verdict: equivalent, no worse, no better, or undecided, at level alpha.
        alpha: level of each of the two tests.
    """

    margin: float
    p_lower: float
    p_upper: float
    p: float
    ci: tuple[float, float]
    verdict: str
    alpha: float = 0.05

    @property
    def text(self) -> str:
        """One English sentence."""
        return (
            f"Within ±{number(self.margin)} points: {self.verdict} "
            f"({ci_text(self.ci, 2 * self.alpha)}; {p_equals(self.p)}, two one-sided tests)."
        )


def equivalence(fit: TwoWayFit, margin: float, alpha: float = 0.05) -> Tost | None:
    """Test a difference against +-margin by two one-sided t tests.

    Args:
        fit: the difference.
        margin: largest difference that does not matter, points.
        alpha: level of each of the two one-sided tests.

    Returns:
        None if the difference has no standard error.

    Raises:
        UserError: the margin is not a number above 0.
    """
    if not 0 < margin < float("inf"):
        raise UserError(
            f"--margin {margin:g}: not a number above 0; give the largest difference, in points, "
            "that does not matter"
        )
    if not fit.defined:
        return None
    p_lower = float(stats.t.sf((fit.estimate + margin) / fit.se, fit.df))
    p_upper = float(stats.t.cdf((fit.estimate - margin) / fit.se, fit.df))
    no_worse, no_better = p_lower < alpha, p_upper < alpha
    if no_worse and no_better:
        verdict = "equivalent"
    elif no_worse or no_better:
        verdict = "no worse" if no_worse else "no better"
    else:
        verdict = "undecided"
    return Tost(margin, p_lower, p_upper, max(p_lower, p_upper), fit.ci(2 * alpha), verdict, alpha)
