r"""A final answer as it goes to programs that compare answers.

Taken away is what it is only typed with: thousands separators (`2{,}963`, `2,963`, `2\,963`), marks of mathematics and
a box around the whole, text commands around a word, the backslash of `\$5`. Units and percent signs stay: without them
`5 \text{ cm}` and `50\%` would be other answers, and checkers read them. Nothing is worked out.
"""

from __future__ import annotations

import re

from tasks.answers.normal import unwrapped
from tasks.answers.separators import without_separators

_WORD = re.compile(r"\\(?:text|textbf|textit|textrm|mathrm|mathbf|mbox)\s*\{([^{}\\$]*)\}")
_STOP = re.compile(r"(?<![.\\])[.;,]$")
_DOLLARS = re.compile(r"[^$]*\\\$[^$]*")


def ground_truth(answer: str) -> str:
    """The answer in the form that checkers read."""
    if answer.isdecimal():
        return answer
    text = unwrapped(_STOP.sub("", answer.strip()))
    if word := _WORD.fullmatch(text):
        text = word[1].strip()
    if _DOLLARS.fullmatch(text):  # One alone: two would be marks of mathematics.
        text = text.replace(r"\$", "$")
    return without_separators(text) or answer
