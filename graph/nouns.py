"""Numbers with their nouns, for sentences that people read."""

from __future__ import annotations


def counted(number: int, noun: str) -> str:
    """`1 pair`, `2 pairs`, `1,000 new seeds`; the noun is given in the singular and takes an s."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
