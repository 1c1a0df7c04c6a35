r"""What a question tells of its answers: whether a bare number in them is a percentage.

What is counted in it is looked up by `tasks/answers/units.py`. Does not know what the answer is.
"""

from __future__ import annotations

import re
from dataclasses import replace

from tasks.answers.units import MAX_QUESTION
from tasks.settings.policy import Policy

_WORDS = r"(?:\s+[A-Za-z'’-]+)"
_PERCENT_ASKED = re.compile(
    rf"\b(?:what|which){_WORDS}{{0,5}}?\s+(?:per\s?cent(?:age)?s?\b|\\?%)"
    rf"|\bhow\s+(?:many|much)\s+(?:per\s?cent|\\?%)"
    rf"|\b(?:find|compute|determine|calculate|give|express|write|state|round|as){_WORDS}{{0,6}}?\s+per\s?cent(?:age)?\b"
    r"|百分之几|百分率|百分比",
    re.IGNORECASE,
)
"""No number stands before it: "what is 25% of 80" asks for none."""
_PERCENT = re.compile(r"%|\bper\s?cent", re.IGNORECASE)


def asks_for_percent(question: str) -> bool:
    """Whether the question wants a percentage: `25` then answers what `25%` does."""
    return bool(_PERCENT_ASKED.search(question[:MAX_QUESTION]))


def readings(a: str, b: str, rule: Policy, question: str) -> tuple[Policy, ...]:
    """The policies under which two answers are compared: where a percentage is asked for, its sign may be left out."""
    if rule.percent == "ignored" or not question or bool(_PERCENT.search(a)) == bool(_PERCENT.search(b)):
        return (rule,)
    return (rule, replace(rule, percent="ignored")) if asks_for_percent(question) else (rule,)
