"""Pronunciation in ARPAbet: lexicon, homographs by part of speech, or network."""

import re
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np

from intone import assets
from intone.errors import UserError
from intone.resources import data_path
from tts_core.text.plain import fold
from tts_core.text.tokens import CONSONANTS, PHONES, VOWELS

Phones = tuple[str, ...]


class Network:
    """The GRU encoder-decoder of g2p-en: spelling to phones, greedy.

    Args:
        weights: safetensors file with the arrays of g2p-en's checkpoint.
    """

    def __init__(self, weights: Path) -> None:
        from safetensors.numpy import load_file

        self._w = load_file(weights)
        # In the order of the embedding's rows; "UW" without stress is one of its symbols.
        vowels = [f"{vowel}{stress}" for vowel in VOWELS for stress in (0, 1, 2)]
        self._phones = ["<pad>", "<unk>", "<s>", "</s>", *sorted([*vowels, *CONSONANTS, "UW"])]

    def __call__(self, word: str, longest: int = 40) -> Phones:
        """Return the phones of a word of letters a to z.

        Other characters count as unknown letters.
        """
        letters = [ord(char) - ord("a") + 3 if "a" <= char <= "z" else 1 for char in word]
        state = np.zeros(self._w["enc_w_hh"].shape[1], np.float32)
        for letter in [*letters, 2]:
            state = self._step("enc", letter, state)
        phones: list[str] = []
        symbol = self._phones.index("<s>")
        for _ in range(longest):
            state = self._step("dec", symbol, state)
            symbol = int(np.argmax(self._w["fc_w"] @ state + self._w["fc_b"]))
            if self._phones[symbol] == "</s>":
                break
            phones.append({"UW": "UW1"}.get(self._phones[symbol], self._phones[symbol]))
        return tuple(phone for phone in phones if phone in PHONES)

    def _step(self, side: str, symbol: int, state: np.ndarray) -> np.ndarray:
        """Compute one step of a GRU (Cho et al. 2014).

        The gates are in the order reset, update, candidate.
        """
        x = self._w[f"{side}_w_ih"] @ self._w[f"{side}_emb"][symbol] + self._w[f"{side}_b_ih"]
        h = self._w[f"{side}_w_hh"] @ state + self._w[f"{side}_b_hh"]
        size = len(state)
        reset, update = np.split(1 / (1 + np.exp(-(x + h)[: 2 * size])), 2)
        candidate = np.tanh(x[2 * size :] + reset * h[2 * size :])
        return (1 - update) * candidate + update * state


class Pronouncer:
    """Pronounces words in American English.

    Args:
        lexicon: file with one `word PH1 PH2 ...` a line; it wins over everything else.

    Raises:
        UserError: the lexicon cannot be read, or the CMU dictionary or the network is not fetched.
    """

    def __init__(self, lexicon: Path | None = None) -> None:
        self._own = _read_lexicon(lexicon) if lexicon else {}
        self._dictionary = _read_dictionary(assets.path("cmudict") / "cmudict.dict")
        self._homographs = _read_homographs(data_path("text", "homographs.tsv"))
        self._predict = lru_cache(maxsize=10_000)(
            Network(assets.path("g2p-en") / "g2p.safetensors")
        )

    def from_user(self, word: str) -> bool:
        """Return whether the user's lexicon has a lower-case word."""
        return word in self._own

    def known(self, word: str) -> bool:
        """Return whether a lexicon has a lower-case word.

        Capitals of known words are not spelled out.
        """
        return word in self._own or word in self._dictionary

    def unit(self, words: Sequence[str], tag: str, following: str = "") -> Phones:
        """Phones of a unit.

        Args:
            words: its words, lower-case; letter names as "b.".
            tag: Penn tag of the unit.
            following: first phone of the next unit, "" if a mark or nothing follows.

        Raises:
            UserError: a word has no pronunciation.
        """
        backwards: list[Phones] = []
        for word in reversed(words):
            phones = self.word(word, tag)
            if not phones:
                raise UserError(
                    f"the word {word!r} cannot be pronounced; give its phones in a lexicon"
                )
            if word == "the" and following[:2] in VOWELS and not self.from_user("the"):
                phones = ("DH", "IY0")
            following = phones[0]
            backwards.append(phones)
        return tuple(phone for phones in reversed(backwards) for phone in phones)

    def word(self, word: str, tag: str = "") -> Phones:
        """Phones of one word.

        Order: own lexicon, homographs, CMU dictionary, stem of a possessive, network, letters.
        Empty if it has no letters.
        """
        if word in self._own:
            return self._own[word]
        homograph = self._homograph(word, tag)
        if homograph:
            return homograph
        if word in self._dictionary:
            return tuple(self._dictionary[word].split())
        for ending in ("'s", "'"):
            stem = word.removesuffix(ending)
            if stem == word or not stem:
                continue
            base = self.word(stem, tag)
            return _add_s(base) if ending == "'s" else base
        letters = re.sub("[^a-z]", "", word)
        if not letters:
            return ()
        return self._predict(letters) or tuple(p for a in letters for p in self.word(f"{a}."))

    def _homograph(self, word: str, tag: str) -> Phones | None:
        if not tag:
            return None
        for tags, phones in self._homographs.get(word, ()):
            if tags == ("*",) or tag in tags:
                return phones
        base = {"VBZ": "VB", "NNS": "NN"}.get(tag)
        stem = word.removesuffix("s")
        if base and stem != word and stem in self._homographs:
            phones = self._homograph(stem, base)
            return _add_s(phones) if phones else None
        return None


def _add_s(phones: Phones) -> Phones:
    if phones[-1] in ("S", "Z", "SH", "ZH", "CH", "JH"):
        return (*phones, "IH0", "Z")
    return (*phones, "S" if phones[-1] in ("P", "T", "K", "F", "TH") else "Z")


def _read_dictionary(path: Path) -> dict[str, str]:
    """Read the first pronunciation of each word of the CMU dictionary."""
    entries: dict[str, str] = {}
    with path.open(encoding="utf-8") as file:
        for line in file:
            word, _, phones = line.partition("#")[0].strip().partition(" ")
            if word and not word.endswith(")"):
                entries[word] = phones
    return entries


def _read_lexicon(path: Path) -> dict[str, Phones]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(
            f"lexicon {path}: cannot be read ({error}); give a UTF-8 text file"
        ) from error
    entries: dict[str, Phones] = {}
    for number, line in enumerate(lines, 1):
        word, *phones = line.partition("#")[0].split() or [""]
        if not word:
            continue
        wrong = [phone for phone in phones if phone not in PHONES]
        if wrong or not phones:
            fault = f"{wrong[0]} is no ARPAbet phone" if wrong else "there are no phones"
            raise UserError(
                f"lexicon {path}, line {number}: {fault}; "
                "write `word PH1 PH2 ...`, vowels with their stress (AH0)"
            )
        entries[fold(word.replace("’", "'"))] = tuple(phones)
    return entries


def _read_homographs(path: Path) -> dict[str, list[tuple[tuple[str, ...], Phones]]]:
    entries: dict[str, list[tuple[tuple[str, ...], Phones]]] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            word, tags, phones = line.split("\t")
            entries.setdefault(word, []).append((tuple(tags.split(",")), tuple(phones.split())))
    return entries
