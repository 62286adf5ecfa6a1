"""One file over HTTP, resumed where it stopped."""

import hashlib
import http.client
import urllib.error
import urllib.request
from pathlib import Path

from intone.errors import UserError
from intone.files import write_whole
from intone.progress import Progress, silent

OWN_COPY = "with --from DIR, or put it under INTONE_CORPORA"
CHUNK = 1 << 18
ATTEMPTS = 4
TIMEOUT_S = 30.0


def download(
    url: str,
    target: Path,
    size: int | None = None,
    digest: str | None = None,
    progress: Progress = silent,
) -> Path:
    """Download a file, resuming an interrupted attempt.

    The rest is asked for by an HTTP range, on the condition that the file is still the same one
    (its ETag); a server that knows no ranges sends all of it again.

    Args:
        url: of the file.
        target: where it is to be; until it is complete it has the ending `.part`.
        size: bytes, if known. digest: `sha256:` or `md5:` and the hexadecimal digest, if known.
        progress: receives the mebibytes.

    Raises:
        UserError: no connection, refused by the server, or not the expected file.
    """
    if target.is_file():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(target.name + ".part")
    problem: Exception | None = None
    for _ in range(ATTEMPTS):
        try:
            if _attempt(url, part, size, progress):
                break
        except urllib.error.HTTPError as error:
            if error.code < 500:
                raise UserError(
                    f"{url}: the server answers {error.code} {error.reason}; get a copy of the "
                    f"corpus in another way and give it {OWN_COPY}"
                ) from error
            problem = error
        except (OSError, http.client.HTTPException) as error:
            problem = error
    else:
        got = part.stat().st_size if part.is_file() else 0
        reason = getattr(problem, "reason", None) or problem or "the connection closed early"
        raise UserError(
            f"{url}: the download stopped after {got} bytes ({reason}); run the same command to "
            f"resume, or give a copy that you have {OWN_COPY}"
        )
    _verify(url, part, size, digest)
    part.replace(target)
    part.with_suffix(".etag").unlink(missing_ok=True)
    return target


def _attempt(url: str, part: Path, size: int | None, progress: Progress) -> bool:
    """Fetch missing bytes; return whether the file is complete."""
    mark = part.with_suffix(".etag")
    have = part.stat().st_size if part.is_file() else 0
    if size is not None and have == size:
        return True
    headers = {"User-Agent": "intone", "Accept-Encoding": "identity"}
    etag = mark.read_text(encoding="utf-8") if mark.is_file() else ""
    # Without an ETag nothing says that the file is still the one the first bytes are of.
    if have and etag:
        headers |= {"Range": f"bytes={have}-", "If-Range": etag}
    request = urllib.request.Request(url, headers=headers)
    try:
        answer = urllib.request.urlopen(request, timeout=TIMEOUT_S)
    except urllib.error.HTTPError as error:
        if error.code == 416:
            part.unlink(missing_ok=True)
            return False
        raise
    with answer:
        resumed = answer.status == 206 and answer.headers.get("Content-Range", "").startswith(
            f"bytes {have}-"
        )
        done = have if resumed else 0
        if not resumed:
            # In this order: killed between them, no bytes of one file have the mark of another.
            part.unlink(missing_ok=True)
            write_whole(mark, _strong_etag(answer.headers.get("ETag")))
        length = answer.headers.get("Content-Length")
        total = done + int(length) if length else size
        with part.open("ab") as file:
            while chunk := answer.read(CHUNK):
                file.write(chunk)
                done += len(chunk)
                if total:
                    progress("downloading (MiB)", done >> 20, total >> 20)
    return total is None or done >= total


def _strong_etag(etag: str | None) -> str:
    return "" if etag is None or etag.startswith("W/") else etag


def _verify(url: str, part: Path, size: int | None, digest: str | None) -> None:
    got = part.stat().st_size
    wrong = None
    if size is not None and got != size:
        wrong = f"{got} bytes instead of {size}"
    elif digest is not None:
        kind, _, expected = digest.partition(":")
        with part.open("rb") as file:
            actual = hashlib.file_digest(file, kind).hexdigest()
        if actual != expected:
            wrong = f"{kind} {actual} instead of {expected}"
    if wrong:
        part.unlink()
        part.with_suffix(".etag").unlink(missing_ok=True)
        raise UserError(
            f"{url}: not the expected file ({wrong}); it was deleted, try again or give a copy "
            f"that you have {OWN_COPY}"
        )
