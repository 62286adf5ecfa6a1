"""The front-end's phones in the alphabet of Kokoro-82M.

The alphabet is IPA with capitals for diphthongs (misaki's for US English); a stress mark comes
before its vowel.
"""

from collections.abc import Sequence

from tts_core.types import Word

CONSONANTS = {
    **{"B": "b", "CH": "ʧ", "D": "d", "DH": "ð", "F": "f", "G": "ɡ", "HH": "h", "JH": "ʤ"},
    **{"K": "k", "L": "l", "M": "m", "N": "n", "NG": "ŋ", "P": "p", "R": "ɹ", "S": "s"},
    **{"SH": "ʃ", "T": "t", "TH": "θ", "V": "v", "W": "w", "Y": "j", "Z": "z", "ZH": "ʒ"},
}
VOWELS = {
    **{"AA": "ɑ", "AE": "æ", "AH": "ʌ", "AO": "ɔ", "AW": "W", "AY": "I", "EH": "ɛ", "ER": "ɜɹ"},
    **{"EY": "A", "IH": "ɪ", "IY": "i", "OW": "O", "OY": "Y", "UH": "ʊ", "UW": "u"},
}
REDUCED = {"AH": "ə", "ER": "əɹ"}
"""Vowels that have another sign where they are unstressed in the dictionary."""
STRESS = {"0": "", "1": "ˈ", "2": "ˌ"}
FLAP = "ɾ"
MARKS = {
    **{mark: mark for mark in ",.!?;:()"},
    **{"—": "—", "–": "—", "-": "—", "...": "…", "…": "…"},
}


def phonemes(words: Sequence[Word]) -> str:
    """Return the reader's input for an analysed sentence.

    Args:
        words: its units, W; quotation marks are straight ones.
    """
    line, is_open = "", False
    for word in words:
        if not word.punctuation:
            glued = not line or line.endswith("“")
            line += ("" if glued else " ") + of_word(word)
        elif word.text == '"':
            line += "”" if is_open else " “"
            is_open = not is_open
        else:
            line += MARKS.get(word.text, "")
    return line.strip()


def of_word(word: Word) -> str:
    """Return the signs of one word.

    Function words of one syllable lose their stress, and a T between a vowel and an unstressed
    vowel is a flap, both as US English has it.
    """
    phones = word.phones
    vowels = sum(_is_vowel(phone) for phone in phones)
    weak = word.word_class == "closed" and vowels == 1
    signs = []
    for index, phone in enumerate(phones):
        if _is_vowel(phone):
            signs.append(_vowel(phone[:-1], phone[-1], weak))
        elif phone == "T" and _is_flapped(phones, index):
            signs.append(FLAP)
        else:
            signs.append(CONSONANTS[phone])
    return "".join(signs)


def _is_vowel(phone: str) -> bool:
    return phone[-1].isdigit()


def _vowel(vowel: str, stress: str, weak: bool) -> str:
    sign = REDUCED.get(vowel, VOWELS[vowel]) if stress == "0" else VOWELS[vowel]
    return ("" if weak else STRESS[stress]) + sign


def _is_flapped(phones: Sequence[str], index: int) -> bool:
    inside = 0 < index < len(phones) - 1
    return inside and _is_vowel(phones[index - 1]) and phones[index + 1].endswith("0")
