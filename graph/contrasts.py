"""Pairs of names that look alike and differ: definite and indefinite, sine and cosine, the first test and the second.

Neither letters nor vectors tell such names apart (GRIP, appendix D.2, measures 0.865 for sine and cosine), and a pair
that is joined by mistake cannot be told apart again. So a high score joins two names only if their words are the
same and nothing here speaks against it. What speaks against it is of two strengths:

- *apart*: each name has a word that excludes a word of the other (row, column), or another number, or the same words
  around an "of" the other way round. Such names are never one, and nobody is asked.
- *doubtful*: one name has a telling word where the other has none (extended, partial, surface), or the words stand in
  another order, or their heads differ (theorem, formula), or a name is not in Latin letters, where one sign makes
  another fact and many embedding models see no difference. That may be another fact or another wording, so it is the
  curator's to decide, whatever the score.

Which words these are, a domain says (`opposed.txt`). A contrast that is missing there is not lost: the pair is then the
curator's, unless its words are the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import count
from typing import Literal

from graph.likeness import LOOSE_TOKEN, content_words, loose_form
from graph.names import ORDINARY, SCRIPTS, NameRules

Contrast = Literal["none", "doubtful", "apart"]

SECTIONS = ("opposed", "telling", "kinds", "same")


@dataclass(frozen=True, eq=False)
class Opposed:
    """Words that tell names apart, as a domain lists them. A word is as it stands in a loose form."""

    exclusive: Mapping[str, tuple[tuple[int, str], ...]]
    """Word or phrase -> (group, word that stands for it) of each group that it is in."""
    telling: Mapping[str, str]
    """Words that tell a fact from the one without the word -> the word that stands for it."""
    kinds: frozenset[str]
    """Nouns that say what kind of thing a name names."""
    same: Mapping[str, str]
    """Words that are put into other words before anything is compared."""
    phrases: tuple[str, ...]
    """What of `exclusive` is several words."""
    written: re.Pattern[str] | None
    """What of `exclusive` is written without spaces between words, the longest first."""

    @classmethod
    def read(cls, text: str) -> Opposed:
        """From the text of a file. Raises ValueError with the line that is wrong."""
        lines: dict[str, list[list[list[str]]]] = {section: [] for section in SECTIONS}
        for section, cells in _rows(text):
            lines[section].append(cells)
        exclusive: dict[str, tuple[tuple[int, str], ...]] = {}
        for group, cells in zip(count(), lines["opposed"]):
            for first, word in _told(cells):
                exclusive[word] = (*exclusive.get(word, ()), (group, first))
        scripts = sorted((word for word in exclusive if SCRIPTS.search(word)), key=lambda word: (-len(word), word))
        return cls(
            exclusive=exclusive,
            telling={word: first for cells in lines["telling"] for first, word in _told(cells)},
            kinds=frozenset(word for cells in lines["kinds"] for _, word in _told(cells)),
            same={names[0]: names[1] for cells in lines["same"] for names in cells},
            phrases=tuple(word for word in exclusive if " " in word),
            written=re.compile("|".join(map(re.escape, scripts))) if scripts else None,
        )


def _rows(text: str) -> Iterator[tuple[str, list[list[str]]]]:
    """Section and cells of each line, a cell by its names; what stands behind # is a remark."""
    section = SECTIONS[0]
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.partition("#")[0].strip()
        if not line:
            continue
        if line.startswith("["):
            section = line.strip("[] ")
            if section not in SECTIONS:
                raise ValueError(f"line {number}: there is no section {section!r}; valid are {', '.join(SECTIONS)}.")
            continue
        cells = [[_loose(name) for name in cell.split("=")] for cell in line.split("|")]
        if not all(name for names in cells for name in names):
            raise ValueError(f"line {number}: a word is missing in {line!r}.")
        if section == "opposed" and len(cells) < 2:
            raise ValueError(f"line {number}: {line!r} needs at least two words with a bar between them.")
        if section == "same" and [len(names) for names in cells] != [2]:
            raise ValueError(f"line {number}: {line!r} is to be one word = the other.")
        yield section, cells


def _loose(word: str) -> str:
    return " ".join(LOOSE_TOKEN.findall(loose_form(word.strip())))


def _told(cells: list[list[str]]) -> Iterator[tuple[str, str]]:
    return ((names[0], name) for names in cells for name in names)


SPOKEN = (
    (0, "zero one two three four five six seven eight nine ten"),
    (1, "first 2nd 3rd 4th 5th"),
    (2, "second third fourth fifth sixth seventh eighth ninth tenth"),
    (2, "ii iii iv"),
    (1, "一 二 三 四 五 六 七 八 九 十"),
)
NUMBERS = {word: str(number) for first, words in SPOKEN for number, word in enumerate(words.split(), first)}
QUIET = frozenset(("zero", "one", "two"))
"""Numbers that may also be left out: the difference of two squares."""
TYPES = frozenset(("type", "kind", "quadrant"))
NO_NUMBER = re.compile("一般|统一|唯一|一致|一定|十字")
LINKS = frozenset(("of", "to", "in"))
SMALL = frozenset(("of", "for", "to", "in", "on", "by", "with", "from", "at", "and", "or", "as"))
NEGATIONS = ("non", "in", "un", "im", "ir", "dis", "anti", "sub", "super", "co", "semi", "pre")
CHINESE_NEGATION = re.compile("[非不无未反]")


@dataclass(frozen=True)
class Traits:
    """What of a name can speak against its being the same as another."""

    words: tuple[str, ...]
    text: str
    exclusive: dict[int, frozenset[str]]
    telling: frozenset[str]
    heads: frozenset[str]
    numbers: tuple[str, ...]
    loud: bool
    """Whether there is a number that is not left out at will."""
    letters: tuple[str, ...]
    linked: frozenset[tuple[str, str]]


def contrast(one: str, other: str, opposed: Opposed) -> Contrast:
    """What speaks against the two names' being one. It is symmetric."""
    a, b = traits(one, opposed), traits(other, opposed)
    if _excludes(a, b):
        return "apart"
    lines = a.exclusive.keys() | b.exclusive.keys()
    doubtful = (
        any(a.exclusive.get(line) != b.exclusive.get(line) for line in lines)
        or a.telling != b.telling
        or (a.numbers != b.numbers and (a.loud or b.loud))
        or bool(a.heads and b.heads and a.heads != b.heads)
        or bool(a.letters and b.letters and a.letters != b.letters)
        or _reordered(a.words, b.words)
        or (a.text != b.text and not (_latin(a.text) and _latin(b.text)))
    )
    return "doubtful" if doubtful else "none"


def joins_alone(one: str, other: str, opposed: Opposed, rules: NameRules = ORDINARY) -> bool:
    """Whether a high score may join two names without a question: they have the same content words in one order."""
    return content_words(one, rules) == content_words(other, rules) and contrast(one, other, opposed) == "none"


def _excludes(a: Traits, b: Traits) -> bool:
    if a.numbers and b.numbers and a.numbers != b.numbers:
        return True
    if any(
        not (a.exclusive[line] <= b.exclusive[line] or b.exclusive[line] <= a.exclusive[line])
        for line in a.exclusive.keys() & b.exclusive.keys()
    ):
        return True
    if any((y, x) in b.linked for x, y in a.linked if (x, y) not in b.linked):
        return True
    return _negates(a, b) or _negates(b, a)


def _negates(a: Traits, b: Traits) -> bool:
    """Whether b has a word of a with a prefix that makes it another (linear, nonlinear; 函数, 反函数)."""
    mine, theirs = set(a.words) - set(b.words), set(b.words) - set(a.words)
    if any(prefix + word in theirs for word in mine if len(word) > 2 for prefix in NEGATIONS):
        return True
    return a.text != b.text and bool(SCRIPTS.search(b.text)) and CHINESE_NEGATION.sub("", b.text) == a.text


def _latin(text: str) -> bool:
    return all(letter.isascii() for letter in text if letter.isalpha())


def _reordered(a: tuple[str, ...], b: tuple[str, ...]) -> bool:
    one, other = ([word for word in words if word not in SMALL] for words in (a, b))
    return one != other and sorted(one) == sorted(other)


@lru_cache(maxsize=1 << 16)
def traits(name: str, opposed: Opposed) -> Traits:
    """The traits of a name, taken from its loose form."""
    form = loose_form(name)
    words = tuple(part for word in LOOSE_TOKEN.findall(form) for part in opposed.same.get(word, word).split())
    exclusive: dict[int, set[str]] = {}
    for found in (*words, *_phrases(words, opposed), *(opposed.written.findall(form) if opposed.written else ())):
        for group, word in opposed.exclusive.get(found, ()):
            exclusive.setdefault(group, set()).add(word)
    said = [word for word in words if word not in QUIET]
    told = [(before, word) for before, word in zip(("", *words), words, strict=False)]
    numbers = [number for before, word in told for number in _numbers(before, word)]
    return Traits(
        words=words,
        text=form,
        exclusive={line: frozenset(members) for line, members in exclusive.items()},
        telling=frozenset(opposed.telling[word] for word in words if word in opposed.telling),
        heads=frozenset(words) & opposed.kinds,
        numbers=tuple(numbers),
        loud=any(_numbers(before, word) and word not in QUIET for before, word in told),
        letters=tuple(word for word in words if len(word) == 1 and word.isascii() and word.isalpha()),
        linked=frozenset((x, y) for x, link, y in zip(said, said[1:], said[2:], strict=False) if link in LINKS),
    )


def _phrases(words: tuple[str, ...], opposed: Opposed) -> list[str]:
    text = f" {' '.join(words)} "
    return [phrase for phrase in opposed.phrases if f" {phrase} " in text]


def _numbers(before: str, word: str) -> list[str]:
    if before in TYPES and word == "i":
        return ["1"]
    if word in NUMBERS:
        return [NUMBERS[word]]
    return [NUMBERS.get(part, part) for part in re.findall(r"\d+|[一二三四五六七八九十]", NO_NUMBER.sub("", word))]
