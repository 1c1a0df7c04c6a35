"""Kinds of geometry: triangles, circles, polygons, solids, coordinates, angles."""

from __future__ import annotations

from fractions import Fraction

from deployments.sandbox.answers import degrees, number, pi, surd
from deployments.sandbox.grammar.kind import Kind, Numbers, Work


def _hypotenuse(n: Numbers) -> Work:
    square = n["a"] ** 2 + n["b"] ** 2
    return (
        f"By the theorem of Pythagoras the square of the length is ${n['a']}^2 + {n['b']}^2 = {square}$.",
        "Take the root and simplify.",
    ), surd(1, square)


def _third_side(n: Numbers) -> Work:
    square = n["a"] ** 2 + n["b"] ** 2 - n["a"] * n["b"]
    return (
        "The cosine of $60^\\circ$ is one half.",
        f"So the square of the side is ${n['a']}^2 + {n['b']}^2 - {n['a']} \\cdot {n['b']} = {square}$.",
    ), surd(1, square)


def _sector(n: Numbers) -> Work:
    return (
        f"The sector is $\\frac{{{n['a']}}}{{360}}$ of the disk.",
        f"Its area is $\\frac{{{n['a']}}}{{360}} \\cdot \\pi \\cdot {n['r']}^2$.",
    ), pi(Fraction(n["a"] * n["r"] ** 2, 360))


def _shoelace(n: Numbers) -> Work:
    twice = abs(n["a"] * n["d"] - n["b"] * n["c"])
    if twice == 0:
        raise ValueError("the points lie on a line")
    return (
        f"The determinant is ${n['a']} \\cdot ({n['d']}) - ({n['b']}) \\cdot ({n['c']})$.",
        "Half of its absolute value is the area.",
    ), number(Fraction(twice, 2))


def _polygon(n: Numbers) -> Work:
    return (
        f"All interior angles add up to $({n['n']} - 2) \\cdot 180^\\circ = {(n['n'] - 2) * 180}^\\circ$.",
        f"Divide by ${n['n']}$.",
    ), degrees(Fraction((n["n"] - 2) * 180, n["n"]))


def _cylinder(n: Numbers) -> Work:
    return (
        f"The base has the area $\\pi \\cdot {n['r']}^2 = {n['r'] ** 2}\\pi$.",
        f"Multiply by the height ${n['h']}$.",
    ), pi(n["r"] ** 2 * n["h"])


KINDS = (
    Kind(
        "hypotenuse",
        ("triangles", "radicals", "motion"),
        1,
        {"a": (2, 48), "b": (2, 48)},
        (
            "<who> walks <a> km due north from <town2> and then <b> km due east.",
            "The two legs of a right triangle cut by the <job> <who> measure $<a>$ and $<b>$.",
        ),
        (
            "How long is the straight line between both ends, in simplest radical form?",
            "Find the length that joins the two ends, as an exact value.",
        ),
        _hypotenuse,
    ),
    Kind(
        "side opposite sixty degrees",
        ("triangles", "trig"),
        2,
        {"a": (2, 40), "b": (2, 40)},
        (
            "From one spot in <town2>, two straight paths of $<a>$ and $<b>$ metres leave at an angle of "
            "$60^\\circ$, and <who> stands at the end of one.",
            "In the triangle $ABC$ drawn by <who>, $AB = <a>$, $AC = <b>$ and $\\angle BAC = 60^\\circ$.",
        ),
        ("What is the exact distance between the two far ends?", "Find the exact length of the third side."),
        _third_side,
        fits=lambda n: n["a"] != n["b"],
    ),
    Kind(
        "sector",
        ("circles", "angles", "area"),
        2,
        {"a": (10, 350), "r": (2, 40)},
        (
            "A slice of a round cake with radius $<r>$ cm, cut by <who>, has a central angle of $<a>^\\circ$.",
            "The lamp of the <job> <who> lights a circular sector of radius $<r>$ and central angle $<a>^\\circ$.",
        ),
        ("What is the area of the sector, in terms of $\\pi$?", "Find its area as a multiple of $\\pi$."),
        _sector,
        fits=lambda n: n["a"] % 10 == 0,
    ),
    Kind(
        "triangle at the origin",
        ("coordinates", "vectors", "matrices", "area"),
        2,
        {"a": (-20, 20), "b": (-20, 20), "c": (-20, 20), "d": (-20, 20)},
        (
            "A triangle in <who>'s plan has the corners $(0, 0)$, $(<a>, <b>)$ and $(<c>, <d>)$.",
            "The vectors $\\begin{pmatrix} <a> \\\\ <b> \\end{pmatrix}$ and $\\begin{pmatrix} <c> \\\\ <d> "
            "\\end{pmatrix}$ that <who> draws from the origin span a triangle.",
        ),
        ("What is the area of the triangle?", "Find the area of this triangle."),
        _shoelace,
        fits=lambda n: n["a"] * n["d"] != n["b"] * n["c"],
    ),
    Kind(
        "interior angle",
        ("polygons", "angles"),
        1,
        {"n": (5, 120)},
        (
            "The <job> <who> builds a fountain in <town2> as a regular polygon with <n> sides.",
            "A coin from <town2>, says <who>, has the shape of a regular polygon with <n> equal sides.",
        ),
        ("How large is each interior angle, in degrees?", "Find one interior angle, in degrees."),
        _polygon,
        fits=lambda n: 100 * 180 * (n["n"] - 2) % n["n"] == 0,
    ),
    Kind(
        "cylinder",
        ("solids", "circles"),
        1,
        {"r": (2, 40), "h": (2, 60)},
        (
            "The <job> <who> fills a cylindrical vase of radius $<r>$ cm and height $<h>$ cm to the brim.",
            "A cylindrical tower of <town2>, modelled by <who>, has the radius $<r>$ and the height $<h>$.",
        ),
        ("What is its volume, in terms of $\\pi$?", "Find the volume as a multiple of $\\pi$."),
        _cylinder,
    ),
)
