"""Names of knowledge points: cleaned for people, and reduced to a key under which equal names are merged unasked.

Precision comes first. Two names with one key become one knowledge point without anybody looking, so a rule is here
only if it cannot join two facts; what it leaves apart (*CRT*, *law of sines* and *sine rule*) is proposed to the
curator or stands in the user's alias table. In particular words are never sorted: *sum of squares* and *square of
the sum* have the same ones.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

LONGEST = 120
"""Characters. Names of facts have 10-60; a longer answer is a sentence about the solution."""

BULLET = re.compile(
    r"""(?: [-*+–—>]\s | [•‣◦·●▪■○◆] | \#{1,6}\s
        | [(\[]?\d{1,3}[.)\]:、] (?=\s|[^\W\d_])
        | \(?(?:[a-h]|[ivx]{2,4})\)\s
        | [\u2460-\u2473]
        | \\item\b
        | (?:knowledge\s+point|kp|知识点)\s*\d{1,3}\s*[:：.)]
    )\s*(?=\S)""",
    re.VERBOSE | re.IGNORECASE,
)
EMPHASIS = (
    re.compile(r"\*\*(.+?)\*\*"),
    re.compile(r"(?<!\w)__(.+?)__(?!\w)"),
    re.compile(r"(?<![\w*])\*(?=[^\s*])(.+?)(?<=[^\s*])\*(?![\w*])"),
    re.compile(r"(?<!\w)_(?=[^\s_])(.+?)(?<=[^\s_])_(?!\w)"),
    re.compile(r"`([^`]+)`"),
)
LATEX = (
    re.compile(r"\\(?:text(?:bf|it|rm)?|mathrm|mathbf|emph|operatorname)\s*\{([^{}]*)\}"),
    re.compile(r"\$\$(.+?)\$\$"),
    re.compile(r"\$(?=\S)([^$]*?\S)\$(?!\d)"),
    re.compile(r"\\\((.+?)\\\)"),
    re.compile(r"\\\[(.+?)\\\]"),
)
QUOTES = (('"', '"'), ("'", "'"), ("“", "”"), ("‘", "’"), ("「", "」"), ("『", "』"), ("«", "»"), ("《", "》"))
ENDINGS = ".,;:。；，：、"
INVISIBLE = re.compile(r"[\u200b-\u200f\u202a-\u202e\u2060\ufeff\u00ad]")


def clean_name(raw: str, longest: int = LONGEST) -> tuple[str, str | None]:
    """The name without the marks of the list or markup it came in, and why it is unusable ("empty", "too long")."""
    name = INVISIBLE.sub("", unicodedata.normalize("NFC", raw))
    before = None
    while name != before:
        before = name
        name = _unwrapped(" ".join(name.split()))
    if not any(character.isalnum() for character in name):
        return name, "empty"
    return name, "too long" if len(name) > longest else None


def _unwrapped(name: str) -> str:
    """One layer of wrapping less."""
    name = name[found.end() :] if (found := BULLET.match(name)) else name
    for pattern in EMPHASIS + LATEX:
        name = pattern.sub(r"\1", name)
    for opening, closing in QUOTES:
        inner = name[1:-1]
        if len(name) > 1 and name[0] == opening and name[-1] == closing and not {opening, closing} & set(inner):
            name = inner
    return name.removeprefix("**").removesuffix("**").rstrip(ENDINGS).strip()


LETTER = r"[^\W\d_]"
SCRIPTS = re.compile(r"[\u3005\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]+")
SUPERSCRIPT = re.compile(r"[⁰¹²³⁴-⁹⁺⁻⁼⁽⁾ⁿⁱ]+")
SUBSCRIPT = re.compile(r"[₀-₉₊₋₌₍₎ₐₑₒₓₕₖₗₘₙₚₛₜ]+")
FRACTION = re.compile(r"[¼-¾⅐-⅞↉]")
NO_FUNCTION = r"(?!(?:sin|cos|tan|cot|sec|csc|log|ln|exp)[a-z]?\b)"
"""Before one of these a hyphen is a minus: *sinx - cosx* is not *sinx cosx*."""
REWRITES: tuple[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]], ...] = (
    # Dotted acronyms: A.M.-G.M.
    (re.compile(r"\b(?:[a-z]\.){2,}"), lambda found: found[0].replace(".", "")),
    # Possessives and elisions lose their mark (Euler's, Stokes', l'Hospital); f'(x) keeps its prime.
    (re.compile(r"[’‘ʼ′´`]"), "'"),
    (re.compile(rf"(?<={LETTER}{LETTER})'s\b|(?<={LETTER}{LETTER}s)'(?!\w)"), ""),
    (re.compile(rf"\b([dlo])'(?={LETTER}{LETTER})"), r"\1"),
    # A hyphen parts words (Cauchy-Schwarz, 2-adic, x-intercept); between single letters it is a minus and stays.
    (re.compile(r"[‐‑‒–—−]"), "-"),
    (re.compile(rf"(?<={LETTER}{{3}})\s*-\s*{NO_FUNCTION}(?={LETTER}{{3}})"), " "),
    (re.compile(rf"(?<={LETTER}{LETTER})-{NO_FUNCTION}(?={LETTER})"), " "),
    (re.compile(rf"(?<=[^\W_])-{NO_FUNCTION}(?={LETTER}{LETTER})"), " "),
    # 2 x 2, 2 by 2 and 2x2; \sin and sin; & and "and"; a colon that is no ratio.
    (re.compile(r"(?<=\d)\s*(?:[x×]|[\s-]by[\s-])\s*(?=\d)"), "x"),
    (re.compile(r"\\(?=[a-z])"), " "),
    (re.compile(r"&"), " and "),
    (re.compile(r"(?<!\d):|:(?!\d)"), " "),
)
TOKEN = re.compile(r"\d+\.\d+|[^\W_]+|[^\s.,;?\"]")
ACRONYM = re.compile(r"\(([a-z ]{2,12})\)")

# fmt: off
KEPT_BEFORE = frozenset((
    "and", "or", "of", "to", "on", "in", "for", "by", "with", "from", "at", "as", "if", "then", "where", "when",
    "is", "are", "be", "equals", "plus", "minus", "times", "mod", "over", "greater", "less",
    "sin", "cos", "tan", "cot", "sec", "csc", "log", "ln", "exp",
))
"""Before these "a" is a letter that stands for a quantity, as in "sides a and b", not an article."""
OPENERS = frozenset(("concept", "notion", "idea"))
PREFIXES = frozenset(("non", "co", "semi", "anti", "sub", "multi", "equi", "quasi", "pseudo", "pre"))
HEADS = frozenset((
    "theorem", "law", "rule", "formula", "principle", "property", "lemma", "identity", "inequality",
    "axiom", "postulate", "criterion", "conjecture", "corollary",
))
"""Nouns for which "X of Y" and "X for Y" mean "Y X". Not sum, square, number, limit: there the order is the fact."""
IRREGULAR = {
    "axes": "axis", "vertices": "vertex", "indices": "index", "matrices": "matrix", "radii": "radius",
    "foci": "focus", "loci": "locus", "moduli": "modulus", "polyhedra": "polyhedron", "extrema": "extremum",
    "maxima": "maximum", "minima": "minimum", "criteria": "criterion", "formulae": "formula", "lemmata": "lemma",
    "hypotheses": "hypothesis", "parentheses": "parenthesis", "ellipses": "ellipse", "analyses": "analysis",
    "halves": "half", "simplices": "simplex", "directrices": "directrix", "hyperbolae": "hyperbola",
    "parabolae": "parabola", "corollaries": "corollary", "zeroes": "zero",
    "centre": "center", "centres": "center", "colour": "color", "metre": "meter", "neighbour": "neighbor",
}
UNCHANGED = frozenset((
    "series", "species", "odds", "bases", "always", "perhaps", "towards", "does",
    "ones", "tens", "hundreds", "thousands", "tenths", "hundredths", "thousandths",
))
# fmt: on
"""Not plurals, plurals of two words (bases), or another fact in the singular (*tens digit*, *ten digits*)."""


def normal_form(name: str) -> str:
    """The key of a name: names with one key are one knowledge point. Never shown to anybody."""
    cleaned = clean_name(name)[0]
    tokens = [_singular(token) for token in _joined_prefixes(TOKEN.findall(_plain(cleaned)))]
    tokens = _head_last(_without_articles(tokens))
    return " ".join(tokens) or cleaned.casefold()


def _plain(name: str) -> str:
    """One spelling for each character and mark: no case, accents, possessives, hyphens or acronym in brackets."""
    text = FRACTION.sub(lambda found: " " + unicodedata.normalize("NFKC", found[0]).replace("⁄", "/"), name)
    text = SUPERSCRIPT.sub(r"^\g<0>", text)
    text = SUBSCRIPT.sub(r"_\g<0>", text)
    text = unicodedata.normalize("NFKC", text).casefold()
    text = "".join(_unaccented(character) for character in text)
    for pattern, replacement in REWRITES:
        text = pattern.sub(replacement, text)
    return ACRONYM.sub(lambda found: _unless_initials(found, text), SCRIPTS.sub(r" \g<0> ", text))


def _unaccented(character: str) -> str:
    """The base letter of an accented Latin one; in other scripts a mark makes another letter."""
    base = unicodedata.normalize("NFD", character)[0]
    return base if base.isascii() else character


def _unless_initials(found: re.Match[str], text: str) -> str:
    """Nothing for "(crt)" behind "chinese remainder theorem", else what was found."""
    letters = found[1].replace(" ", "")
    words = [word for word in TOKEN.findall(found.string[: found.start()]) if word not in ("of", "the", "and")]
    return " " if "".join(word[0] for word in words).endswith(letters) else found[0]


def _joined_prefixes(tokens: list[str]) -> list[str]:
    """ "non zero" (from "non-zero") as "nonzero"."""
    result: list[str] = []
    for token in tokens:
        if result and result[-1] in PREFIXES and token.isalpha():
            token = result.pop() + token
        result.append(token)
    return result


def _singular(word: str) -> str:
    """The singular of an English plural; other words unchanged, or changed alike, which is as good for a key."""
    if word in IRREGULAR:
        return IRREGULAR[word]
    word = word.replace("isation", "ization")
    if len(word) < 4 or not word.isascii() or word in UNCHANGED or not word.endswith("s"):
        return word
    if word.endswith(("ss", "us", "is", "ics")):
        return word
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    return word[:-2] if word.endswith(("sses", "xes", "ches", "shes", "zzes")) else word[:-1]


def _without_articles(tokens: list[str]) -> list[str]:
    """Without "the", "a" and "an" where they are articles, and without an opening "concept of"."""
    around = zip(["the", *tokens][:-1], tokens, [*tokens, ""][1:], strict=True)
    kept = [token for before, token, after in around if not _is_article(before, token, after)]
    return kept[2:] if len(kept) > 2 and kept[0] in OPENERS and kept[1] == "of" else kept


def _is_article(before: str, token: str, after: str) -> bool:
    """An "a" next to a symbol, a function or a linking word is a quantity: *y = a sin x* is not *y = sin x*."""
    if token == "the":
        return True
    return token in ("a", "an") and before.isalpha() and len(after) > 1 and after.isalpha() and after not in KEPT_BEFORE


def _head_last(tokens: list[str]) -> list[str]:
    """ "theorem of X" as "X theorem", with what stood before the head noun kept before it."""
    for index, token in enumerate(tokens[:-2]):
        if token in HEADS and tokens[index + 1] in ("of", "for"):
            return tokens[index + 2 :] + tokens[: index + 1]
    return tokens
