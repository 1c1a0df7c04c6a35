"""The presets: which numbers they set, what the papers say of each, and why ours differs where it does.

`gsdp` and `grip` carry the papers' numbers, `verified` is ours. What a paper does not publish is a choice of ours, and
is called one. The papers were read as notes and reviews quote them (GSDP) and whole (GRIP); where none says anything
the row says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

Preset = Literal["verified", "gsdp", "grip"]

UNCAPPED = 10_000
"""More than any weight: GSDP repeats by weight and names no cap."""

PAPER: dict[str, dict[str, Any]] = {
    "review": {"rule": "mean", "first": 0, "quorum": 1.0},
    "solve": {"samples": 1},
    "grade": {"rule": "veto", "least_agreement": 0.0, "first": 0, "candidates": 1, "quorum": 1.0},
}
PRESETS: dict[Preset, dict[str, dict[str, Any]]] = {
    "gsdp": {"extract": {"limit": 10}, "sample": {"repeat_cap": UNCAPPED}, **PAPER},
    "grip": {"extract": {"limit": 5}, **PAPER},
    "verified": {},
}
"""verified is what the fields' own defaults say: four solutions, votes by equivalence, majorities of a panel. Two
judges review a problem, and the rest when these differ. All grade a solution, and another one of its answer
when they differ: with two asked first, a judge that is content with everything needs only one that errs to pass a
bad pair (`tests/benchmarks/noise.py`)."""


class Choice(NamedTuple):
    """A setting, what the papers say of it, and why ours is what it is."""

    setting: str
    gsdp: str
    grip: str
    reason: str


UNSAID = "not published"
CHOICES: tuple[Choice, ...] = (
    Choice("extract.limit", "at most 10", "1 to 5", "the paper's; of verified GSDP's"),
    Choice(
        "connect.same_at",
        "0.90",
        "0.90",
        "the paper's; opposites reach it too, so a score alone joins only equal words",
    ),
    Choice("connect.ask_from", "0.70", "0.70", "the paper's"),
    Choice("sample.quotas", UNSAID, f"{UNSAID}; 71.8% of the pairs are implicit", "short runs see every kind"),
    Choice("sample.min_weight", "low weights dropped, no number", "low weights dropped, no number", "1 keeps all"),
    Choice("sample.hub_share", "highest degree, no number", "highest degree, no number", "1%, at least 10 points"),
    Choice("sample.degree_penalty", "none", "none", "0 is the paper's"),
    Choice("sample.crowded_share", "none", "none", "a header line in every seed is no fact; 1 is the paper's"),
    Choice("sample.by_seed", "all are listed, no order", "all are listed, no order", "no seed owns a relation"),
    Choice(
        "sample.repeat_cap", "one-hop repeats by weight", "no repetition described", "more than 1 repeats by weight"
    ),
    Choice("sample.samples_per_combination", UNSAID, UNSAID, "fresh combinations give more variety than repeats"),
    Choice(
        "review.rule",
        "weighted mean of three",
        "weighted mean of three",
        "verified: a majority, which one judge cannot sway",
    ),
    Choice("review.threshold", "0.85", "0.85", "the paper's"),
    Choice(
        "review.first",
        "all three judges",
        "all three judges",
        "0 asks all; verified asks two and the rest if these differ",
    ),
    Choice("review.quorum", "all three scores", "all three scores", "1.0: a missing score is no pass"),
    Choice("solve.samples", "one", "one", "verified: four, so that answers can be compared"),
    Choice("grade.rule", "one 0 rejects", "one 0 rejects", "veto is the paper's; verified: a majority"),
    Choice("grade.quorum", "all three votes", "all three votes", "1.0: a missing vote is no pass"),
    Choice(
        "grade.least_agreement", "none: one solution", "none: one solution", "verified: half of the solutions agree"
    ),
    Choice(
        "roles.judges", "3 models", "3 models", "as many as the settings name; fewer than 3 is not the paper's panel"
    ),
    Choice("screen.near_duplicate", "not described", "not described", "ours, always on: repeats would count as pairs"),
    Choice("screen.variants", "not described", "not described", "ours: templates with other numbers are capped"),
    Choice(
        "benchmarks",
        "problems of MATH removed, no method",
        "overlap counted, none removed",
        "ours: 13 words in a row, or coverage",
    ),
    Choice("answer mark", UNSAID, UNSAID, "ours: solutions end in a marked answer, which is compared by equivalence"),
    Choice("sampling temperatures", UNSAID, UNSAID, "the roles' defaults"),
)

HEAD = ("setting", "paper", "ours", "reason")


def choices(preset: Preset, settings: Mapping[str, Any]) -> list[tuple[str, str, str, str]]:
    """(setting, paper, ours, reason) of every choice, for settings as plain data. `verified` is held against GSDP."""
    return [
        (each.setting, each.grip if preset == "grip" else each.gsdp, _shown(settings, each.setting), each.reason)
        for each in CHOICES
    ]


def _shown(settings: Mapping[str, Any], path: str) -> str:
    value: Any = settings
    for part in path.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    if path == "answer mark":
        return "yes"
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {number:g}" for name, number in value.items())
    if isinstance(value, list | tuple):
        return f"{len(value)}"
    return "as the roles say" if value is None else f"{value:g}" if isinstance(value, float) else f"{value}"
