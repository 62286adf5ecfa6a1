"""The languages in which listeners can be spoken to; apart, so that a command line starts fast."""

from typing import Literal

Language = Literal["en", "de", "fr", "es", "ja"]
