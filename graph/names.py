"""Names of knowledge points: cleaned for people, and reduced to a key under which equal names are merged unasked.

Precision comes first. Two names with one key become one knowledge point without anybody looking, so nothing is made one
here but the case of ordinary words, the number of ordinary nouns, hyphens, spaces, "the" and the mark behind a person's
name. Symbols, order, accents, acronyms, single letters and what is an article in one name and a letter in another
(*vitamin A*) stay; what that leaves apart is proposed to the curator (`graph.likeness`) or stands in the user's alias
table.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Set
from functools import lru_cache
from typing import NamedTuple

LONGEST = 120
"""Characters. Names of facts have 10-60; a longer answer is a sentence about the solution."""

BULLET = re.compile(
    r"""(?: [-*+–—>]\s | [•‣◦·●▪■○◆★☆✨✅✔☑✓→⇒➜➤➢▶►👉🔹🔸]\ufe0f? | \#{1,6}\s
        | [(\[（]?\d{1,3}[.)\]:、．）：] (?=\s|[\u3040-\u9fff])
        | \d{1,3}[.)] (?=[A-Z][a-z]{2}|\*\*)
        | [（(]?[一二三四五六七八九十]{1,3}[、．.）)]
        | \(?(?:[a-h]|[ivx]{2,4})\)\s
        | [\u2460-\u2473]
        | \\item\b
        | (?:knowledge\s+point|kp|step|知识点|步骤)\s*\d{1,3}\s*[:：.)）-]
    )\s*(?=\S)""",
    re.VERBOSE | re.IGNORECASE,
)
SIGN = re.compile(r"\S+\s+(?:operators?|signs?|symbols?|notation|运算符|符号)", re.IGNORECASE)
"""A name that begins with its own sign: *- operator* is no line of a list."""
EMPHASIS = (
    re.compile(r"\*\*(.+?)\*\*"),
    re.compile(r"(?<!\w)__(?=[^_]*\s)(.+?)__(?!\w)"),
    re.compile(r"(?<![\w*])\*(?=[^\s*])(.+?)(?<=[^\s*])\*(?![\w*])"),
    re.compile(r"(?<!\w)_(?=[^\s_]+\s)(.+?)(?<=[^\s_])_(?!\w)"),
    re.compile(r"`([^`]+)`"),
)
LATEX = (
    re.compile(r"\\(?:text(?:bf|it|rm)?|mathrm|mathbf|emph|operatorname)\s*\{([^{}]*)\}"),
    re.compile(r"\$\$(.+?)\$\$"),
    re.compile(r"\$(?=\S)([^$]*?\S)\$(?!\d)"),
    re.compile(r"\\\((.+?)\\\)"),
    re.compile(r"\\\[(.+?)\\\]"),
)
IDENTIFIER = re.compile(r"[a-z_]\w*(?:\s*operator)?|\s*operators?")
"""What stands behind a pair of stars in a program, and is no heading."""
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
    if (found := BULLET.match(name)) and not SIGN.fullmatch(name):
        name = name[found.end() :]
    for pattern in EMPHASIS + LATEX:
        name = pattern.sub(r"\1", name)
    for opening, closing in QUOTES:
        inner = name[1:-1]
        if len(name) > 1 and name[0] == opening and name[-1] == closing and not {opening, closing} & set(inner):
            name = inner
    if name.startswith("**") and not IDENTIFIER.fullmatch(name[2:]):
        name = name[2:]
    return name.removesuffix("**").rstrip(ENDINGS).strip()


LETTER = r"[^\W\d_]"
SCRIPTS = re.compile(r"[\u3005\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]+")
APOSTROPHE = re.compile(r"[’‘ʼ′´]")
DASH = re.compile(r"[‐‑‒–—−]")
NO_FUNCTION = r"(?!(?:sin|cos|tan|cot|sec|csc|log|ln|exp)[a-z]?\b)"
"""Before one of these a hyphen is a minus: *sinx - cosx* is not *sinx cosx*."""
HYPHEN = re.compile(
    rf"(?<={LETTER}{{3}})-{NO_FUNCTION}(?={LETTER}{{2}})|(?<={LETTER}{{2}})-{NO_FUNCTION}(?={LETTER}{{3}})"
    rf"|(?<=[^\W_])-{NO_FUNCTION}(?={LETTER}{{3}})"
)
"""It parts words (*Cauchy-Schwarz*, *2-adic*, *x-intercept*); between shorter ones it may be a minus, and stays."""
POSSESSIVE = re.compile(rf"(?<!\w)([A-ZÀ-ÖØ-Þ]{LETTER}{{2,}})(?:'s|(?<=s)')(?=\s)")
TOKEN = re.compile(r"\d+\.\d+|[^\W_]+|\S")
ACRONYM = re.compile(r"\(([A-Z]{2,12})\)")

# fmt: off
LINKS = frozenset(("of", "to", "by", "on", "an", "or", "is", "vs"))
"""Words of two letters that a title may begin with a capital; other such words are symbols (*In*, *As*, *Co*)."""
PREFIXES = frozenset(("non", "semi", "anti", "sub", "multi", "quasi", "pseudo"))
IRREGULAR = {
    "axes": "axis", "vertices": "vertex", "indices": "index", "matrices": "matrix", "radii": "radius",
    "foci": "focus", "loci": "locus", "moduli": "modulus", "polyhedra": "polyhedron", "extrema": "extremum",
    "maxima": "maximum", "minima": "minimum", "criteria": "criterion", "formulae": "formula", "lemmata": "lemma",
    "hypotheses": "hypothesis", "parentheses": "parenthesis", "ellipses": "ellipse", "analyses": "analysis",
    "halves": "half", "simplices": "simplex", "directrices": "directrix", "hyperbolae": "hyperbola",
    "parabolae": "parabola", "corollaries": "corollary", "zeroes": "zero",
}
KEPT_PLURALS = frozenset((
    "series", "species", "odds", "bases", "always", "perhaps", "towards", "does", "has", "was", "lens", "news", "means",
    "alias", "bias", "gas", "atlas", "canvas", "chaos", "cosmos", "lives", "leaves", "dies", "axes", "this", "its",
    "ones", "tens", "hundreds", "thousands", "millions", "halves", "thirds", "quarters", "fourths", "fifths", "tenths",
    "hundredths", "thousandths", "twos", "threes", "fours", "fives", "dozens",
    "damages", "goods", "customs", "arms", "minutes", "manners", "spirits", "waters", "sands", "brains", "savings",
    "securities", "futures", "remains", "premises", "grounds", "glasses", "works", "airs", "ashes", "spectacles",
    "clothes", "humanities", "letters", "irons", "compasses", "pains", "pants", "particulars", "drawers", "regards",
    "stairs", "troops", "communications", "utilities", "scales", "commons", "rapids", "greens", "blues", "classics",
))
"""No plurals, plurals of two words (*bases*), or another thing in the singular (*damages*, *tens digit*)."""
_NOUNS = """
    theorem law rule formula principle property lemma identity inequality axiom criterion conjecture corollary
    postulate test equation function expression polynomial graph number integer sequence matrix vector set subset root
    zero factor divisor multiple prime fraction ratio sum product difference quotient power exponent logarithm
    derivative integral limit angle triangle circle line point square cube cone cylinder sphere prism pyramid polygon
    quadrilateral rectangle parabola ellipse hyperbola vertex axis plane coordinate permutation combination event
    probability distribution variable median mode variance deviation sample population map relation operator operation
    space group ring field module eigenvalue eigenvector determinant transformation rotation reflection translation
    system method algorithm model structure tree node edge path cycle loop array list string pointer class object type
    constant coefficient term unknown constraint condition domain range interval segment chord radius diameter arc
    tangent secant bisector altitude digit decimal percent rate proportion unit conversion measure estimate error
    hypothesis sine cosine progression pattern rational real complex conic curve surface region solid solution inverse
    symmetry atom molecule ion isotope bond reaction acid alkane alkene orbital electron proton neutron nucleus
    element compound cell protein enzyme organ tissue membrane chromosome mutation wave particle circuit resistor
    capacitor lens mirror market price cost contract demand supply budget asset loan tax tariff index effect process
    state concept definition problem case
"""
NOUNS = frozenset(_NOUNS.split())
"""Nouns that lose their plural in a title too; another capitalised word may be a name (*Adams*, *Stokes*)."""
# fmt: on


class NameRules(NamedTuple):
    """What a domain says of the form of its names."""

    case: bool = False
    """Whether capitals tell ordinary words apart, as in programs (*Map*, *map*)."""
    symbols: bool = True
    """Whether signs tell names apart (*+ operator*, *- operator*)."""


ORDINARY = NameRules()


@lru_cache(maxsize=1 << 16)
def normal_form(name: str, rules: NameRules = ORDINARY) -> str:
    """The key of a name: names with one key are one knowledge point. Never shown to anybody."""
    cleaned = clean_name(name)[0]
    tokens = joined_prefixes([_folded(token, rules) for token in tokens_of(cleaned)], PREFIXES)
    kept = [token for token in tokens if token != "the" and (rules.symbols or token[0].isalnum())]
    return " ".join(kept or tokens) or cleaned


def tokens_of(cleaned: str) -> list[str]:
    """The words, numbers and symbols of a name, with hyphens between words as spaces, and acronyms of it left out."""
    text = DASH.sub("-", APOSTROPHE.sub("'", cleaned))
    text = POSSESSIVE.sub(r"\1", HYPHEN.sub(" ", SCRIPTS.sub(r" \g<0> ", text)))
    return TOKEN.findall(ACRONYM.sub(lambda found: _unless_initials(found), text))


def is_ordinary(token: str) -> bool:
    """A word whose case says nothing: no symbol (*Co*, *O*), no acronym."""
    if len(token) < 3:
        return token.lower() in LINKS
    return token.isalpha() and (token.islower() or token.istitle())


def _folded(token: str, rules: NameRules) -> str:
    if not is_ordinary(token) or (rules.case and not token.islower()):
        return token
    word = token.lower()
    found = singular(word)
    return found if token == word or found in NOUNS else word


def _unless_initials(found: re.Match[str]) -> str:
    """Nothing for "(CRT)" behind "Chinese remainder theorem", else what was found."""
    words = [word for word in TOKEN.findall(found.string[: found.start()]) if word.lower() not in ("of", "the", "and")]
    return " " if "".join(word[0] for word in words).upper().endswith(found[1]) else found[0]


def joined_prefixes(tokens: list[str], prefixes: Set[str]) -> list[str]:
    """ "non zero" (from "non-zero") as "nonzero"."""
    result: list[str] = []
    for token in tokens:
        if result and result[-1] in prefixes and token.isalpha():
            token = result.pop() + token
        result.append(token)
    return result


def singular(word: str) -> str:
    """The singular of an English plural; other words unchanged, or changed alike, which is as good for a key."""
    if word in IRREGULAR:
        return IRREGULAR[word]
    if len(word) < 4 or not word.isascii() or word in KEPT_PLURALS or not word.endswith("s"):
        return word
    if word.endswith(("ss", "us", "is", "ics")):
        return word
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    return word[:-2] if word.endswith(("sses", "xes", "ches", "shes", "zzes")) else word[:-1]
