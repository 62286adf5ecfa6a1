"""Which systems stand on the pages of a study."""

from collections.abc import Sequence

from mushra_app.study import Study

LOW, MID = "anchor-3.5k", "anchor-7k"


def conditions(study: Study, systems: Sequence[str] | None = None) -> list[str]:
    """Every system on a page: the hidden reference, the systems under test, the anchors.

    Args:
        study: the study.
        systems: only these of the systems under test; by default all.
    """
    anchors = [LOW] * study.anchors.low + [MID] * study.anchors.mid
    tested = [s for s in study.systems if systems is None or s in systems]
    return [study.reference, *tested, *anchors]
