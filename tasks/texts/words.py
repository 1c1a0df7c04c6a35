r"""The words of a problem however it is written: LaTeX, Unicode and plain mathematics are one text.

Words are lower case, without punctuation and LaTeX dress (`\left`, `\frac`, `\text` ...), digits apart from letters,
and characters for CJK text. `√2·π ≤ x²`, `\sqrt{2}\cdot\pi \leq x^2` and `sqrt(2)*pi <= x^2` have the same words.
Marks of sentences and lists are kept among the words, so that a reader of the list knows where a sentence begins.
Words of drawing code (asy, tikz) are marked: they show which drawing it is, and are no prose.
Does not know: synonyms, word forms, languages; formulas that are written another way (`C(n, k)`, `\binom{n}{k}`).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tasks.texts.shingles import CJK

SENTENCE_END = "."
"""Among the words: a sentence or line ends and another begins."""
LIST_MARK = ")"
"""Among the words: what comes after may begin a sentence, as after `(a)`."""
MARKS = frozenset({SENTENCE_END, LIST_MARK})
CODE = "\x00"
"""Before each word of drawing code."""

_LOOKS = """left right big bigl bigr bigg biggl biggr displaystyle textstyle text textbf textit textrm mathrm mathbf
    mathit mathsf mathcal mathbb operatorname mbox boxed begin end align aligned equation array cases frac dfrac tfrac
    cfrac limits nolimits quad qquad hspace vspace phantom ldots cdots dots overline vec hat bar cdot times ast div
    pmatrix bmatrix matrix please kindly"""
DRESS = frozenset(_LOOKS.split())
"""What changes a text's look, not its sense; gone on both sides, so `1/2` is `\\frac{1}{2}` and `2x` `2 \\cdot x`."""
SPELLINGS = {
    "leq": "le",
    "leqslant": "le",
    "geq": "ge",
    "geqslant": "ge",
    "neq": "ne",
    "varphi": "phi",
    "varepsilon": "epsilon",
    "degree": "circ",
    "degrees": "circ",
    "pmod": "mod",
    "bmod": "mod",
    "dbinom": "binom",
    "tbinom": "binom",
    "、": LIST_MARK,
} | dict.fromkeys(".?!:;\n。", SENTENCE_END)
_LETTERS = (
    """alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi rho sigma tau phi chi psi omega"""
)
GREEK = frozenset(_LETTERS.split())

_NAMES = {
    "π": "pi",
    "√": "sqrt",
    "∛": "sqrt 3",
    "∜": "sqrt 4",
    "≤": "le",
    "⩽": "le",
    "≥": "ge",
    "⩾": "ge",
    "≠": "ne",
    "≡": "equiv",
    "≈": "approx",
    "≅": "cong",
    "∼": "sim",
    "∞": "infty",
    "°": "circ",
    "∘": "circ",
    "∠": "angle",
    "△": "triangle",
    "⊥": "perp",
    "∥": "parallel",
    "∈": "in",
    "∉": "notin",
    "⊂": "subset",
    "⊆": "subseteq",
    "∪": "cup",
    "∩": "cap",
    "∅": "emptyset",
    "∑": "sum",
    "∏": "prod",
    "∫": "int",
    "∂": "partial",
    "∇": "nabla",
    "⌊": "lfloor",
    "⌋": "rfloor",
    "⌈": "lceil",
    "⌉": "rceil",
    "→": "to",
    "⇒": "rightarrow",
    "±": "pm",
    "·": "*",
    "⋅": "*",
    "∙": "*",
    "×": "*",
    "÷": "/",
    "⁄": "/",
    "−": "-",
    "–": "-",
    "ϕ": "phi",
    "ϵ": "epsilon",
    "…": "",
}
_SMALL = "αβγδεζηθικλμνξρστφχψω"
_SYMBOLS = str.maketrans(
    {sign: name if name in ("*", "/", "-") else f" {name} " for sign, name in _NAMES.items()}
    | {letter: f" {name} " for letter, name in zip(_SMALL, _LETTERS.split(), strict=True)}
    | {letter.upper(): f" {name} " for letter, name in zip(_SMALL, _LETTERS.split(), strict=True)}
    | {"ς": " sigma "}
)
_ACCENTS = re.compile("[\u0300-\u036f\u20d0-\u20ff]")
_RAISED = re.compile("(?<=\\d)(?=[¼-¾⅐-⅞¹²³⁰-₉])")
_CLOSED = re.compile(r"(\$|\\[)\]])\s+(?=[A-Z][a-z])")
_THOUSANDS = re.compile(r"(?<=\d)\s*(?:,(?:\\!)?|\{,\})\s*(?=\d{3}(?!\d))")
_BARE_FRACTION = re.compile(r"frac(\d)(\d)")
_COMPARED = re.compile(r"([<>!])\s?=")
_DRAWING = re.compile(r"\[asy\].*?\[\s*/\s*asy\]|\\begin\{tikzpicture\}.*?\\end\{tikzpicture\}", re.DOTALL)
_CODE_WORD = re.compile(r"\d+(?:\.\d+)*|[a-z]+")
_BREAKS = r"|(?<!\.)\.(?![\d.])|[?:;](?!\d)|(?<=[^\W\d_])!|\n|(?<!\\)\)(?=\s)"
_WORD_ASCII = re.compile(rf"\d+(?:\.\d+)*|[a-z]+|{CODE}[a-z\d.]+{_BREAKS}")
_WORD = re.compile(rf"[{CJK}]|\d+(?:\.\d+)*|[^\W\d_{CJK}]+|{CODE}[a-z\d.]+{_BREAKS}|[。、]")
_DIVIDE = frozenset({"div", "frac", "dfrac", "tfrac", "cfrac"})
_SIGNED = re.compile(rf"[{CJK}]|\d+(?:\.\d+)*|[^\W\d_{CJK}]+|[+=<>/*-]")


def words(text: str) -> list[str]:
    """The words of a text, and the marks between them, which `canonical` spells `SENTENCE_END` or `LIST_MARK`."""
    plain = folded_mathematics(text)
    return _pattern(plain).findall(plain)


def spans_of(plain: str) -> Iterator[tuple[str, int, int]]:
    """(word, start, stop) of each word of a text that is folded."""
    for found in _pattern(plain).finditer(plain):
        if canonical(found[0]) not in MARKS:
            yield found[0], *found.span()


def _pattern(plain: str) -> re.Pattern[str]:
    return _WORD_ASCII if plain.isascii() else _WORD


def folded_mathematics(text: str) -> str:
    """Lower case, with the names of mathematical signs for the signs, and each word of drawing code marked."""
    if "$" in text or "\\" in text:
        text = _CLOSED.sub(r"\1. ", text)
    if not text.isascii():
        text = unicodedata.normalize("NFKC", _RAISED.sub(" ", text).translate(_SYMBOLS)).translate(_SYMBOLS)
        text = unicodedata.normalize("NFC", _ACCENTS.sub("", text)).casefold()
    else:
        text = text.lower()
    if "[asy]" in text or "tikzpicture" in text:
        text = _DRAWING.sub(_marked, text)
    if "," in text:
        text = _THOUSANDS.sub("", text)
    if "frac" in text:
        text = _BARE_FRACTION.sub(r"frac \1 \2", text)
    if "=" in text:
        text = _COMPARED.sub(lambda sign: {"<": " le ", ">": " ge ", "!": " ne "}[sign[1]], text)
    return text


def _marked(drawing: re.Match[str]) -> str:
    return " ".join(["", *(CODE + word for word in _CODE_WORD.findall(drawing[0])), ""])


def is_code(word: str) -> bool:
    """A word of drawing code."""
    return word.startswith(CODE)


def canonical(word: str) -> str:
    """One spelling of a word; nothing for dress."""
    return "" if word in DRESS else SPELLINGS.get(word, word)


def variables_alike(word: str) -> str:
    """Single letters (but those of CJK text, which are words) and Greek ones as one word."""
    if is_code(word):
        return f"{CODE}v" if len(word) == 2 and word[1].isalpha() else word
    word = canonical(word)
    return "v" if word in GREEK or (len(word) == 1 and word.isalpha() and word < "\u2000") else word


class SignedWords(NamedTuple):
    """The words of a short text, and the operators between them: `2 + 2` and `2 - 2` are two texts."""

    words: tuple[str, ...]
    signs: tuple[str, ...]
    """Relations, plus and minus as they come; how often is multiplied and divided, in whatever way it is written."""


def formula(plain: str) -> SignedWords:
    """Of a text as `folded_mathematics` gives it."""
    found, signs, divided = [], [], 0
    for token in _SIGNED.findall(plain):
        divided += token == "/" or token in _DIVIDE
        if token in "+=<>-":
            signs.append(token)
        elif token not in "/*" and (shown := variables_alike(token)):
            found.append(shown)
    return SignedWords(tuple(found), (*signs, *"/" * divided))


def readable(found: Sequence[str]) -> str:
    """Words as a readable line; CJK characters without spaces between them."""
    line = ""
    for word in found:
        word = word.removeprefix(CODE)
        if canonical(word) in MARKS:
            continue
        both_wide = line[-1:] > "\u2fff" and word[:1] > "\u2fff"
        line += word if both_wide or not line else f" {word}"
    return line
