"""How alike two names are beyond their spelling: the loose form, and the words that carry the content.

Names with one loose form are proposed as one knowledge point, never joined unasked: *rule of product* and *product
rule* have one, and are two facts. The content words decide whether a high score may join without a question.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import combinations

from graph.names import (
    KEPT_PLURALS,
    LETTER,
    NO_FUNCTION,
    ORDINARY,
    SCRIPTS,
    NameRules,
    clean_name,
    is_ordinary,
    joined_prefixes,
    normal_form,
    singular,
    tokens_of,
)

SUPERSCRIPT = re.compile(r"[⁰¹²³⁴-⁹⁺⁻⁼⁽⁾ⁿⁱ]+")
SUBSCRIPT = re.compile(r"[₀-₉₊₋₌₍₎ₐₑₒₓₕₖₗₘₙₚₛₜ]+")
SNAKE = re.compile(rf"(?<={LETTER}{{2}})_(?={LETTER}{{2}})")
FRACTION = re.compile(r"[¼-¾⅐-⅞↉]")
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
LOOSE_TOKEN = re.compile(r"\d+\.\d+|[^\W_]+|[^\s.,;?\"]")
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
BRITISH = {
    "centre": "center", "centres": "center", "colour": "color", "metre": "meter", "neighbour": "neighbor",
}
TRADITIONAL = str.maketrans(dict(zip(
    "線數對積離導極應關實場電壓動熱體會學圖點維變換倍圓錐體質標準誤聯獨機項級階幾個術運義輔歸納開閉區間證總",
    "线数对积离导极应关实场电压动热体会学图点维变换倍圆锥体质标准误联独机项级阶几个术运义辅归纳开闭区间证总",
    strict=True,
)))
"""Characters of names in traditional script, as they are in simplified one."""
# fmt: on


@lru_cache(maxsize=1 << 16)
def loose_form(name: str) -> str:
    """A key under which names are proposed as one, whatever their accents, order of head and rest, and articles."""
    cleaned = clean_name(name)[0]
    tokens = joined_prefixes(LOOSE_TOKEN.findall(_plain(cleaned)), PREFIXES)
    tokens = _head_last(_without_articles([_loose_singular(token) for token in tokens]))
    return " ".join(tokens) or cleaned.casefold()


def _plain(name: str) -> str:
    """One spelling for each character and mark: no case, accents, possessives, hyphens or acronym in brackets."""
    text = FRACTION.sub(lambda found: " " + unicodedata.normalize("NFKC", found[0]).replace("⁄", "/"), name)
    text = SNAKE.sub(" ", text)
    text = SUPERSCRIPT.sub(r"^\g<0>", text.translate(TRADITIONAL))
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
    words = [word for word in LOOSE_TOKEN.findall(found.string[: found.start()]) if word not in ("of", "the", "and")]
    return " " if "".join(word[0] for word in words).endswith(letters) else found[0]


def _loose_singular(word: str) -> str:
    word = BRITISH.get(word, word.replace("isation", "ization"))
    return word if word.endswith("s") and word in KEPT_PLURALS else singular(word)


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


FILLING = frozenset(("the", "a", "an", "of", "for", "in", "on", "to"))


@lru_cache(maxsize=1 << 16)
def content_words(name: str, rules: NameRules = ORDINARY) -> tuple[str, ...]:
    """The words of a name that carry its content, stemmed, in their order; symbols and letters as they are."""
    tokens = tokens_of(clean_name(name)[0])
    words = [word.lower() if is_ordinary(word) and not rules.case else word for word in tokens]
    return tuple(_stem(word) if word.isalpha() and word.islower() else word for word in words if word not in FILLING)


def _stem(word: str) -> str:
    """Without the plural and "ing" of longer words; endings that make another word (*-al*, *-ed*) stay."""
    word = singular(word)
    return word[:-3] if word.endswith("ing") and len(word) >= 8 else word


VARIANTS = {
    "schwartz": "schwarz",
    "viete": "vieta",
    "hospital": "hopital",
    "lhospital": "lhopital",
    "moebiu": "mobiu",
    "tchebychev": "chebyshev",
    "chebychev": "chebyshev",
    "liapunov": "lyapunov",
    "tschebyscheff": "chebyshev",
    "kolmogoroff": "kolmogorov",
    "markoff": "markov",
}
"""Spellings of persons' names. Two of them may be two persons (Schwarz, Schwartz), so this only proposes."""
UMLAUT = re.compile(r"([aou])e(?=[a-z]{2})")
TRANSLATED = re.compile(r"^(.*[\u3040-\u9fff\uac00-\ud7af].*?)\s*[(（]([A-Za-z][^()（）]*)[)）]$")


def proposal_keys(name: str) -> set[str]:
    """Keys under which a name may be another one: the loose form, other spellings of it, and either language of it."""
    form = loose_form(name)
    flat = re.sub(r"[_^] ?(?=\d)", "", SUBSCRIPT.sub(lambda found: unicodedata.normalize("NFKC", found[0]), form))
    keys = {form, " ".join(VARIANTS.get(word, word) for word in flat.split())}
    keys |= {flat.replace(" ", ""), UMLAUT.sub(r"\1", form)}
    if both := TRANSLATED.match(name):
        keys |= {loose_form(both[1]), loose_form(both[2])}
    return keys


def loose_pairs(names: Sequence[str]) -> list[tuple[int, int]]:
    """Pairs of names that share a key under which they may be one."""
    found: dict[str, list[int]] = defaultdict(list)
    for index, name in enumerate(names):
        for key in sorted(proposal_keys(name)):
            found[key].append(index)
    return sorted({pair for same in found.values() for pair in combinations(same, 2)})


def difference(one: str, other: str) -> str:
    """In what two names differ, for a reader: the mildest thing but for which they would be one."""
    for what, spelled in _STEPS:
        if spelled(one) == spelled(other):
            return what
    return _SPELLING if proposal_keys(one) & proposal_keys(other) else "words"


def _spaced(name: str) -> str:
    return " ".join(tokens_of(name))


_STEPS: tuple[tuple[str, Callable[[str], object]], ...] = (
    ("marks of a list or markup", lambda name: clean_name(name)[0]),
    ("spaces, hyphens or apostrophes", lambda name: _spaced(clean_name(name)[0])),
    ("case, number or article", normal_form),
    ("case", lambda name: _spaced(clean_name(name)[0]).casefold()),
    ("full-width or raised characters", lambda name: unicodedata.normalize("NFKC", name).casefold()),
    ("accents", lambda name: "".join(map(_unaccented, name.casefold()))),
    ("traditional and simplified characters", lambda name: name.translate(TRADITIONAL)),
    ("underscores", lambda name: _spaced(name.replace("_", " ")).casefold()),
    ("articles and endings", content_words),
    ("order of words, or how formulas are written", loose_form),
)
_SPELLING = "spelling of a name, or language"
