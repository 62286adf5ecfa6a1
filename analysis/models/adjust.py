"""P values of one family, corrected for the number of comparisons in it."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from statsmodels.stats.multitest import multipletests

Adjustment = Literal["holm", "hochberg", "bonferroni", "bh", "by", "none"]

_STATSMODELS = {
    "holm": "holm", "hochberg": "simes-hochberg", "bonferroni": "bonferroni",
    "bh": "fdr_bh", "by": "fdr_by",
}  # fmt: skip


def adjust(p: Sequence[float], method: Adjustment = "holm") -> list[float]:
    """Corrected p values, in the order given.

    Args:
        p: p values of one family. Undefined ones (NaN) stay undefined and do not count.
        method: `holm` (the default of all comparisons), `hochberg` (BS.1534-3, attachment 4),
            `bonferroni`; `bh` and `by` control the false discovery rate, for exploring only.
    """
    found = np.array(p, dtype=float)
    defined = np.isfinite(found)
    if method != "none" and defined.any():
        found[defined] = multipletests(found[defined], method=_STATSMODELS[method])[1]
    return found.tolist()
