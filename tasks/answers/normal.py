r"""One writing for answers that differ only in how they were typed.

Knows: Unicode mathematics, LaTeX spacing and sizing commands, thousands separators, units, labels such as `x =`.
Does not know: algebra. Two texts with one normal form are the same answer; the reverse does not hold.
Does not protect against: ambiguity in the source. `1,234` is read as one number, never as a list of two.

NFKC is not used: it turns `x²` into `x2` and `½` into `1⁄2`. The characters are mapped to LaTeX instead.
Everything here is pure and linear in the length of the text.
"""

from __future__ import annotations

import re
from fractions import Fraction
from typing import NamedTuple

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
    "’": "'", "‘": "'", "′": "'", "“": '"', "”": '"', "｡": ".", "\u200b": "", "\ufeff": "", "\u2062": "",
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
_THIN_GROUP = re.compile(r"(?<=\d)(?:,?\\[,!;: ]|\{,\})+(?=\d{3}(?!\d))")
_FONT = re.compile(
    r"\\(?:text|textbf|textit|textrm|mathrm|mathbf|mathit|mathsf|mbox|operatorname|hbox|rm)\s*\{([^{}]*)\}"
)
_FRACTION = re.compile(r"\\[dtc]frac(?![A-Za-z])")
_BARE_FRACTION = re.compile(r"\\frac\s*(\d|[A-Za-z]|\{[^{}]*\})\s*(\d|[A-Za-z]|\{[^{}]*\})")
_SPACED_FRACTION = re.compile(r"\\frac\s+(?=[\d{A-Za-z])")
_BARE_ROOT = re.compile(r"\\sqrt\s*(\d|[A-Za-z])(?![A-Za-z]*\{)")
_MATH_MARK = re.compile(r"(?<!\\)\$")
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
_BRACED_THOUSANDS = re.compile(r"(?<=[^\\_]\{)([1-9]\d{0,2})((?:,\d{3})+)(?=\})")
_THOUSANDS = re.compile(r"(?<![\d.,])([1-9]\d{0,2})((?:,\d{3})+)(?![\d]|,\d)")
_LOOSE_SPACE = re.compile(r"(?<![A-Za-z0-9]) +| +(?![A-Za-z0-9\\])|(?<=\d) +(?=[A-Za-z\\](?!rac))")
_AFTER_COMMAND = re.compile(r"(\\[A-Za-z]+) +(?![A-Za-z])")
_LABEL = re.compile(r"([A-Za-z](?:_\{?\w+\}?)?|\\[A-Za-z]+|[A-Za-z]\([A-Za-z]\))\s*(?:=|\\in(?![A-Za-z]))\s*(?=[^=])")


_END = re.compile(r"(?<![\\.;,\s])[.;,\s]+$")
_SPOKEN = re.compile(r"0x|per")
_HEXADECIMAL = re.compile(r"\b0x([0-9A-Fa-f]+)\b")
_PER = re.compile(r"(?<=[a-z])\s+per\s+(?=[a-z])")
_PERCENT_WORD = re.compile(r"(?<=[\d}])\s*per\s?cent(?:age)?\b")


def tidy(text: str) -> str:
    r"""Symbols mapped; wrappers (`$…$`, `\boxed{…}`, `**…**`) and layout commands gone; words and units kept."""
    text = _THIN_GROUP.sub("", _unwrap(_END.sub("", map_symbols(text).strip())))
    if "\\" in text:
        text = _SPACING.sub(" ", _SIZING.sub("", text))
        text = _FRACTION.sub(r"\\frac", text)
        text = _FONT.sub(r" \1 ", text) if "{" in text else text
        text = _NAME.sub(lambda m: _NAMES[m[0]], text)
        text = _BRACED_THOUSANDS.sub(lambda m: m[1] + m[2].replace(",", ""), text)
        text = _SPACED_FRACTION.sub(r"\\frac", text)
        text = _BARE_FRACTION.sub(_braced_fraction, text)
        text = _BARE_ROOT.sub(r"\\sqrt{\1}", text)
    text = _SCRIPT.sub(r"\1{\2}", _MATH_MARK.sub("", text))
    if _SPOKEN.search(text):
        text = _HEXADECIMAL.sub(r"\1_{16}", _PER.sub("/", _PERCENT_WORD.sub(r"\%", text)))
    return " ".join(text.split()).strip().rstrip(".;, ")


def _unwrap(text: str) -> str:
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


def without_thousands(text: str) -> str:
    """`1,234,567` as `1234567`, outside brackets only: `(1,234)` is a pair."""
    if "," not in text or text[:1] in "([{\\" or ", " in text:
        return text
    return _THOUSANDS.sub(lambda m: m[1] + m[2].replace(",", ""), text)


def label(text: str) -> tuple[str, str]:
    """The name before a single `=` (`x`, `f(x)`, `x_{1}`) or an empty name, and the rest."""
    match = _LABEL.match(text)
    if match and text.count("=") <= 1 and not re.search(r"[<>]|\\[lgn]e(?![A-Za-z])", text):
        return match[1].replace(" ", ""), text[match.end() :].strip()
    return "", text


def close_up(text: str) -> str:
    """Spaces removed where they carry nothing; kept between words and inside `1 1/2`."""
    return _LOOSE_SPACE.sub("", _AFTER_COMMAND.sub(r"\1", text))


# --- units ------------------------------------------------------------------------------------------------------------


class MeasureUnit(NamedTuple):
    """A unit's kind, and its size in the first unit of its kind; an unknown word is its own kind."""

    name: str
    kind: str
    size: Fraction


def _units() -> dict[str, MeasureUnit]:
    table: dict[str, MeasureUnit] = {}
    for row in _UNIT_ROWS:
        kind, size, *names = row.split()
        for name in names:
            table[name] = MeasureUnit(names[0], kind, Fraction(size))
    for name, unit in TEMPERATURES.items():
        table |= dict.fromkeys((f"degrees {name}", f"degree {name}", f"degrees {name.title()}"), unit)
    return table


TEMPERATURES = {name: MeasureUnit(f"degree {name}", name, Fraction(1)) for name in ("celsius", "fahrenheit")}
"""Units of their own: no factor leads from the one to the other."""


_UNIT_ROWS = (
    "length 1 m meter meters metre metres 米", "length 1/100 cm centimeter centimeters centimetre centimetres 厘米",
    "length 1/1000 mm millimeter millimeters 毫米", "length 1000 km kilometer kilometers kilometre kilometres 千米",
    "length 127/5000 in inch inches", "length 381/1250 ft foot feet", "length 1143/1250 yd yard yards",
    "length 201168/125 mi mile miles", "mass 1 g gram grams 克", "mass 1000 kg kilogram kilograms 千克 公斤",
    "mass 1/1000 mg milligram milligrams", "mass 45359237/100000 lb lbs pound pounds", "time 1 s sec second seconds 秒",
    "time 60 min minute minutes 分钟", "time 3600 h hr hour hours 小时", "time 86400 day days 天",
    "time 604800 week weeks", "volume 1 L l liter liters litre litres 升",
    "volume 1/1000 mL ml milliliter milliliters 毫升",
    "money 1 dollar dollars USD", "money 1/100 cent cents", "euro 1 euro euros EUR €", "sterling 1 £ GBP",
    "yuan 1 yuan 元 RMB", "angle 1 degree degrees 度", "radian 1 radian radians rad",
    "length/time 5/18 kph", "length/time 1397/3125 mph", "energy 1 J joule joules", "force 1 N newton newtons",
    "power 1 W watt watts", "voltage 1 V volt volts", "frequency 1 Hz hertz", "pressure 1 Pa pascal pascals",
    "amount 1 mol moles", "square 1 square_unit square_units unit^{2} units^{2} sq_units", "units 1 unit units",
    "acceleration 1 m/s^{2}", "month 1 month months", "year 1 year years yr yrs 年",
)  # fmt: skip
UNITS = _units()

_QUANTITY = re.compile(
    r"(?P<value>.*?[\d)}\]A-Za-z])(?:\s*(?P<mark>\^\{\\circ\})\s*(?P<scale>[CF])?|\s+(?P<square>square|cubic|sq\.?|cu\.?)?\s*"
    r"(?P<words>[A-Za-z]+(?:\s[A-Za-z]+){0,2}(?:/[A-Za-z]+)?)(?:\^\{(?P<power>[23])\})?(?P<tail>/[A-Za-z]+(?:\^\{2\})?)?"
    r"|\s*(?P<cjk>[\u4e00-\u9fff€£]{1,2}))"
)
_TIGHT = re.compile(r"(?P<value>[-+]?\d+(?:\.\d+)?)(?P<words>[A-Za-z]{2,5}(?:/[a-z]+)?)(?:\^\{(?P<power>[23])\})?")
_MONEY = re.compile(r"\\\$\s*(?=[\d.])|([£€])\s*(?=[\d.])")
_VALUE = re.compile(r"[-+]?\s*(?:[\d.(\[]|\\(?:frac|sqrt|pi|pm))")
_NOT_UNITS = {"and", "or", "am", "pm", "AM", "PM", "is", "to", "mod", "if", "for", "x", "where", "when"}


def split_unit(text: str) -> tuple[str, MeasureUnit | None]:
    """A tidied answer as its value and its unit; the value starts with a digit, a bracket, a root or a fraction."""
    money = _MONEY.match(text)
    if money:
        return text[money.end() :], UNITS.get(money[1] or "dollar", UNITS["dollar"])
    if not _VALUE.match(text):
        return text, None
    match = _QUANTITY.fullmatch(text)
    if match:
        if match["mark"]:
            scale = {"C": "celsius", "F": "fahrenheit"}.get(match["scale"])
            return match["value"], TEMPERATURES[scale] if scale else UNITS["degree"]
        words = match["cjk"] or match["words"] + (match["tail"] or "")
        power = match["power"] or {"s": "2", "c": "3"}.get((match["square"] or "")[:1], "")
        return _with_unit(text, match["value"], words, power, known_only=False)
    match = _TIGHT.fullmatch(text)
    if match:
        return _with_unit(text, match["value"], match["words"], match["power"] or "", known_only=True)
    return text, None


def _known_unit(words: str) -> MeasureUnit | None:
    """A unit of the table, or one over another: `km/h`, `miles per hour`."""
    upper, over, lower = words.partition("/")
    unit = UNITS.get(words) or (UNITS.get(words.lower()) if len(words) > 2 else None)
    if unit is not None or not over:
        return unit
    above, below = _known_unit(upper.strip()), _known_unit(lower.strip())
    if above is None or below is None:
        return None
    return MeasureUnit(f"{above.name}/{below.name}", f"{above.kind}/{below.kind}", above.size / below.size)


def _with_unit(text: str, value: str, words: str, power: str, *, known_only: bool) -> tuple[str, MeasureUnit | None]:
    """Look the words up; an unknown single letter is a variable, and an unknown word is a unit of its own kind."""
    if words in _NOT_UNITS or words.split()[0] in _NOT_UNITS or words.split()[-1] in _NOT_UNITS:
        return text, None
    unit = _known_unit(words)
    if unit is None:
        if known_only or (words.isascii() and len(words) < 3):
            return text, None
        name = re.sub(r"(?<=[a-z]{2})s$", "", words.lower())
        unit = MeasureUnit(name, name, Fraction(1))
    if not power:
        return value.strip(), unit
    return value.strip(), MeasureUnit(f"{unit.name}^{power}", f"{unit.kind}^{power}", unit.size ** int(power))
