"""Languages of the texts for listeners.

A separate module, so that the command line starts fast.
"""

from typing import Literal

Language = Literal["en", "de", "fr", "es", "ja"]
