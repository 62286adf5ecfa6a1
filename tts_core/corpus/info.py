"""Description of a corpus."""

from pydantic import Field

from intone.documents import Closed

SEVERAL = "several"
"""The speaker that `corpus.json` names if the table names several."""


class CorpusInfo(Closed):
    """Content of `corpus.json`."""

    name: str = Field(min_length=1, description="short name of the corpus")
    speaker: str = Field(min_length=1, description="name of the voice")
    licence: str = Field(min_length=1, description="under which terms the recordings may be used")
    language: str = Field(default="en-US", description="BCP 47 tag of the language read")
    stand_in: bool = Field(description="true if a machine read the texts, not a person")
    source: str = Field(description="where the recordings come from")
    note: str = Field(default="", description="what else a user of the recordings should know")


def _known(name: str, speaker: str, licence: str, source: str, note: str) -> CorpusInfo:
    return CorpusInfo(
        name=name, speaker=speaker, licence=licence, stand_in=False, source=source, note=note
    )


KNOWN: dict[str, CorpusInfo] = {
    info.name: info
    for info in (
        _known(
            "kathleen",
            "kathleen",
            "CC0-1.0",
            "https://github.com/rhasspy/dataset-voice-kathleen",
            "CMU Arctic sentences, short and without context; many are read several times",
        ),
        _known(
            "ljspeech",
            "ljspeech",
            "public domain",
            "https://keithito.com/LJ-Speech-Dataset/",
            "passages of non-fiction books, one reader",
        ),
        _known(
            "libritts",
            SEVERAL,
            "CC-BY-4.0",
            "https://www.openslr.org/60/",
            "sentences of audiobooks, many readers; speakers.tsv of the corpus says who they are",
        ),
        _known(
            "libritts-r",
            SEVERAL,
            "CC-BY-4.0",
            "https://www.openslr.org/141/",
            "LibriTTS with its sound restored by a neural network: not the recordings themselves",
        ),
        _known(
            "vctk",
            SEVERAL,
            "CC-BY-4.0",
            "https://datashare.ed.ac.uk/handle/10283/3443",
            "newspaper sentences without context, many accents; speaker-info.txt says whose",
        ),
        _known(
            "hifi-tts",
            SEVERAL,
            "CC-BY-4.0",
            "https://www.openslr.org/109/",
            "audiobooks, ten readers",
        ),
        _known(
            "blizzard2013",
            "lessac",
            "Lessac licence for the Blizzard Challenge 2013, research only",
            "https://www.cstr.ed.ac.uk/projects/blizzard/2013/lessac_blizzard2013/",
            "audiobooks, one professional reader; the licence form must be signed first",
        ),
    )
}
