"""LibriTTS and LibriTTS-R: `PART/SPEAKER/CHAPTER/SPEAKER_CHAPTER_PARAGRAPH_SENTENCE.wav`.

The texts are in the chapter's `.trans.tsv` (`id`, original, normalised) and once more in an
`.original.txt` and a `.normalized.txt` a sentence; either may be lacking. The normalised text is
taken as what was read: it is the one that the publisher compared with the audio.
`.book.tsv` and `speakers.tsv` are not needed: the ids hold speaker, chapter, paragraph and place.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from tts_core.corpus.readers.base import Entry, Reading, left_out, lines, text_of

ID = re.compile(r"(\d+)_(\d+)_(\d+)_(\d+)")
Texts = tuple[str, str]


def recognise(folder: Path) -> bool:
    """Return whether the folder has chapters of LibriTTS.

    The folder is the corpus's or any down to one speaker's.
    """
    return next(_chapters(folder), None) is not None


def recognise_restored(folder: Path) -> bool:
    """Return whether they are LibriTTS-R's, by the folder's name."""
    named = "LibriTTS_R" in folder.resolve().parts or (folder / "LibriTTS_R").is_dir()
    return named and recognise(folder)


def read(folder: Path) -> Iterator[Entry]:
    """Yield every chapter in the order of its sentences.

    A sentence's position is that in its paragraph.
    """
    for chapter in _chapters(folder):
        texts: dict[str, Texts] = {}
        for table in chapter.glob("[!.]*.trans.tsv"):
            for where, line in lines(table):
                fields = (line or "").split("\t")
                if len(fields) == 3:
                    texts[fields[0].strip()] = (fields[1].strip(), fields[2].strip())
                else:
                    reason = f"{len(fields)} fields instead of 3" if line else "not UTF-8"
                    yield left_out(where, reason)
        stems = {path.stem for path in chapter.glob("[!.]*.wav")}
        for stem in sorted(stems | texts.keys()):
            yield _reading(stem, chapter, texts.get(stem))


def _reading(stem: str, chapter: Path, texts: Texts | None) -> Entry:
    match = ID.fullmatch(stem)
    if match is None:
        return left_out(stem, "its name is not SPEAKER_CHAPTER_PARAGRAPH_SENTENCE")
    speaker, _, _, position = match.groups()
    written, words = texts or ("", "")
    written = written or text_of(chapter / f"{stem}.original.txt") or ""
    words = words or text_of(chapter / f"{stem}.normalized.txt") or ""
    return Reading(
        utterance=stem,
        sentence=stem,
        text=words or written,
        audio=chapter / f"{stem}.wav",
        speaker=speaker,
        written=written,
        paragraph=stem.rpartition("_")[0],
        position=int(position),
    )


def _chapters(folder: Path) -> Iterator[Path]:
    """Yield folders `SPEAKER/CHAPTER` with texts, at any depth."""
    for depth in ("", "*/", "*/*/", "*/*/*/", "*/*/*/*/"):
        chapters = sorted(
            path
            for path in ([folder] if not depth else folder.glob(depth))
            if path.name.isdecimal() and path.resolve().parent.name.isdecimal() and _has_texts(path)
        )
        if chapters:
            yield from chapters
            return


def _has_texts(chapter: Path) -> bool:
    names = ("[!.]*.trans.tsv", "[!.]*.normalized.txt", "[!.]*.original.txt")
    return any(next(chapter.glob(name), None) is not None for name in names)
