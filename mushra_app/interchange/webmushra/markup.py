"""Conversion of webMUSHRA's HTML to Markdown without HTML in it."""

import re
from html.parser import HTMLParser

_HEADINGS = {f"h{i}": "#" * i for i in range(1, 7)}
_BLOCKS = {
    "p",
    "div",
    "section",
    "article",
    "header",
    "footer",
    "center",
    "tr",
    "table",
    "body",
    "html",
    "tbody",
    "thead",
    "dl",
    "dt",
    "dd",
    "blockquote",
    "pre",
    *_HEADINGS,
}
_MARKS = {"b": "**", "strong": "**", "i": "*", "em": "*"}
_UNHEARD = {"script", "style", "iframe", "object", "audio", "video", "svg", "canvas"}
# Only their formatting is lost.
_PLAIN = {"span", "td", "th", "font", "u", "small", "big", "head", "sub", "sup", "label", "code"}
_SPECIAL = re.compile(r"([\\`*_\[\]<>&~|])")
# Would begin a heading or a list.
_LINE_START = re.compile(r"^(\d*)([#+=.)-])")


class _Markdown(HTMLParser):
    def __init__(self, plain: bool) -> None:
        super().__init__(convert_charrefs=True)
        self.plain = plain
        self.frames: list[tuple[str, list[str]]] = [("", [])]
        self.lists: list[int | None] = []
        self.lost: list[str] = []
        self.unheard = 0

    def put(self, text: str) -> None:
        self.frames[-1][1].append(text)

    def _at_line_start(self) -> bool:
        so_far = next((t for _, f in reversed(self.frames) for t in reversed(f) if t), "\n")
        return so_far[-1] in "\n"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag in _UNHEARD:
            self.lost.append(tag)
            self.unheard += 1
        elif tag == "img":
            self.lost.append(f"img {values.get('src') or ''}".strip())
            self.handle_data(values.get("alt") or "")
        elif tag in ("br", "hr"):
            self.put("  \n" if tag == "br" else "\n\n---\n\n")
        elif tag in ("ul", "ol"):
            self.put("\n" if self.lists else "\n\n")
            self.lists.append(1 if tag == "ol" else None)
        elif tag == "li":
            self._item()
        elif tag in _MARKS or tag == "a":
            self.frames.append((tag if tag != "a" else "a " + (values.get("href") or ""), []))
        elif tag in _BLOCKS:
            self.put("\n\n")
            if tag in _HEADINGS and not self.plain:
                self.put(_HEADINGS[tag] + " ")
        elif tag not in _PLAIN:
            self.lost.append(tag)

    def _item(self) -> None:
        number = self.lists[-1] if self.lists else None
        sign = "*" if number is None else f"{number}."
        if number is not None:
            self.lists[-1] = number + 1
        self.put("\n" + "   " * max(0, len(self.lists) - 1) + sign + " ")

    def handle_endtag(self, tag: str) -> None:
        if tag in _UNHEARD:
            self.unheard = max(0, self.unheard - 1)
        elif tag in ("ul", "ol") and self.lists:
            self.lists.pop()
            self.put("\n" if self.lists else "\n\n")
        elif tag in _BLOCKS:
            self.put("\n\n")
        elif tag in _MARKS or tag == "a":
            opened = [name.split(" ")[0] for name, _ in self.frames]
            if tag in opened:
                while self._close() != tag:
                    pass

    def _close(self) -> str:
        """Close the innermost open mark and return its tag."""
        name, pieces = self.frames.pop()
        tag, _, target = name.partition(" ")
        inner = "".join(pieces)
        bare = inner.strip()
        before, after = inner[: len(inner) - len(inner.lstrip())], inner[len(inner.rstrip()) :]
        if self.plain or not bare:
            self.put(inner)
        elif tag != "a":
            mark = _MARKS[tag]
            # Markdown's emphasis cannot contain paragraphs.
            self.put(inner if "\n" in bare else f"{before}{mark}{bare}{mark}{after}")
        elif re.match(r"(https?://|mailto:)[^\s()<>]+$", target):
            self.put(f"{before}[{bare}]({target}){after}")
        else:
            self.lost.append(f"a {target}".strip())
            self.put(inner)
        return tag

    def handle_data(self, data: str) -> None:
        if self.unheard:
            return
        text = re.sub(r"\s+", " ", data)
        fresh = self._at_line_start()
        text = text.lstrip() if fresh else text
        if not self.plain:
            text = _SPECIAL.sub(r"\\\1", text)
            if fresh:
                text = _LINE_START.sub(r"\1\\\2", text)
        self.put(text)

    def text(self) -> str:
        while len(self.frames) > 1:
            self._close()
        lines = "".join(self.frames[0][1]).split("\n")
        kept = [
            line.rstrip() + ("  " if line.endswith("  ") and line.strip() else "") for line in lines
        ]
        return re.sub(r"\n{3,}", "\n\n", "\n".join(kept)).strip()


def markdown(html: object) -> tuple[str, list[str]]:
    """Return HTML as Markdown, and the tags that have no equivalent."""
    parser = _Markdown(plain=False)
    parser.feed("" if html is None else str(html))
    parser.close()
    return parser.text(), parser.lost


def plain(html: object) -> tuple[str, list[str]]:
    """Return the words of HTML in one line, and the dropped tags."""
    parser = _Markdown(plain=True)
    parser.feed("" if html is None else str(html))
    parser.close()
    return " ".join(parser.text().split()), parser.lost
