"""Report on a corpus, prepared or not."""

from pathlib import Path

from intone.progress import Progress, silent
from tts_core.corpus.report.page import Report
from tts_core.corpus.shards import read_info


def corpus_report(
    folder: str | Path, sample: int = 0, seed: int = 0, progress: Progress = silent
) -> Report:
    """Describe a corpus folder or a prepared corpus.

    Args:
        folder: of either kind.
        sample: recordings of a prepared corpus that a second aligner is asked about; 0 for none.
        seed: of that sample.
        progress: receives the stage and the units done.

    Returns:
        `as_text()` has the facts in lines, `write(path)` writes one HTML page.

    Raises:
        UserError: no corpus there, a damaged one, or none of its audio can be read.
    """
    folder = Path(folder)
    info = read_info(folder)
    if info is None:
        from tts_core.corpus.report.plain import plain_report

        return plain_report(folder, progress)
    from tts_core.corpus.report.prepared import prepared_report

    return prepared_report(folder, info, sample, seed, progress)
