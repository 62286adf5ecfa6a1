"""Numbers as the report prints them; undefined ones in words."""

import math

UNDEFINED = "not defined"
SIMULATED = "SIMULATED LISTENERS - not human ratings"


def number(value: float, digits: int = 1, sign: bool = False) -> str:
    """`value` with a fixed number of decimals and a true minus sign."""
    if not math.isfinite(value):
        return UNDEFINED
    text = f"{value:+.{digits}f}" if sign else f"{value:.{digits}f}"
    if float(text) == 0:
        text = text.replace("-", "").replace("+", "")
    return text.replace("-", "−")


def percent(fraction: float, sign: bool = False) -> str:
    """Return a fraction as a percentage, one decimal, no sign."""
    return number(100 * fraction, 1, sign)


def interval(ci: tuple[float, float], digits: int = 1) -> str:
    """`low to high`."""
    if not all(math.isfinite(end) for end in ci):
        return UNDEFINED
    return f"{number(ci[0], digits)} to {number(ci[1], digits)}"


def p_value(p: float) -> str:
    """Return a p value with three or four decimals, never 0."""
    if not math.isfinite(p):
        return UNDEFINED
    if p < 0.0001:
        return "< .0001"
    if p < 0.01:
        return f"{p:.4f}"[1:]
    if p > 0.999:
        return "> .999"
    return f"{p:.3f}"[1:]


def stars(p: float) -> str:
    """`*` below .05, `**` below .01, `***` below .001."""
    return "*" * sum(p < level for level in (0.05, 0.01, 0.001))


def p_equals(p: float) -> str:
    """`p = .012`, `p < .0001`, or that there is none."""
    text = p_value(p)
    return f"p {text}" if text[0] in "<>n" else f"p = {text}"


def coverage(alpha: float) -> str:
    """Coverage of an interval at two-sided level `alpha`, as in `95 %`."""
    return f"{100 * (1 - alpha):g} %"


def ci_text(ci: tuple[float, float], alpha: float, digits: int = 1) -> str:
    """Return `95 % CI 1.0 to 2.0`, with the coverage of `alpha`."""
    return f"{coverage(alpha)} CI {interval(ci, digits)}"


def percent_of(alpha: float) -> str:
    """Return a level as a percentage, as in `5 %`."""
    return f"{100 * alpha:g} %"


def threshold(alpha: float) -> str:
    """Return a level as p values are printed, as in `.05`."""
    return f"{alpha:g}".removeprefix("0")


def counted(n: int, noun: str) -> str:
    """`1 listener`, `2 listeners`."""
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"
