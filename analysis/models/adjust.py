"""Correction of the p values of one family for multiple comparisons."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from statsmodels.stats.multitest import multipletests

Adjustment = Literal["holm", "hochberg", "bonferroni", "bh", "by", "none"]

_STATSMODELS = {
    "holm": "holm",
    "hochberg": "simes-hochberg",
    "bonferroni": "bonferroni",
    "bh": "fdr_bh",
    "by": "fdr_by",
}


def adjust(p: Sequence[float], method: Adjustment = "holm") -> list[float]:
    """Return the corrected p values, in the order given.

    Args:
        p: p values of one family. Undefined ones (NaN) stay undefined and do not count.
        method: `holm` (the default of all comparisons), `hochberg` (BS.1534-3, attachment 4),
            `bonferroni`; `bh` and `by` control the false discovery rate, for exploring only.
    """
    corrected = np.array(p, dtype=float)
    defined = np.isfinite(corrected)
    if method != "none" and defined.any():
        corrected[defined] = multipletests(corrected[defined], method=_STATSMODELS[method])[1]
    return corrected.tolist()
