"""New study from the browser, of a folder or a zip."""

import re
import shutil
import zipfile
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

from intone.contracts.stimuli import FILE_NAME
from intone.errors import UserError
from mushra_app.design.new import new_study

MOST_UPLOADED = 2**30
_MOST_UNPACKED = 4 * 2**30
_MOST_FILES = 50_000
_KINDS = (".json", ".wav", ".flac")


def make_study(
    beside: Path,
    name: str,
    title: str = "",
    contact: str = "",
    folder: str = "",
    archive: BinaryIO | None = None,
) -> Path:
    """Write a study file beside another one.

    Args:
        beside: the running study's file; nothing outside its folder is read or written.
        name: of the new file, without .yaml.
        title: of the study; empty for the default.
        contact: address for listeners' questions; empty for the default.
        folder: a stimulus set, relative to the folder; empty if there is an archive.
        archive: a zip of a stimulus set.

    Returns:
        The study file.

    Raises:
        UserError: invalid or existing name, or a stimulus set that is missing or cannot be rated.
    """
    home = beside.resolve().parent
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,40}", name):
        raise UserError(f"{name!r}: name the file with 1 to 40 letters, digits and dashes")
    out = home / f"{name}.yaml"
    if out.exists():
        raise UserError(f"{out.name}: already exists; choose another name")
    if bool(folder) == (archive is not None):
        raise UserError("stimulus set: give either a folder or a zip")
    values = {"title": title.strip(), "contact": contact.strip()}
    chosen: dict[str, Any] = {key: value for key, value in values.items() if value}
    try:
        if archive is None:
            return new_study(_inside(home, folder), out, **chosen)
        target = home / f"{name}_stimuli"
        if target.exists():
            raise UserError(f"{target.name}: already exists; choose another name")
        try:
            unpack(archive, target)
            return new_study(target, out, **chosen)
        except BaseException:
            shutil.rmtree(target, ignore_errors=True)
            raise
    except UserError as error:
        # The browser does not show paths of the server.
        raise UserError(str(error).replace(f"{home}/", "")) from error


def _inside(home: Path, folder: str) -> Path:
    path = (home / folder).resolve()
    if not path.is_relative_to(home):
        raise UserError(
            f"{folder}: outside the folder of this study; use `intone study new` in a terminal"
        )
    if not path.is_dir():
        raise UserError(f"{folder}: no folder of that name beside this study; choose another")
    return path


def unpack(archive: BinaryIO, target: Path) -> None:
    """Unpack a stimulus set.

    Raises:
        UserError: not a zip, too large, files outside a stimulus set, or no stimuli.json.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            members = [m for m in opened.infolist() if not (m.is_dir() or _of_macos(m.filename))]
            top = _check(members)
            for member in members:
                path = target / PurePosixPath(member.filename).relative_to(top)
                path.parent.mkdir(parents=True, exist_ok=True)
                with opened.open(member) as source, path.open("wb") as file:
                    # `ZipFile` reads at most the size that was checked.
                    shutil.copyfileobj(source, file)
    except (zipfile.BadZipFile, RuntimeError) as error:
        # `RuntimeError`: encrypted, or a method of compression that Python does not know.
        raise UserError(f"upload: not a readable zip ({error}); zip the folder again") from error


def _check(members: list[zipfile.ZipInfo]) -> PurePosixPath:
    """Check a list of files; return the folder that holds stimuli.json."""
    if len(members) > _MOST_FILES or sum(m.file_size for m in members) > _MOST_UNPACKED:
        raise UserError(
            f"the zip unpacks to more than {_MOST_FILES} files or {_MOST_UNPACKED // 2**30} GiB; "
            "copy the folder to the server instead"
        )
    described = [m.filename for m in members if PurePosixPath(m.filename).name == FILE_NAME]
    if len(described) != 1:
        raise UserError(
            f"the zip holds {len(described)} files {FILE_NAME}; zip the one folder that `intone "
            "stimuli make` or `import` wrote"
        )
    top = PurePosixPath(described[0]).parent
    for member in members:
        path = PurePosixPath(member.filename)
        linked = (member.external_attr >> 16) & 0o170000 == 0o120000
        if path.is_absolute() or ".." in path.parts or "\\" in member.filename or linked:
            raise UserError(f"{member.filename}: outside the folder of the zip; leave it out")
        if path.suffix.lower() not in _KINDS or not path.is_relative_to(top):
            raise UserError(f"{member.filename}: not part of a stimulus set; leave it out")
    return top


def _of_macos(name: str) -> bool:
    """Return true for files that macOS adds to every zip."""
    return name.startswith("__MACOSX/") or PurePosixPath(name).name == ".DS_Store"
