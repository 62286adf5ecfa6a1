"""MUSHRA-like page without an open reference.

The recording is hidden among the versions. Never to be reported as MUSHRA; ITU-R BS.2132 is the
nearer recommendation. It avoids that listeners match a reference instead of judging speech
(Varadhan et al. 2025, "Rethinking MUSHRA").
"""

from mushra_app.page_types.mushra import Mushra


class MushraNmr(Mushra):
    """The page of MUSHRA less the open reference."""

    name = "mushra_nmr"
    open_reference = False
