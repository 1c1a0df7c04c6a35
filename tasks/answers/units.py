r"""The unit or the counted thing after a number: `5 cm`, `\$5`, `12 apples`, `1 hour 30 minutes`.

Knows: a table of units with their sizes, and what is commonly counted (`tasks/answers/nouns.py`); words of the question
are known as well. Does not know other words: they become a unit of which nothing is known, so that a number with such a
word is never taken for the bare number. Names of functions and of Greek letters are no units: they make a formula.
"""

from __future__ import annotations

import re
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

from tasks.answers.nouns import ADJECTIVES, COUNTED, singular


class MeasureUnit(NamedTuple):
    """A unit's kind, and its size in the first unit of its kind."""

    name: str
    kind: str
    size: Fraction
    known: bool = True
    """Whether the word is in a table or in the question; what an unknown word says of the number, nobody knows."""


COUNT = "count"
"""The kind of what is counted rather than measured."""
UNKNOWN = "unknown"
TEMPERATURES = {name: MeasureUnit(f"degree {name}", name, Fraction(1)) for name in ("celsius", "fahrenheit")}
"""Units of their own: no factor leads from the one to the other."""


_UNIT_ROWS = (
    "length 1 m meter meters metre metres 米", "length 1/100 cm centimeter centimeters centimetre centimetres 厘米",
    "length 1/1000 mm millimeter millimeters millimetre millimetres 毫米", "length 1/10 dm decimeter decimeters 分米",
    "length 1000 km kilometer kilometers kilometre kilometres 千米 公里", "length 127/5000 in inch inches",
    "length 381/1250 ft foot feet", "length 1143/1250 yd yard yards", "length 201168/125 mi mile miles",
    "length 1/1000000000 nm nanometer nanometers", "length 1852 nautical_mile nautical_miles",
    "mass 1 g gram grams 克", "mass 1000 kg kilogram kilograms kilos kilo 千克 公斤",
    "mass 1/1000 mg milligram milligrams", "mass 1000000 tonne tonnes 吨", "ton 1 ton tons", "jin 1 斤",
    "mass 45359237/100000 lb lbs pound pounds", "mass 45359237/1600000 oz ounce ounces",
    "time 1 s sec second seconds 秒 秒钟",
    "time 60 min mins minute minutes 分钟 分", "time 3600 h hr hrs hour hours 小时 时",
    "time 86400 day days 天 日", "time 604800 week weeks 周 星期", "time 1/1000 ms millisecond milliseconds",
    "volume 1 L l liter liters litre litres 升",
    "volume 1/1000 mL ml milliliter milliliters millilitre millilitres 毫升",
    "volume 473176473/125000000 gal gallon gallons", "volume 473176473/500000000 qt quart quarts",
    "volume 473176473/1000000000 pt pint pints", "volume 473176473/2000000000 cup cups",
    "spoon 1 teaspoon teaspoons tsp", "spoon 3 tablespoon tablespoons tbsp",
    "money 1 dollar dollars USD buck bucks", "money 1/100 cent cents penny pennies", "euro 1 euro euros EUR €",
    "sterling 1 £ GBP", "rupee 1 rupee rupees ₹", "peso 1 peso pesos", "yen 1 yen ¥ 日元",
    "yuan 1 yuan 元 RMB 块", "yuan 1/10 角", "angle 1 degree degrees deg 度", "radian 1 radian radians rad",
    "length/time 5/18 kph kmh", "length/time 1397/3125 mph", "energy 1 J joule joules", "energy 1000 kJ",
    "energy 3600000 kWh", "calorie 1 calorie calories cal", "force 1 N newton newtons",
    "power 1 W watt watts", "power 1000 kW kilowatt kilowatts", "voltage 1 V volt volts", "current 1 A amp amps ampere",
    "resistance 1 ohm ohms", "frequency 1 Hz hertz", "pressure 1 Pa pascal pascals",
    "amount 1 mol moles mole", "square 1 square_unit square_units unit^{2} units^{2} sq_units", "units 1 unit units",
    "acceleration 1 m/s^{2}", "calendar 1 month months 个月 月", "calendar 12 year years yr yrs 年 岁",
    "calendar 120 decade decades", "calendar 1200 century centuries", "area 1 acre acres",
    "hectare 1 hectare hectares ha",
    "data 1 byte bytes", "data 1000000 MB megabyte megabytes", "data 1000000000 GB gigabyte gigabytes",
    "bit 1 bit bits",
    "count 1 times time_s 次 倍", "count 1 个 人 名 只 本 支 张 件 种 辆 块 棵 条 头 位",
    "count 1 颗 箱 朵 页 组 瓶 盒 把 双 台 间 根",
)  # fmt: skip


def _units() -> dict[str, MeasureUnit]:
    table: dict[str, MeasureUnit] = {}
    for row in _UNIT_ROWS:
        kind, size, *names = row.split()
        for name in names:
            unit = MeasureUnit(names[0].replace("_", " "), kind, Fraction(size))
            table.setdefault(name.replace("_", " "), unit)
            table.setdefault(name, unit)
    for name, unit in TEMPERATURES.items():
        table |= dict.fromkeys((f"degrees {name}", f"degree {name}", f"degrees {name.title()}"), unit)
    return table


UNITS = _units()

_WORDS = r"[A-Za-z][A-Za-z-]*(?:\s[A-Za-z][A-Za-z-]*){0,3}(?:/[A-Za-z]+)?"
_QUANTITY = re.compile(
    r"(?P<value>.*?[\d)}\]A-Za-z])(?:\s*(?P<mark>\^\{\\circ\})\s*(?P<scale>[CF])?|\s+(?P<square>(?:square|cubic|sq|cu)(?=\s)|(?:sq|cu)\.)?\s*"
    rf"(?P<words>{_WORDS})(?:\^\{{(?P<power>[23])\}})?(?P<tail>/[A-Za-z]+(?:\^\{{2\}})?)?"
    r"|\s*(?P<cjk>[\u4e00-\u9fff€£¥₹]{1,6}))"
)
_TIGHT = re.compile(r"(?P<value>[-+]?\d+(?:\.\d+)?)(?P<words>[A-Za-z]{2,5}(?:/[a-z]+)?)(?:\^\{(?P<power>[23])\})?")
_MONEY = re.compile(r"(-?)\s*(?:\\\$|([£€¥₹]))\s*(?=[\d.])")
_VALUE = re.compile(r"[-+]?\s*(?:[\d.(\[]|\\(?:frac|sqrt|pi|pm))")
_NOT_UNITS = """
    and or am pm AM PM is to mod modulo if for x where when sin cos tan cot sec csc arcsin arccos arctan sinh
    cosh tanh ln log lg exp gcd lcm det lim sqrt alpha beta gamma delta epsilon theta lambda mu nu xi pi rho
    sigma phi psi omega tau eta kappa chi varphi not of choose over plus minus divided
"""
NOT_UNITS = frozenset(_NOT_UNITS.split())
_WORD_WITHIN = re.compile(r"(?<![\\A-Za-z])(?!(?:and|or|to)\b|[A-Za-z]{1,2}(?![A-Za-z]))[A-Za-z]+")
"""A word in the value: then it is no single quantity."""
_SEPARATOR = re.compile(r"[,;]|\b(?:and|or)\b")
_LISTED = re.compile(r"(?<![\\A-Za-z])(?!(?:and|or)\b)[A-Za-z]+")
_PART = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([A-Za-z]+|[\u4e00-\u9fff]{1,2})\s*(?:,|\band\b)?")


def split_unit(text: str, question: str = "") -> tuple[str, MeasureUnit | None]:
    """A tidied answer as its value and its unit; the value starts with a digit, a bracket, a root or a fraction."""
    money = _MONEY.match(text)
    if money:
        value, unit = split_unit(text[money.end() :], question)
        given = UNITS[money[2] or "dollar"]
        return (money[1] + value, given) if unit in (None, given) else (text, None)
    if not _VALUE.match(text):
        return text, None
    together = _compound(text)
    if together:
        return together
    match = _QUANTITY.fullmatch(text)
    if match and not (_LISTED if _SEPARATOR.search(match["value"]) else _WORD_WITHIN).search(match["value"]):
        if match["mark"]:
            scale = {"C": "celsius", "F": "fahrenheit"}.get(match["scale"])
            return match["value"], TEMPERATURES[scale] if scale else UNITS["degree"]
        words = match["cjk"] or match["words"] + (match["tail"] or "")
        power = match["power"] or {"s": "2", "c": "3"}.get((match["square"] or "")[:1], "")
        return _with_unit(text, match["value"], words, power, question)
    match = _TIGHT.fullmatch(text)
    if match and _known_unit(match["words"]):
        return _with_unit(text, match["value"], match["words"], match["power"] or "", question)
    return text, None


_COMPOUND_KINDS = {"time", "length", "mass", "money", "calendar", "volume", "yuan"}


def _compound(text: str) -> tuple[str, MeasureUnit] | None:
    """`1 hour 30 minutes`, `5 feet 6 inches`: a quantity in falling units of one kind, in its last unit."""
    parts: list[tuple[Fraction, MeasureUnit]] = []
    at = 0
    while at < len(text) and len(parts) < 4:
        match = _PART.match(text, at)
        unit = _known_unit(match[2]) if match else None
        if match is None or unit is None or unit.kind not in _COMPOUND_KINDS:
            return None
        parts.append((Fraction(match[1]), unit))
        at = match.end()
    sizes = [unit.size for _, unit in parts]
    falling = all(x > y for x, y in pairwise(sizes))
    if len(parts) < 2 or at < len(text) or not falling or len({unit.kind for _, unit in parts}) > 1:
        return None
    total = sum((value * unit.size for value, unit in parts), Fraction(0)) / sizes[-1]
    written = str(total) if total.denominator == 1 else rf"\frac{{{total.numerator}}}{{{total.denominator}}}"
    return written, parts[-1][1]


def _known_unit(words: str) -> MeasureUnit | None:
    """A unit of the table, or one over another: `km/h`, `miles per hour`."""
    upper, over, lower = words.partition("/")
    unit = UNITS.get(words) or (UNITS.get(words.lower()) if len(words) > 2 else None)
    if unit is not None or not over:
        return unit
    above, below = (_known_unit(part.strip()) or _counted(part.strip(), "") for part in (upper, lower))
    if above is None or below is None:
        return None
    return MeasureUnit(f"{above.name}/{below.name}", f"{above.kind}/{below.kind}", above.size / below.size)


def _counted(words: str, question: str) -> MeasureUnit | None:
    """What is counted, by its last word; the words before it are adjectives, or stand in the question."""
    *before, last = words.split()
    asked = words_of(question) if question else frozenset()
    if not (singular(last) in COUNTED or singular(last) in asked):
        return None
    if any(word.lower() not in ADJECTIVES and not {singular(word)} & (COUNTED | asked) for word in before):
        return None
    return MeasureUnit(" ".join((*(word.lower() for word in before), singular(last))), COUNT, Fraction(1))


_FILLERS = re.compile(
    r"(?:\s+(?:in\s+(?:total|all)|each|total|left(?:\s+over)?|remaining|long|old|tall|wide|deep|high|altogether|away|apart))+$"
)
"""What is said after a unit without changing the number."""
_WORD = re.compile(r"[A-Za-z][A-Za-z-]*|[\u4e00-\u9fff]")


def words_of(question: str) -> frozenset[str]:
    """The words that a question uses, in the singular, but for those that carry a value."""
    return frozenset(singular(word) for word in _WORD.findall(question[:MAX_QUESTION])) - NOT_UNITS


MAX_QUESTION = 4096
"""Characters of a question that are looked at."""


def _with_unit(text: str, value: str, words: str, power: str, question: str) -> tuple[str, MeasureUnit | None]:
    """Look the words up; a single letter is a variable, and an unknown word is a unit of which nothing is known."""
    if NOT_UNITS.intersection(re.split(r"[\s/]", words)):
        return text, None
    words = _FILLERS.sub("", f" {words}").strip() or "total"
    unit = _known_unit(words)
    if unit is None and not words.isascii():
        counter = UNITS.get(words[:1])  # 3个苹果: a counter and its thing
        unit = MeasureUnit(words, COUNT, Fraction(1)) if counter and counter.kind == COUNT else None
        if unit is None and words_of(words) <= words_of(question):
            unit = MeasureUnit(words, COUNT, Fraction(1))
    elif unit is None:
        if len(words) < 3:
            return text, None
        unit = _counted(words, question)
    if unit is None:
        unit = MeasureUnit(" ".join(singular(word) for word in words.split()), UNKNOWN, Fraction(1), known=False)
    if not power:
        return value.strip(), unit
    return value.strip(), unit._replace(
        name=f"{unit.name}^{power}", kind=f"{unit.kind}^{power}", size=unit.size ** int(power)
    )
