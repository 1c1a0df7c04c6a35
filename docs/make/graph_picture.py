"""The picture of the relations: a small graph of six points from five seeds, once for each relation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from html import escape
from itertools import combinations
from typing import NamedTuple

from graph.records import Relation

SEEDS: dict[str, tuple[str, ...]] = {
    "seed 1": ("Pythagorean theorem", "Area of a triangle", "Similar triangles"),
    "seed 2": ("Pythagorean theorem", "Area of a triangle"),
    "seed 3": ("Pythagorean theorem", "Law of cosines"),
    "seed 4": ("Law of cosines", "Dot product"),
    "seed 5": ("Similar triangles", "Golden ratio"),
}
"""What five solved problems need, as extraction would name it."""

PLACES = {
    "Golden ratio": (105, 58),
    "Similar triangles": (105, 118),
    "Area of a triangle": (105, 206),
    "Pythagorean theorem": (235, 160),
    "Law of cosines": (335, 100),
    "Dot product": (335, 206),
}
"""Where each point stands in its panel."""


class Shown(NamedTuple):
    """A combination that a panel shows."""

    relation: Relation
    told: str
    points: tuple[str, ...]
    path: tuple[str, ...]


SHOWN = (
    Shown("one_hop", "neighbours: some seed needs both", ("Pythagorean theorem", "Area of a triangle"), ()),
    Shown(
        "two_hop",
        "no seed needs both; one point between them",
        ("Area of a triangle", "Law of cosines"),
        ("Area of a triangle", "Pythagorean theorem", "Law of cosines"),
    ),
    Shown(
        "three_hop",
        "two points between them; one end is a hub",
        ("Area of a triangle", "Dot product"),
        ("Area of a triangle", "Pythagorean theorem", "Law of cosines", "Dot product"),
    ),
    Shown(
        "community",
        "three or four points, all neighbours",
        ("Pythagorean theorem", "Area of a triangle", "Similar triangles"),
        (),
    ),
)

WIDTH, HEIGHT = 440, 250
INK, LINE, MARK, PALE = "#24292f", "#b6bec7", "#b3261e", "#f6d5d2"
STYLE = "font-family='system-ui, sans-serif'"


def edges() -> Counter[tuple[str, str]]:
    """Two points that one seed needs, with the number of such seeds."""
    return Counter(pair for points in SEEDS.values() for pair in combinations(sorted(points), 2))


def picture() -> str:
    """All panels, two by two, as SVG."""
    panels = [
        f"<g transform='translate({WIDTH * (number % 2)} {HEIGHT * (number // 2)})'>{''.join(_panel(shown))}</g>"
        for number, shown in enumerate(SHOWN)
    ]
    told = "The same small graph four times; each panel marks a combination of one relation."
    return (
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {2 * WIDTH} {2 * HEIGHT}' role='img' {STYLE}>\n"
        f"<title>{told}</title>\n<rect width='100%' height='100%' fill='#ffffff' rx='8'/>\n"
        + "\n".join(panels)
        + "\n</svg>\n"
    )


def _panel(shown: Shown) -> Iterator[str]:
    told = f"<tspan dx='10' font-size='13' font-weight='400' fill='{INK}'>{escape(shown.told)}</tspan>"
    yield f"<text x='20' y='30' font-size='16' font-weight='600' fill='{MARK}'>{shown.relation}{told}</text>"
    steps = {tuple(sorted(step)) for step in zip(shown.path, shown.path[1:], strict=False)}
    steps |= {pair for pair in combinations(sorted(shown.points), 2) if not shown.path}
    for pair, seeds in edges().items():
        yield _edge(*pair, seeds, pair in steps, bool(shown.path))
    for name in PLACES:
        yield _point(name, name in shown.points)


def _edge(a: str, b: str, seeds: int, marked: bool, dashed: bool) -> str:
    (x1, y1), (x2, y2) = PLACES[a], PLACES[b]
    dash = " stroke-dasharray='6 4'" if marked and dashed else ""
    return (
        f"<line x1='{x1}' y1='{y1}' x2='{x2}' y2='{y2}' stroke='{MARK if marked else LINE}' "
        f"stroke-width='{1.5 + 1.5 * (seeds - 1) + marked:g}'{dash}/>"
    )


def _point(name: str, marked: bool) -> str:
    x, y = PLACES[name]
    width = 7.4 * len(name) + 18
    return (
        f"<rect x='{x - width / 2:g}' y='{y - 13}' width='{width:g}' height='26' rx='13' "
        f"fill='{PALE if marked else '#ffffff'}' stroke='{MARK if marked else LINE}' stroke-width='1.5'/>"
        f"<text x='{x}' y='{y + 4.5}' font-size='13' text-anchor='middle' fill='{INK}'>{escape(name)}</text>"
    )
