"""When two answers are the same, where people differ. Light to import: it needs nothing but Python."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

Percent = Literal["hundredth", "ignored"]
Units = Literal["optional", "required"]


@dataclass(frozen=True)
class Policy:
    """What is decided where mathematics does not decide.

    Args:
        percent: hundredth: 25% is 0.25. ignored: 25% is 25.
        units: optional: 5 cm is 5, and never 5 m. required: 5 cm is not 5.
        rounded_decimals: Significant decimals from which a decimal may be a rounded value: 0.333333 is 1/3.
        figures: Significant figures from which a number of physics may be a rounded one: 9.8 m is 9.81 m. 0: none is.
        tolerance: Relative difference at which numbers are still the same.
    """

    percent: Percent = "hundredth"
    units: Units = "optional"
    rounded_decimals: int = 6
    tolerance: float = 0.0
    figures: int = 2

    def __post_init__(self) -> None:
        if self.percent not in get_args(Percent):
            raise ValueError(f"percent is hundredth or ignored, not {self.percent!r}.")
        if self.units not in get_args(Units):
            raise ValueError(f"units is optional or required, not {self.units!r}.")
        if self.rounded_decimals < 1:
            raise ValueError("rounded_decimals is at least 1.")
        if self.figures < 0:
            raise ValueError("figures is at least 0.")
        if not 0 <= self.tolerance < 1:
            raise ValueError("tolerance is at least 0 and below 1.")


DEFAULT_POLICY = Policy()
