"""Catalogue: the same texts in every language, all of them in use."""

import json
import re
from pathlib import Path
from typing import get_args

import pytest

from mushra_app.study.defaults import WORDS
from mushra_app.study.languages import Language
from mushra_app.study.texts import FOLDER

LANGUAGES = get_args(Language)


def catalogue(language):
    return json.loads((FOLDER / f"texts.{language}.json").read_text("utf-8"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_languages_have_the_same_texts(language):
    english, other = catalogue("en"), catalogue(language)
    assert list(other) == sorted(english)
    for key, text in other.items():
        assert text, key
        assert placeholders(text) == placeholders(english[key]), key
        # Headings are where the focus goes, so none may get lost in translation.
        assert text.startswith("# ") == english[key].startswith("# "), key


@pytest.mark.parametrize("language", [name for name in LANGUAGES if name != "en"])
def test_translations_are_not_english(language):
    english, other = catalogue("en"), catalogue(language)
    same = [key for key in english if len(english[key]) > 20 and other[key] == english[key]]
    assert same == []
    assert placeholders(WORDS[language].consent) == {"contact"}
    assert WORDS[language].prompt != WORDS["en"].prompt


def test_no_text_is_left_over_and_none_is_missing():
    code = "\n".join(
        path.read_text("utf-8")
        for folder, kind in ((FOLDER, "*.js"), (FOLDER.parent, "*.py"))
        for path in Path(folder).rglob(kind)
    )
    used = set(re.findall(r"""["'`](\w+)["'`]""", code))
    # Keys that are put together: `menu_${name}` and the like.
    begun = tuple(re.findall(r"[\"'`]([a-z]+_)(?:\$?\{)", code)) + tuple(
        re.findall(r"f\"([a-z]+_)\{", code)
    )
    texts = catalogue("en")
    assert [key for key in texts if key not in used and not key.startswith(begun)] == []
    asked = set(re.findall(r"""\bt\(["'](\w+)["']""", code))
    assert asked and asked <= set(texts), asked - set(texts)


def placeholders(text):
    return set(re.findall(r"\{(\w+)\}", text))
