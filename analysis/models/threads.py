"""One thread of the linear algebra library, the fastest on small matrices.

On the 600,000 ratings of a rotated design two threads take twelve times the CPU time of one.
"""

from contextlib import AbstractContextManager
from functools import cache

from threadpoolctl import ThreadpoolController


def one_thread() -> AbstractContextManager:
    """Limit linear algebra to one thread within a `with` block."""
    return _controller().limit(limits=1)


@cache
def _controller() -> ThreadpoolController:
    # Looking for the loaded libraries takes milliseconds, more than many a fit.
    return ThreadpoolController()
