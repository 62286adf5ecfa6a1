"""A new study from the browser: of a folder beside the running one, or of a zip."""

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
        title: what listeners read; empty for the usual.
        contact: whom listeners can ask; empty for the usual.
        folder: a stimulus set, relative to the folder; empty if there is an archive.
        archive: a zip of a stimulus set.

    Returns:
        The study file.

    Raises:
        UserError: a name that is taken or no name, no stimulus set, or one that cannot be rated.
    """
    home = beside.resolve().parent
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,40}", name):
        raise UserError(f"{name!r}: name the file with 1 to 40 letters, digits and dashes")
    out = home / f"{name}.yaml"
    if out.exists():
        raise UserError(f"{out.name}: stands there already; choose another name")
    if bool(folder) == (archive is not None):
        raise UserError("give a folder or a zip of a stimulus set, one of the two")
    said = {"title": title, "contact": contact}
    chosen: dict[str, Any] = {key: value.strip() for key, value in said.items() if value.strip()}
    try:
        if archive is None:
            return new_study(_inside(home, folder), out, **chosen)
        target = home / f"{name}_stimuli"
        if target.exists():
            raise UserError(f"{target.name}: stands there already; choose another name")
        try:
            unpack(archive, target)
            return new_study(target, out, **chosen)
        except BaseException:
            shutil.rmtree(target, ignore_errors=True)
            raise
    except UserError as error:
        # Where folders lie on the server is nobody's business in a browser.
        raise UserError(str(error).replace(f"{home}/", "")) from error


def _inside(home: Path, folder: str) -> Path:
    found = (home / folder).resolve()
    if not found.is_relative_to(home):
        raise UserError(
            f"{folder}: outside the folder of this study; use `intone study new` in a terminal"
        )
    if not found.is_dir():
        raise UserError(f"{folder}: no folder of that name beside this study")
    return found


def unpack(archive: BinaryIO, target: Path) -> None:
    """Unpack a stimulus set.

    Raises:
        UserError: not a zip, too large, files that belong to no stimulus set, or no stimuli.json.
    """
    try:
        with zipfile.ZipFile(archive) as found:
            members = [m for m in found.infolist() if not (m.is_dir() or _rubbish(m.filename))]
            top = _check(members)
            for member in members:
                path = target / PurePosixPath(member.filename).relative_to(top)
                path.parent.mkdir(parents=True, exist_ok=True)
                with found.open(member) as source, path.open("wb") as file:
                    # Reading stops at the size that was checked, whatever follows.
                    shutil.copyfileobj(source, file)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        raise UserError(f"the upload is not a zip that can be read ({error})") from error


def _check(members: list[zipfile.ZipInfo]) -> PurePosixPath:
    """Look at a list of files before anything is written; the folder that holds stimuli.json."""
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
            raise UserError(f"{member.filename}: leaves the folder of the zip")
        if path.suffix.lower() not in _KINDS or not path.is_relative_to(top):
            raise UserError(f"{member.filename}: belongs to no stimulus set; leave it out")
    return top


def _rubbish(name: str) -> bool:
    """What macOS puts into every zip."""
    return name.startswith("__MACOSX/") or PurePosixPath(name).name == ".DS_Store"
