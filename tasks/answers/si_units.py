r"""Units of physics: the SI with its prefixes and derived units, and products of them, as exact factors.

`5 kg m/s^2`, `5\,\mathrm{kg\,m\,s^{-2}}`, `3.6 MJ`, `90 kilometres per hour`. A unit is its exponents of the seven base
units and its size in them; nothing is evaluated, and what is not wholly understood is no unit. A table of our own
rather than a library: it takes LaTeX, its fractions are exact, and text of models meets no parser of expressions.
"""

from __future__ import annotations

import re
from fractions import Fraction
from functools import cache
from typing import NamedTuple

BASE = ("m", "kg", "s", "A", "K", "mol", "cd")
LONGEST = 80
LARGEST_POWER = 12


class SIUnit(NamedTuple):
    """Exponents of the base units, and the size in them."""

    powers: tuple[int, ...]
    size: Fraction

    def times(self, other: SIUnit, power: int) -> SIUnit:
        """This one times a power of another."""
        powers = tuple(mine + power * theirs for mine, theirs in zip(self.powers, other.powers, strict=True))
        return SIUnit(powers, self.size * other.size**power)


ONE = SIUnit((0,) * len(BASE), Fraction(1))

_PREFIXES = (
    "Y yotta 24|Z zetta 21|E exa 18|P peta 15|T tera 12|G giga 9|M mega 6|k kilo 3|h hecto 2|da deca 1|d deci -1|"
    "c centi -2|m milli -3|μ micro -6|µ micro -6|u micro -6|n nano -9|p pico -12|f femto -15|a atto -18|z zepto -21"
)
"""Symbol, name and power of ten."""

_UNITS = """
    m metre meter metres meters = m | g gram grams = 1/1000 kg
    s sec second seconds = s | A ampere amperes amp amps = A
    K kelvin kelvins = K | mol mole moles = mol | cd candela candelas = cd
    Hz hertz = s^-1 | N newton newtons = kg m s^-2 | Pa pascal pascals = N m^-2 | J joule joules = N m
    W watt watts = J s^-1 | C coulomb coulombs = A s | V volt volts = W A^-1 | F farad farads = C V^-1
    Ω ohm ohms = V A^-1 | S siemens = A V^-1 | Wb weber webers = V s | T tesla teslas = Wb m^-2
    H henry henries henrys = Wb A^-1 | lm lumen lumens = cd | lx lux = cd m^-2 | Bq becquerel becquerels = s^-1
    Gy gray grays = J kg^-1 | Sv sievert sieverts = J kg^-1 | L l litre liter litres liters = 1/1000 m^3
    eV electronvolt electronvolts = 1602176634/10000000000000000000000000000 J | bar bars = 100000 Pa
    t tonne tonnes = 1000 kg | cal calorie calories = 523/125 J | Wh = 3600 J"""
"""Units that take prefixes."""

_PLAIN = """
    min minute minutes = 60 s | h hr hour hours = 3600 s | day days = 86400 s | year years = 31557600 s
    atm atmosphere atmospheres = 101325 Pa | mmHg = 20265/152 Pa | ha hectare hectares = 10000 m^2
    in inch inches = 127/5000 m | ft foot feet = 381/1250 m | mi mile miles = 201168/125 m | lb = 45359237/100000000 kg
    mph = 1397/3125 m s^-1 | rpm = 1/60 s^-1 | hp = 7457/10 W | ly = 9460730472580800 m | AU au = 149597870700 m
    u amu = 166053906660/100000000000000000000000000000000000000 kg | rad radian radians = 1 | sr steradian = 1
    kph = 5/18 m s^-1 | Å angstrom angstroms = 1/10000000000 m"""
"""Units that take none."""

_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
_TOKEN = re.compile(
    r"(?P<unit>[A-Za-zμµΩΩÅ]+)(?:\^?(?P<power>[-−–]?\d{1,2}))?"
    r"|(?P<over>/)|(?P<open>\()|(?P<close>\))|(?P<dot>[*·⋅×. ~])"
)
_WORDS = ((r"\bper\b", "/"), (r"\bsquared\b", "^2"), (r"\bcubed\b", "^3"), (r"\bsquare ([a-z]+)", r"\1^2"))
_LATEX = (
    (re.compile(r"\\(?:mu|micro)\s*"), "μ"),
    (re.compile(r"\\(?:Omega|ohm)\s*"), "Ω"),
    (re.compile(r"\\(?:text|mathrm|textrm|rm|operatorname|mbox|unit|si)\s*\{([^{}]*)\}"), r"\1"),
    (re.compile(r"\\(?:cdot|times|,|;|:|!|quad| )|\\\s"), " "),
    (re.compile(r"\\rm\b|[{}$]|\\left|\\right"), ""),
)
_LATEX_FRACTION = re.compile(r"\\[dt]?frac\{([^{}]*)\}\{([^{}]*)\}")
_LATEX_POWER = re.compile(r"\^\{\s*([-−–]?\d+)\s*\}")
_SUPERSCRIPT = re.compile(r"([⁰¹²³⁴-⁹⁻]+)")


def read_unit(text: str) -> SIUnit | None:
    """The unit that a text is, wholly; None for anything else."""
    plain = _plain(text)
    if not plain or len(plain) > LONGEST:
        return None
    return _product(plain)


def _plain(text: str) -> str:
    """Without LaTeX and words."""
    text = _LATEX_POWER.sub(r"^\1", text)
    for pattern, into in _LATEX[:3] * 2:
        text = pattern.sub(into, text)
    text = _LATEX_FRACTION.sub(r"(\1)/(\2)", text)
    for pattern, into in _LATEX:
        text = pattern.sub(into, text)
    text = _SUPERSCRIPT.sub(lambda found: "^" + found[1].translate(_SUPERSCRIPTS), text)
    for word, into in _WORDS:
        text = re.sub(word, into, text)
    text = re.sub(r"\s*([\^/()])\s*", r"\1", text.strip().rstrip(".").strip())
    return re.sub(r"\s+", " ", text)


def _product(text: str) -> SIUnit | None:
    """One or more units side by side. `a/b c` is a/(b c), as physicists write it, and `a/b/c` is (a/b)/c."""
    stack: list[tuple[SIUnit, int]] = []
    found, sign, place, fresh = ONE, 1, 0, True
    while place < len(text):
        token = _TOKEN.match(text, place)
        if token is None:
            return None
        place = token.end()
        if token["open"]:
            stack.append((found, sign))
            found, sign, fresh = ONE, 1, True
        elif token["close"]:
            if not stack or fresh:
                return None
            power = re.compile(r"\^?([-−–]?\d{1,2})").match(text, place)
            exponent = int(power[1].replace("−", "-").replace("–", "-")) if power else 1
            place = power.end() if power else place
            inner, (found, sign) = found, stack.pop()
            found = found.times(inner, sign * exponent)
        elif token["over"]:
            if place == 1 or fresh:
                return None
            sign, fresh = -1, True
        elif token["unit"]:
            unit, exponent = unit_named(token["unit"]), int((token["power"] or "1").replace("−", "-").replace("–", "-"))
            if unit is None or abs(exponent) > LARGEST_POWER:
                return None
            found, fresh = found.times(unit, sign * exponent), False
    return None if stack or fresh or max(map(abs, found.powers)) > LARGEST_POWER else found


@cache
def _table() -> dict[str, SIUnit]:
    """Every name, with and without a prefix."""
    table = {name: SIUnit(tuple(int(name == each) for each in BASE), Fraction(1)) for name in BASE}
    prefixes = [row.split() for row in _PREFIXES.split("|")]
    for row in re.split(r"[|\n]", _UNITS):
        if row.strip():
            names, unit = _row(row, table)
            for name in names:
                table.setdefault(name, unit)
                short = len(name) <= 2 or name in ("mol", "bar", "cal", "sec")
                for symbol, word, power in prefixes:
                    prefixed = (symbol if short else word) + name
                    table.setdefault(prefixed, SIUnit(unit.powers, unit.size * Fraction(10) ** int(power)))
    for row in re.split(r"[|\n]", _PLAIN):
        if row.strip():
            names, unit = _row(row, table)
            table.update(dict.fromkeys(names, unit))
    return table


def _row(row: str, table: dict[str, SIUnit]) -> tuple[list[str], SIUnit]:
    names, _, meaning = row.partition("=")
    unit = ONE
    for part in meaning.split():
        if part[0].isdigit():
            unit = SIUnit(unit.powers, unit.size * Fraction(part))
        else:
            name, _, power = part.partition("^")
            unit = unit.times(table[name], int(power or 1))
    return names.split(), unit


def unit_named(name: str) -> SIUnit | None:
    """The unit of a symbol or word, with or without a prefix."""
    table = _table()
    return table.get(name) or (table.get(name.lower()) if len(name) > 3 else None)
