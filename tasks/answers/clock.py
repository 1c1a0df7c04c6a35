r"""Answers that are times of day, dates or ratios.

Each tier takes two answers and gives a verdict, or None to pass. All are symmetric.
"""

from __future__ import annotations

import re

from tasks.answers.reading import ReadAnswer
from tasks.answers.verdict import Outcome

_TIME = re.compile(r"(\d{1,2})(?::(\d{2}))?(?::(\d{2}))?\s*(?:([ap])\.?\s?m\b\.?)?", re.IGNORECASE)

_NAMED_TIMES = {"noon": 43200, "12 noon": 43200, "midday": 43200, "midnight": 0, "12 midnight": 0}


def times(a: ReadAnswer, b: ReadAnswer) -> Outcome | None:
    """`8:34 PM` = `20:34`; without am or pm on one side the twelve-hour reading also counts."""
    left, right = _time(a.tidied), _time(b.tidied)
    if left is None or right is None or not (left[1] or right[1] or a.tidied.count(":") == 2):
        return None
    if left[0] == right[0]:
        return "same"
    half_known = left[1] != right[1]
    return "same" if half_known and abs(left[0] - right[0]) == 43200 and _early(left, right) else "different"


def _time(text: str) -> tuple[int, bool] | None:
    """Seconds since midnight and whether am or pm was said."""
    if text.casefold() in _NAMED_TIMES:
        return _NAMED_TIMES[text.casefold()], True
    match = _TIME.fullmatch(text)
    if match is None or not (match[2] or match[4]):
        return None
    hour, minute, second = int(match[1]), int(match[2] or 0), int(match[3] or 0)
    if match[4]:
        hour = hour % 12 + (12 if match[4].lower() == "p" else 0)
    if hour > 23 or minute > 59 or second > 59:
        return None
    return hour * 3600 + minute * 60 + second, bool(match[4])


def _early(left: tuple[int, bool], right: tuple[int, bool]) -> bool:
    """Whether the side without am or pm is before one o'clock in the afternoon, so that it may be either half."""
    return (right if left[1] else left)[0] < 13 * 3600


_COLON = re.compile(r"\s*:\s*|\s+to\s+")
_RATIO = re.compile(rf"\d{{1,18}}(?:(?:{_COLON.pattern})\d{{1,18}})+")


def ratios(a: ReadAnswer, b: ReadAnswer) -> Outcome | None:
    """`6:4` = `3:2`. Where both could be times of day (`2:10`, `1:05`) the text alone does not tell: unknown."""
    if not (_RATIO.fullmatch(a.tidied) and _RATIO.fullmatch(b.tidied)):
        return None
    left, right = ([int(part) for part in _COLON.split(x.tidied)] for x in (a, b))
    if len(left) != len(right):
        return "different"
    equal = all(x * right[0] == y * left[0] for x, y in zip(left, right, strict=True))
    if _time(a.tidied) is not None and _time(b.tidied) is not None:
        return "same" if _time(a.tidied) == _time(b.tidied) else "unknown" if equal else "different"
    return "same" if equal else "different"


_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "january jan", "february feb", "march mar", "april apr", "may", "june jun", "july jul", "august aug",
            "september sept sep", "october oct", "november nov", "december dec",
        ),
        1,
    )
    for name in names.split()
}  # fmt: skip
_MONTH = rf"(?P<month>{'|'.join(_MONTHS)})\.?"
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_YEAR = r"(?P<year>\d{4})"
_DATES = [
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"{_MONTH}\s+{_DAY}(?:\s*,?\s*{_YEAR})?",
        rf"{_DAY}\s+(?:of\s+)?{_MONTH}(?:\s*,?\s*{_YEAR})?",
        rf"{_MONTH}\s*,?\s*{_YEAR}",
        r"(?P<year>\d{4})-(?P<month>\d{2})-(?P<day>\d{2})",
        r"(?:(?P<year>\d{4})\s*年\s*)?(?P<month>\d{1,2})\s*月(?:\s*(?P<day>\d{1,2})\s*[日号])?",
    )
]


def dates(a: ReadAnswer, b: ReadAnswer) -> Outcome | None:
    """`March 5` = `5 March` = `2024-03-05` (a year on one side only is dropped); a date is no number."""
    left, right = _date(a.tidied), _date(b.tidied)
    if left is None or right is None:
        number = b.number if left else a.number if right else None
        return "different" if number is not None else None
    return "same" if all(x == y for x, y in zip(left, right, strict=True) if x and y) else "different"


def _date(text: str) -> tuple[int, int, int] | None:
    """Year, month and day; 0 for what is not said."""
    match = next(filter(None, (pattern.fullmatch(text) for pattern in _DATES)), None)
    if match is None:
        return None
    year, month, day = ((match.groupdict().get(part) or "0").lower() for part in ("year", "month", "day"))
    return int(year), _MONTHS.get(month) or int(month), int(day)
