"""Keys that webMUSHRA reads, and the rules for those that Intone lacks."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from mushra_app.interchange.findings import Finding, Kind
from mushra_app.interchange.webmushra.read import ForeignPage, Lined


@dataclass(frozen=True)
class Rule:
    """Difference that a key makes if `when` is true of its value."""

    kind: Kind
    why: str
    instead: str
    when: Callable[[Any], bool] = bool


def _off(value: Any) -> bool:
    return value is False


def _any(value: Any) -> bool:
    return value is not None


_NAME = Rule("lost", "rating pages have no heading of their own", "left out")
_MUST_RATE = Rule(
    "changed", "unrated versions were allowed", "a page closes when everything is rated", _off
)
_PLAYBACK = Rule(
    "changed",
    "playing to the end was asked for",
    "a version must have been started; how long it was heard is stored",
    lambda value: value == "ended",
)
_WAVE = Rule("changed", "a waveform of what plays was shown", "only the reference's is")
_LOOP = Rule("note", "stretches could not be repeated", "they can", _off)
_POINT = Rule("lost", "pictures of scale points", "the points have their names only")

# None: the study has the same.
Rules = Mapping[str, Rule | None]

TOP: Rules = {
    "testname": None,
    "testId": None,
    "pages": None,
    "language": None,
    "bufferSize": Rule("note", "buffers are the browser's own", "nothing to set", _any),
    "stopOnErrors": Rule("note", "errors are shown and nothing is lost", "nothing to set", _any),
    "showButtonPreviousPage": Rule("lost", "a page that was closed stays closed", "left out"),
    "remoteService": Rule("note", "ratings go to the study's own database", "left out", _any),
}
_TEXT: Rules = {"type": None, "id": None, "name": None, "content": None}
_RATED: Rules = {**_TEXT, "name": _NAME, "stimuli": None}
PAGES: Mapping[str, Rules] = {
    "generic": _TEXT,
    "consent": {
        **_TEXT,
        "mustConsent": Rule("changed", "going on without consent", "consent is needed", _off),
    },
    "volume": {
        **_TEXT,
        "stimulus": Rule("lost", "a sound to set the loudness by", "the page has its own", _any),
        "defaultVolume": Rule("lost", "loudness at the start", "the page has its own", _any),
    },
    "mushra": {
        **_RATED,
        "reference": None,
        "createAnchor35": None,
        "createAnchor70": None,
        "randomize": Rule("changed", "versions in a fixed order", "a random one a page", _off),
        "showConditionNames": Rule("lost", "names of systems shown to listeners", "never shown"),
        "showWaveform": _WAVE,
        "enableLooping": _LOOP,
        "strict": Rule(
            "note",
            "at most 12 versions of at most 12 s",
            "`intone study check` warns of more",
            lambda value: value is True,
        ),
        "switchBack": Rule("lost", "switching back to where a version was", "left out"),
    },
    "paired_comparison": {
        **_RATED,
        "reference": None,
        "unforced": None,
        "showWaveform": _WAVE,
        "enableLooping": _LOOP,
    },
    "bs1116": {},
    "spatial": {},
    "likert_single_stimulus": {
        **_RATED,
        "response": None,
        "mustRate": _MUST_RATE,
        "mustPlayback": _PLAYBACK,
        "showWaveform": _WAVE,
        "maxStimuli": None,
    },
    "likert_multi_stimulus": {
        **_RATED,
        "response": None,
        "mustRate": _MUST_RATE,
        "mustPlayback": _PLAYBACK,
    },
    "finish": {
        **_TEXT,
        "questionnaire": None,
        "popupContent": Rule("lost", "words of the last window", "the end page has its own", _any),
        "showResults": Rule("lost", "listeners saw their results", "they do not"),
        "showErrors": Rule("note", "errors are always shown", "nothing to set", _any),
        "writeResults": Rule("note", "webMUSHRA does not read it", "every change is saved", _any),
    },
}
QUESTION = {"type", "name", "label", "optional", "min", "max", "default", "response"}
POINT: Rules = {
    "value": None,
    "label": None,
    "img": _POINT,
    "imgSelected": _POINT,
    "imgHigherResponseSelected": _POINT,
}


def check_keys(
    values: Lined, rules: Rules, page: ForeignPage | None, within: str = ""
) -> list[Finding]:
    """Return the differences that the keys of a mapping make.

    Args:
        values: the mapping, a page or a part of one.
        rules: the keys that are known in it.
        page: its page; None for the top level.
        within: key of the page that holds the mapping, with a dot at the end.
    """
    differences = []
    for key, value in values.items():
        if key in rules:
            rule = rules[key]
            if rule is None or not rule.when(value):
                continue
            kind, why, instead = rule.kind, rule.why, rule.instead
        else:
            kind, why = "lost", "webMUSHRA reads no such key there"
            instead = "kept in the import's report"
        differences.append(
            Finding(
                kind=kind,
                page=page.id if page else None,
                page_type=page.type if page else None,
                key=within + key,
                line=values.lines[key],
                why=why,
                instead=instead,
                value=value,
            )
        )
    return differences


class Differences(list[Finding]):
    """Differences between a webMUSHRA file and the study made from it."""

    def add(
        self,
        kind: Kind,
        page: ForeignPage,
        key: str | None,
        why: str,
        instead: str,
        value: Any = None,
    ) -> None:
        """Add a difference that concerns a page."""
        self.append(
            Finding(
                kind=kind,
                page=page.id,
                page_type=page.type,
                key=key,
                line=page.line_of(key.split(".")[0]) if key else page.line,
                why=why,
                instead=instead,
                value=value,
            )
        )
