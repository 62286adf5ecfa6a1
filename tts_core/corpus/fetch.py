"""Corpora that others publish, in our form.

The downloads are written against what the publishers document and tested against a local server;
from where this was written the real hosts could not be reached, so their answers were never met.
"""

import platform
import tarfile
import tempfile
import zipfile
import zlib
from pathlib import Path
from typing import NamedTuple

from intone.errors import UserError
from intone.files import write_whole
from intone.progress import Progress, silent
from intone.resources import corpora_path
from tts_core.corpus import readers
from tts_core.corpus.convert import Choice, convert
from tts_core.corpus.download import OWN_COPY, download
from tts_core.corpus.info import KNOWN, CorpusInfo
from tts_core.corpus.sources import read_corpus, write_info

OPENSLR = "https://www.openslr.org/resources"
LIBRITTS_SHA256 = {
    "dev-clean": "da0864e1bd26debed35da8a869dd5c04dfc27682921936de7cff9c8a254dbe1a",
    "dev-other": "d413eda26f3a152ac7c9cf3658ef85504dfb1b625296e5fa83727f5186cca79c",
    "test-clean": "234ea5b25859102a87024a4b9b86641f5b5aaaf1197335c95090cde04fe9a4f5",
    "test-other": "33a5342094f3bba7ccc2e0500b9e72d558f72eb99328ac8debe1d9080402f10d",
    "train-clean-100": "c5608bf1ef74bb621935382b8399c5cdd51cd3ee47cec51f00f885a64c6c7f6b",
    "train-clean-360": "ce7cff44dcac46009d18379f37ef36551123a1dc4e5c8e4eb73ae57260de4886",
    "train-other-500": "e35f7e34deeb2e2bdfe4403d88c8fdd5fbf64865cae41f027a185a6965f0a5df",
}
LIBRITTS_R_MD5 = {
    "dev-clean": "2c1f5312914890634cc2d15783032ff3",
    "dev-other": "62d3a80ad8a282b6f31b3904f0507e4f",
    "test-clean": "4d373d453eb96c0691e598061bbafab7",
    "test-other": "dbc0959d8bdb6d52200595cabc9995ae",
    "train-clean-100": "6df668d8f5f33e70876bfa33862ad02b",
    "train-clean-360": "382eb3e64394b3da6a559f864339b22c",
    "train-other-500": "a37a8e9f4fe79d20601639bf23d1add8",
}
"""Digests from the publishers' lists and loaders.

They were not checked against the archives themselves.
"""


class Published(NamedTuple):
    """Publisher's address and layout of a corpus.

    Attributes:
        size: of the archive in bytes. digest: `sha256:` or `md5:` and its digest; None if unknown.
    """

    layout: str
    url: str
    size: int | None = None
    digest: str | None = None


def published() -> dict[str, Published]:
    """Return the corpora that `fetch` knows, by name."""
    parts = {
        f"libritts-{part}": Published(
            "libritts", f"{OPENSLR}/60/{part}.tar.gz", digest=f"sha256:{sha256}"
        )
        for part, sha256 in LIBRITTS_SHA256.items()
    }
    restored = {
        f"libritts-r-{part}": Published(
            "libritts-r", f"{OPENSLR}/141/{part.replace('-', '_')}.tar.gz", digest=f"md5:{md5}"
        )
        for part, md5 in LIBRITTS_R_MD5.items()
    }
    return {
        # GitHub makes the archive on demand: its bytes, so its digest, may change.
        "kathleen": Published(
            "kathleen",
            "https://github.com/rhasspy/dataset-voice-kathleen/archive/refs/heads/master.tar.gz",
        ),
        "ljspeech": Published(
            "ljspeech",
            "https://data.keithito.com/data/speech/LJSpeech-1.1.tar.bz2",
            2748572632,
            "sha256:be1a30453f28eb8dd26af4101ae40cbf2c50413b1bb21936cbcdc6fae3de8aa5",
        ),
        "vctk": Published(
            "vctk",
            "https://datashare.ed.ac.uk/bitstream/handle/10283/3443/VCTK-Corpus-0.92.zip",
            11747302977,
            "md5:8a6ba2946b36fcbef0212cad601f4bfa",
        ),
        "hifi-tts": Published("hifi-tts", f"{OPENSLR}/109/hi_fi_tts_v0.tar.gz"),
        **parts,
        **restored,
    }


def fetch(
    name: str,
    out: str | Path,
    from_dir: str | Path | None = None,
    url: str | None = None,
    speakers: frozenset[str] = frozenset(),
    progress: Progress = silent,
) -> CorpusInfo:
    """Bring a published corpus into the folder `out`.

    A copy that is already on this machine is used first: `from_dir`, else a folder of the corpus'
    name under `INTONE_CORPORA`. A copy in our form is linked, one in the publisher's is converted.

    Args:
        name: one of `published()`.
        out: the corpus folder; the download is kept beside it until it is converted.
        from_dir: a copy of the corpus.
        url: another address of the publisher's archive; its size and digest are then not checked.
        speakers: whose recordings; all if empty.
        progress: receives mebibytes and recordings.

    Returns:
        what is known of the corpus: `licence`, `source` and `note` are for its user to see.

    Raises:
        UserError: unknown corpus, no copy there, download failed, not the expected contents, or
            another corpus in `out`.
    """
    if name not in published():
        raise UserError(f"{name}: {_unknown(name)}")
    source, out = published()[name], Path(out)
    info = KNOWN[source.layout].model_copy(update={"name": name})
    if (out / "corpus.json").is_file():
        there, _ = read_corpus(out)
        if there.name != name:
            raise UserError(f"{out}: holds the corpus {there.name}; choose another folder")
        return there
    choice = Choice(speakers)
    local = Path(from_dir) if from_dir else corpora_path(name)
    if from_dir and not local.is_dir():
        raise UserError(f"{local}: no such folder; give the folder of a copy of {name}")
    out.mkdir(parents=True, exist_ok=True)
    if local.is_dir() and (from_dir or url is None):
        return _take_local(local, out, source, info, choice, progress)
    if not hasattr(tarfile, "data_filter"):
        raise UserError(
            f"Python {platform.python_version()} cannot unpack a download safely; use 3.11.4 or "
            f"newer, or give an unpacked copy {OWN_COPY}"
        )
    known = (source.size, source.digest) if url is None else (None, None)
    file_name = source.url.rpartition("/")[2]
    archive = download(url or source.url, out.parent / f".{out.name}-{file_name}", *known, progress)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}-") as scratch:
        _unpack(archive, Path(scratch))
        source_files = readers.read(source.layout, scratch, speakers)
        info = convert(source_files, source.url, out, info, choice, progress).info
    archive.unlink()
    return info


def _unknown(name: str) -> str:
    if name in ("libritts", "libritts-r"):
        parts = ", ".join(n for n, source in published().items() if source.layout == name)
        return f"comes in parts; fetch one of {parts}"
    if name in KNOWN:
        return (
            f"its publisher hands it out only against a signed licence ({KNOWN[name].source}); "
            f"unpack it and give `intone corpus import {name} FOLDER -o OUT`"
        )
    single = ", ".join(n for n in published() if not n.startswith("libritts"))
    return (
        f"no such corpus; known ones are {single}, and the parts of LibriTTS such as "
        "libritts-train-clean-100 and libritts-r-dev-clean"
    )


def _take_local(
    local: Path,
    out: Path,
    source: Published,
    info: CorpusInfo,
    choice: Choice,
    progress: Progress,
) -> CorpusInfo:
    progress(f"taking the copy in {local}", 1, 1)
    table = local / "metadata.csv"
    if not (table.is_file() and table.read_text(encoding="utf-8-sig").startswith("utterance|")):
        source_files = readers.read(source.layout, local, choice.speakers)
        return convert(source_files, str(local.resolve()), out, info, choice, progress).info
    if choice.speakers:
        raise UserError(
            f"{local}: is in our form already and taken whole; choose speakers of it with "
            f"`intone corpus import metadata {local} --speaker NAME`"
        )
    wavs = out / "wavs"
    if wavs.is_symlink():
        wavs.unlink()  # of an earlier try, perhaps to a copy that is gone
    if not wavs.exists():
        wavs.symlink_to((local / "wavs").resolve(), target_is_directory=True)
    if (local / "splits.csv").is_file():
        write_whole(out / "splits.csv", (local / "splits.csv").read_text(encoding="utf-8-sig"))
    write_whole(out / "metadata.csv", table.read_text(encoding="utf-8-sig"))
    write_info(out, info)
    return info


def _unpack(archive: Path, target: Path) -> None:
    try:
        if zipfile.is_zipfile(archive):
            with zipfile.ZipFile(archive) as packed:
                packed.extractall(target)
        else:
            with tarfile.open(archive) as tar:
                tar.extractall(target, filter="data")
    except (tarfile.TarError, zipfile.BadZipFile, EOFError, OSError, zlib.error) as error:
        if isinstance(error, OSError) and error.errno:
            raise UserError(
                f"{target.parent}: the download cannot be unpacked there ({error.strerror}); it is "
                "kept, and the same command unpacks it again"
            ) from error
        archive.unlink()
        raise UserError(
            f"{archive.name}: not an archive that can be unpacked ({error}); it was deleted, fetch "
            "the corpus again"
        ) from error
