r"""One writing for answers that differ only in how they were typed.

Knows: Unicode mathematics, LaTeX spacing and sizing commands, thousands separators, labels such as `x =`.
Does not know: algebra. Two texts with one normal form are the same answer; the reverse does not hold.
Does not protect against: ambiguity in the source. `1,234` is read as one number, never as a list of two.

NFKC is not used: it turns `x²` into `x2` and `½` into `1⁄2`. The characters are mapped to LaTeX instead.
Everything here is pure and linear in the length of the text.
"""

from __future__ import annotations

import re

from tasks.answers.separators import joined_groups

# --- characters -------------------------------------------------------------------------------------------------------

_RAISED = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿⁱˣ", "0123456789+-=()nix", strict=True))
_LOWERED = dict(zip("₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₙₐₓ", "0123456789+-=()nax", strict=True))
_FRACTION_DIGITS = "12 13 23 14 34 15 25 35 45 16 56 17 18 38 58 78 19 110"
_VULGAR = dict(zip("½⅓⅔¼¾⅕⅖⅗⅘⅙⅚⅐⅛⅜⅝⅞⅑⅒", _FRACTION_DIGITS.split(), strict=True))
_GREEK_NAMES = (
    "alpha beta gamma delta epsilon theta lambda mu nu xi pi rho sigma phi phi omega "
    "Delta Gamma Theta Lambda Sigma Phi Psi Omega tau eta kappa chi psi"
)
_GREEK = dict(zip("αβγδεθλμνξπρσφϕωΔΓΘΛΣΦΨΩτηκχψ", _GREEK_NAMES.split(), strict=True))
_COMMANDS = {
    "∞": r"\infty ", "×": r"\times ", "·": r"\cdot ", "⋅": r"\cdot ", "∙": r"\cdot ", "÷": r"\div ", "±": r"\pm ",
    "∓": r"\mp ", "≤": r"\le ", "≥": r"\ge ", "⩽": r"\le ", "⩾": r"\ge ", "≠": r"\ne ", "≈": r"\approx ",
    "∪": r"\cup ", "∩": r"\cap ", "∅": r"\emptyset ", "∈": r"\in ", "∉": r"\notin ", "ℝ": r"\mathbb{R}",
    "ℤ": r"\mathbb{Z}", "ℕ": r"\mathbb{N}", "ℚ": r"\mathbb{Q}", "→": r"\to ", "⟨": r"\langle ", "⟩": r"\rangle ",
    "°": r"^{\circ}", "º": r"^{\circ}", "∠": r"\angle ", "△": r"\triangle ", "⊥": r"\perp ",
}  # fmt: skip
_PLAIN = {
    "−": "-", "–": "-", "—": "-", "‐": "-", "‑": "-", "﹣": "-", "⁄": "/", "∕": "/", "∶": ":", "、": ",", "。": ".",
    "…": "...", "⋯": "...", "’": "'", "‘": "'", "′": "'", "“": '"', "”": '"', "｡": ".",
    "\u200b": "", "\ufeff": "", "\u2062": "",
}  # fmt: skip
_SPACES = "\u00a0\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000\t\r\n"

_CHARACTERS: dict[int, str] = {
    **{code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)},
    **{ord(c): " " for c in _SPACES},
    **{ord(c): rf"\frac{{{n[0]}}}{{{n[1:]}}}" for c, n in _VULGAR.items()},
    **{ord(c): rf"\{name} " for c, name in _GREEK.items()},
    **{ord(c): command for c, command in (_COMMANDS | _PLAIN).items()},
}
_RAISED_RUN = re.compile(f"[{''.join(_RAISED)}]+")
_LOWERED_RUN = re.compile(f"[{''.join(_LOWERED)}]+")
_ROOT = re.compile(r"([√∛∜])\s*(?:\(([^()]*)\)|\{([^{}]*)\}|(\d+(?:\.\d+)?|\\?[A-Za-z]+))")
_ROOT_DEGREE = {"√": "", "∛": "[3]", "∜": "[4]"}


def map_symbols(text: str) -> str:
    """Unicode mathematics as LaTeX; full-width forms, dashes and spaces as ASCII. ASCII text is returned as it is."""
    if text.isascii():
        return text if text.isprintable() else text.translate(_CHARACTERS)
    text = _RAISED_RUN.sub(lambda m: "^{" + "".join(_RAISED[c] for c in m[0]) + "}", text)
    text = _LOWERED_RUN.sub(lambda m: "_{" + "".join(_LOWERED[c] for c in m[0]) + "}", text)
    text = text.translate(_CHARACTERS)
    return _ROOT.sub(lambda m: rf"\sqrt{_ROOT_DEGREE[m[1]]}{{{m[2] or m[3] or m[4] or ''}}}", text)


# --- LaTeX ------------------------------------------------------------------------------------------------------------

_SIZING = re.compile(
    r"\\(?:left|right|bigl|bigr|Bigl|Bigr|biggl|biggr|Biggl|Biggr|big|Big|bigg|Bigg|displaystyle|textstyle|limits)"
    r"(?![A-Za-z])\.?"
)
_SPACING = re.compile(r"(?<!\\)\\(?:[!,;:> ]|quad(?![A-Za-z])|qquad(?![A-Za-z])|hspace\{[^{}]*\})|~")
_FONT = re.compile(
    r"\\(?:text|textbf|textit|textrm|mathrm|mathbf|mathit|mathsf|mbox|operatorname|hbox|rm)\s*\{([^{}]*)\}"
)
_FRACTION = re.compile(r"\\[dtc]frac(?![A-Za-z])")
_BARE_FRACTION = re.compile(r"\\frac\s*(\d|[A-Za-z]|\{[^{}]*\})\s*(\d|[A-Za-z]|\{[^{}]*\})")
_SPACED_FRACTION = re.compile(r"\\frac\s+(?=[\d{A-Za-z])")
_BARE_ROOT = re.compile(r"\\sqrt\s*(\[\d\])?\s*(\d|[A-Za-z])(?![A-Za-z]*\{)")
_BARE_BINOMIAL = re.compile(r"\\binom\s*(\d)\s*(\d)")
_BARE_ABOVE = re.compile(r"\\frac\s*(\d|[A-Za-z])(?=\s*\{)")
_CASES = re.compile(r"(?:\\\{\s*)?\\begin\{(cases|array|aligned)\}(?:\{[lcr]+\})?([^&]*)\\end\{\1\}")
_MATH_MARK = re.compile(r"(?<!\\)\$")
_BETWEEN_FORMULAS = re.compile(r"(?:(?<!\\)\$|\\\)) *, *(?:\$|\\\()")
_SCRIPT = re.compile(r"\s*([\^_])\s*(-?\d+(?![\d.])|[A-Za-z]|\\[A-Za-z]+)(?![A-Za-z]*\{)")
_NAMES = {
    r"\leq": r"\le", r"\geq": r"\ge", r"\leqslant": r"\le", r"\geqslant": r"\ge", r"\neq": r"\ne", r"\lt": "<",
    r"\gt": ">", r"\varnothing": r"\emptyset", r"\degree": r"^{\circ}", r"\lbrace": r"\{", r"\rbrace": r"\}",
    r"\lbrack": "[", r"\rbrack": "]", r"\lparen": "(", r"\rparen": ")", r"\rightarrow": r"\to", r"\ast": "*",
    r"\dots": r"\ldots", r"\cdots": r"\ldots", r"\infin": r"\infty", r"\dbinom": r"\binom", r"\tbinom": r"\binom",
    r"\bf": "", r"\rm": "", r"\cdotp": r"\cdot", r"\colon": ":",
}  # fmt: skip
_NAME = re.compile("|".join(rf"{re.escape(name)}(?![A-Za-z])" for name in sorted(_NAMES, key=len, reverse=True)))
_WRAPPED = re.compile(r"\\boxed\s*\{(.*)\}|\$\$(.*)\$\$|\$(.*)\$|\\\((.*)\\\)|\\\[(.*)\\\]|\*\*(.*)\*\*", re.DOTALL)
_LOOSE_SPACE = re.compile(r"(?<![A-Za-z0-9]) +| +(?![A-Za-z0-9\\])|(?<=\d) +(?=[A-Za-z\\](?!rac))")
_AFTER_COMMAND = re.compile(r"(\\[A-Za-z]+) +(?![A-Za-z])")
_LABEL = re.compile(
    r"([A-Za-z]'*(?:_\{?\w+\}?)?|\\[A-Za-z]+|[A-Za-z]'*\([A-Za-z0-9]+\))\s*(?:=|\\in(?![A-Za-z]))\s*(?=[^=])"
)


_CYCLE = r"(?<![\d.])(\d*\.\d*)"
_ONGOING = re.compile(r"(?<![\d.])(\d*\.)(\d+)\s*(?:\.{3}|\\[lc]?dots(?![A-Za-z]))")
_BRACKETED = re.compile(_CYCLE + r"\((\d{1,12})\)(?!\s*[\d.^])")
_DOTTED = re.compile(_CYCLE + r"\\dot\s*\{?(\d)\}?(?:(\d*)\\dot\s*\{?(\d)\}?)?")
_BARRED = re.compile(_CYCLE + r"\\(?:overline|bar)\s*(?:\{(\d+)\}|(\d))")
_REPEATED = re.compile(r"(\d*?)(?:(\d)\2{2,}|(\d{2,12}?)\3+)")
_FAMOUS = ("2.718281828",)
"""Digits of an irrational number that only look as if they went on repeating."""


def _repeating(text: str) -> str:
    r"""`0.(3)`, `0.1\dot6` and `0.333...` as `0.\overline{3}`; digits that go on without a cycle keep their dots."""
    if "." not in text:
        return text
    text = _ONGOING.sub(_ongoing, text)
    text = _BRACKETED.sub(r"\1\\overline{\2}", text)
    text = _DOTTED.sub(lambda m: rf"{m[1]}\overline{{{m[2]}{m[3] or ''}{m[4] or ''}}}", text)
    return _BARRED.sub(lambda m: rf"{m[1]}\overline{{{m[2] or m[3]}}}", text)


def _ongoing(match: re.Match[str]) -> str:
    found = _REPEATED.fullmatch(match[2])
    if found is None or (match[1] + match[2]).startswith(_FAMOUS):
        return rf"{match[1]}{match[2]}\ldots "
    return rf"{match[1]}{found[1]}\overline{{{found[2] or found[3]}}}"


_END = re.compile(r"(?<![\\.;,\s])[.;,\s]+$")
_SPOKEN = re.compile(r"0x|per")
_HEXADECIMAL = re.compile(r"\b0x([0-9A-Fa-f]+)\b")
_PER = re.compile(r"(?<=[a-z])\s+per\s+(?=[a-z])")
_PERCENT_WORD = re.compile(r"(?<=[\d}])\s*per\s?cent(?:age)?\b")


def tidy(text: str) -> str:
    r"""Symbols mapped; wrappers (`$…$`, `\boxed{…}`, `**…**`) and layout commands gone; words and units kept."""
    text = joined_groups(_END.sub("", unwrapped(_END.sub("", _repeating(map_symbols(text).strip())))))
    text = _BETWEEN_FORMULAS.sub("$, $", text)
    text = text.replace("**", "^")
    if "\\" in text:
        text = _SPACING.sub(" ", _SIZING.sub("", text))
        text = _FRACTION.sub(r"\\frac", text)
        text = _FONT.sub(r" \1 ", text) if "{" in text else text
        text = _NAME.sub(lambda m: _NAMES[m[0]], text)
        text = _SPACED_FRACTION.sub(r"\\frac", text)
        text = _BARE_ABOVE.sub(r"\\frac{\1}", text)
        text = _BARE_FRACTION.sub(_braced_fraction, text)
        text = _BARE_ROOT.sub(r"\\sqrt\1{\2}", text)
        text = _BARE_BINOMIAL.sub(r"\\binom{\1}{\2}", text)
        text = _CASES.sub(lambda m: ", ".join(row.strip(" ,") for row in m[2].split(r"\\") if row.strip(" ,")), text)
    text = _SCRIPT.sub(r"\1{\2}", _MATH_MARK.sub("", text))
    if "prime" in text or r"\frac{d" in text:
        text = _LEIBNIZ.sub(_with_primes, _PRIMES.sub(lambda m: "'" * m[0].count("prime"), text))
    if _SPOKEN.search(text):
        text = _HEXADECIMAL.sub(r"\1_{16}", _PER.sub("/", _PERCENT_WORD.sub(r"\%", text)))
    return " ".join(text.split()).strip().rstrip(".;, ")


_PRIMES = re.compile(r"\^\s*\{(?:\s*\\prime(?![A-Za-z])\s*)+\}|\\prime(?![A-Za-z])")
_LEIBNIZ = re.compile(
    r"\\frac\{\s*d(?:\^\{(?P<times>[23])\})?\s*(?P<of>[A-Za-z])\s*\}\{\s*d\s*(?P<by>[A-Za-z])(?:\^\{(?P=times)\})?\s*\}"
)


def _with_primes(match: re.Match[str]) -> str:
    r"""`\frac{dy}{dx}` as `y'`; by another letter than x it says so."""
    primes = "'" * int(match["times"] or 1)
    return match["of"] + primes + ("" if match["by"] == "x" else f"_{{{match['by']}}}")


def unwrapped(text: str) -> str:
    """Take off wrappers that span the whole text; at most four, since nobody wraps deeper."""
    for _ in range(4):
        match = _WRAPPED.fullmatch(text)
        inner = next((group for group in match.groups() if group is not None), None) if match else None
        if inner is None or "$" in inner or r"\boxed" in inner.replace(r"\boxed", "", 1) or not _balanced(inner):
            return text
        text = inner.strip()
    return text


def _balanced(text: str) -> bool:
    depth = 0
    for mark in re.findall(r"\\.|[{}]", text):
        depth += {"{": 1, "}": -1}.get(mark, 0)
        if depth < 0:
            return False
    return depth == 0


def _braced_fraction(match: re.Match[str]) -> str:
    parts = [part if part.startswith("{") else f"{{{part}}}" for part in match.groups()]
    return rf"\frac{parts[0]}{parts[1]}"


def label(text: str) -> tuple[str, str]:
    """The name before a single `=` (`x`, `f(x)`, `x_{1}`) or an empty name, and the rest."""
    match = _LABEL.match(text)
    if match and text.count("=") <= 1 and not re.search(r"[<>]|\\[lgn]e(?![A-Za-z])", text):
        return match[1].replace(" ", ""), text[match.end() :].strip()
    return "", text


def close_up(text: str) -> str:
    """Spaces removed where they carry nothing; kept between words and inside `1 1/2`."""
    return _LOOSE_SPACE.sub("", _AFTER_COMMAND.sub(r"\1", text))


_DOMAIN = re.compile(
    r"[\s,;(]+(?:(?:where|for|with)\s+)?(?:(?:all|any|every|some)\s+)?(?:integers?\s+)?(?P<name>[a-z])\s*"
    r"(?:\\in\s*(?:\\mathbb|\\mathbf)?\s*\{?\s*Z\s*\}?|(?:(?:is|being)\s+)?an(?:y|\s+arbitrary)?\s+integer)\s*\)?$"
)
_TAIL = 60
"""Characters at the end in which the domain of a letter is looked for."""


def without_domain(text: str) -> tuple[str, str]:
    r"""The text without `, k \in \mathbb{Z}` at its end, and the letter that stands for any whole number."""
    if r"\in" not in text and " integer" not in text:
        return text, ""
    start = max(len(text) - _TAIL, 0)
    match = _DOMAIN.search(text, start)
    return (text[: match.start()], match["name"]) if match and match.start() > 0 else (text, "")
