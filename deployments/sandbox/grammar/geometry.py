"""Kinds of geometry: triangles, circles, polygons, solids, coordinates, angles."""

from __future__ import annotations

from fractions import Fraction
from math import isqrt

from deployments.sandbox.answers import SandboxAnswer, degrees, expression, number, pi, point, surd
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


def _heron(n: Numbers) -> Work:
    a, b, c = n["a"], n["b"], n["c"]
    product = (a + b + c) * (b + c - a) * (a + c - b) * (a + b - c)
    if product <= 0:
        raise ValueError("no triangle")
    return (
        f"The semiperimeter is $\\frac{{{a + b + c}}}{{2}}$.",
        f"Sixteen times the squared area is ${product}$.",
    ), surd(Fraction(1, 4), product)


def _shadow(n: Numbers) -> Work:
    return (
        f"The triangles are similar, so $\\frac{{h}}{{{n['c']}}} = \\frac{{{n['a']}}}{{{n['b']}}}$.",
        f"Hence $h = \\frac{{{n['a']} \\cdot {n['c']}}}{{{n['b']}}}$.",
    ), number(Fraction(n["a"] * n["c"], n["b"]))


def _sector(n: Numbers) -> Work:
    return (
        f"The sector is $\\frac{{{n['a']}}}{{360}}$ of the disk.",
        f"Its area is $\\frac{{{n['a']}}}{{360}} \\cdot \\pi \\cdot {n['r']}^2$.",
    ), pi(Fraction(n["a"] * n["r"] ** 2, 360))


def _ring(n: Numbers) -> Work:
    return (
        f"The outer disk has area ${n['r'] ** 2}\\pi$ and the inner one ${n['s'] ** 2}\\pi$.",
        "Subtract.",
    ), pi(n["r"] ** 2 - n["s"] ** 2)


def _distance(n: Numbers) -> Work:
    square = (n["c"] - n["a"]) ** 2 + (n["d"] - n["b"]) ** 2
    return (
        f"The differences are ${n['c'] - n['a']}$ and ${n['d'] - n['b']}$.",
        f"The squared distance is ${square}$.",
    ), surd(1, square)


def _midpoint(n: Numbers) -> Work:
    x, y = Fraction(n["a"] + n["c"], 2), Fraction(n["b"] + n["d"], 2)
    return ("Average the coordinates.", f"This gives ${x}$ and ${y}$."), point(x, y)


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


def _diagonals(n: Numbers) -> Work:
    return (
        f"Each of the ${n['n']}$ corners sends out ${n['n'] - 3}$ diagonals.",
        "Each is counted twice.",
    ), number(Fraction(n["n"] * (n["n"] - 3), 2))


def _angles(n: Numbers) -> Work:
    unit = Fraction(180, n["a"] + n["b"] + n["c"])
    return (
        f"The angles are ${n['a']}x$, ${n['b']}x$ and ${n['c']}x$ with $x = {unit}^\\circ$.",
        "Take the largest multiple.",
    ), degrees(unit * max(n["a"], n["b"], n["c"]))


def _cylinder(n: Numbers) -> Work:
    return (
        f"The base has the area $\\pi \\cdot {n['r']}^2 = {n['r'] ** 2}\\pi$.",
        f"Multiply by the height ${n['h']}$.",
    ), pi(n["r"] ** 2 * n["h"])


def _cone(n: Numbers) -> Work:
    return (
        f"The base has the area ${n['r'] ** 2}\\pi$.",
        f"One third of the base times the height is $\\frac{{{n['r'] ** 2} \\cdot {n['h']}}}{{3}}\\pi$.",
    ), pi(Fraction(n["r"] ** 2 * n["h"], 3))


def _space_diagonal(n: Numbers) -> Work:
    square = n["a"] ** 2 + n["b"] ** 2 + n["c"] ** 2
    return (
        f"Pythagoras, used twice, gives ${n['a']}^2 + {n['b']}^2 + {n['c']}^2 = {square}$.",
        "Take the root.",
    ), surd(1, square)


def _ellipse(n: Numbers) -> Work:
    square = abs(n["a"] ** 2 - n["b"] ** 2)
    if square == 0:
        raise ValueError("a circle")
    return (
        f"The squared distance from centre to focus is $|{n['a'] ** 2} - {n['b'] ** 2}| = {square}$.",
        "The two foci are twice that distance apart.",
    ), surd(2, square)


def _ellipse_from_squares(n: Numbers) -> Work:
    a, b = isqrt(n["p"]), isqrt(n["q"])
    if a * a != n["p"] or b * b != n["q"]:
        raise ValueError("not squares")
    return _ellipse({"a": a, "b": b})


def _line_text(slope: Fraction, intercept: Fraction) -> SandboxAnswer:
    text = f"y = {slope}x" + (f" {'-' if intercept < 0 else '+'} {abs(intercept)}" if intercept else "")
    return expression(text, text.replace(" ", ""))


def _parallel(n: Numbers) -> Work:
    intercept = n["d"] - n["m"] * n["c"]
    return (
        f"Parallel lines share the slope ${n['m']}$.",
        f"The intercept is ${n['d']} - {n['m']} \\cdot ({n['c']}) = {intercept}$.",
    ), _line_text(Fraction(n["m"]), Fraction(intercept))


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
        "triangle from three sides",
        ("triangles", "area"),
        3,
        {"a": (4, 40), "b": (4, 40), "c": (4, 40)},
        (
            "The <job> <who> owns a triangular field with sides of $<a>$, $<b>$ and $<c>$ metres.",
            "A <colour2> triangular sail sewn by <who> has the side lengths $<a>$, $<b>$ and $<c>$.",
        ),
        ("What is its exact area?", "Compute the area exactly."),
        _heron,
        fits=lambda n: max(n["a"], n["b"], n["c"]) * 2 < n["a"] + n["b"] + n["c"],
    ),
    Kind(
        "shadow",
        ("triangles", "ratio", "measure"),
        1,
        {"a": (2, 30), "b": (2, 30), "c": (5, 200)},
        (
            "A pole of <a> metres casts a shadow of <b> metres, while at the same time a tower in <town2> casts "
            "a shadow of <c> metres, measured by <who>.",
            "When <who>'s statue, <a> feet tall, has a shadow of <b> feet, a nearby tree has a shadow of <c> feet.",
        ),
        ("How tall is the other object?", "Find the unknown height."),
        _shadow,
        fits=lambda n: n["b"] != n["c"],
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
        "ring",
        ("circles", "area"),
        1,
        {"r": (5, 60), "s": (2, 50)},
        (
            "Around a pond of radius $<s>$ the <job> <who> lays a path that ends on a circle of radius $<r>$ "
            "with the same centre.",
            "Two concentric circles, drawn by <who> in <colour2>, have the radii $<r>$ and $<s>$, respectively.",
        ),
        ("What is the area between both circles, in terms of $\\pi$?", "Find the exact area of the ring."),
        _ring,
        fits=lambda n: n["r"] > n["s"],
    ),
    Kind(
        "distance of points",
        ("coordinates", "radicals"),
        1,
        {"a": (-25, 25), "b": (-25, 25), "c": (-25, 25), "d": (-25, 25)},
        (
            "On <who>'s map, the <venue2> lies at $(<a>, <b>)$ and the harbour at $(<c>, <d>)$.",
            "A drone steered by <who> flies straight from the point $(<a>, <b>)$ to the point $(<c>, <d>)$.",
        ),
        ("What is the exact distance between the two places?", "How far apart are they, exactly?"),
        _distance,
        fits=lambda n: n["a"] != n["c"] and n["b"] != n["d"],
    ),
    Kind(
        "midpoint",
        ("coordinates",),
        1,
        {"a": (-40, 40), "b": (-40, 40), "c": (-40, 40), "d": (-40, 40)},
        (
            "<who> lives at $(<a>, <b>)$ and <who2> at $(<c>, <d>)$ on the city grid of <town2>.",
            "A segment on <who>'s <colour2> grid has the end points $(<a>, <b>)$ and $(<c>, <d>)$.",
        ),
        ("Which point $(x, y)$ lies exactly halfway?", "Give the coordinates $(x, y)$ of the midpoint."),
        _midpoint,
        fits=lambda n: n["a"] != n["c"] and n["b"] != n["d"],
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
        "diagonals",
        ("polygons", "counting"),
        1,
        {"n": (7, 150)},
        (
            "<who> strings a <colour2> thread along every diagonal of a convex polygon with <n> corners.",
            "A convex polygon with <n> corners is the emblem of <group2> in <town2>.",
        ),
        ("How many diagonals does it have?", "Find the number of its diagonals."),
        _diagonals,
    ),
    Kind(
        "angles in a ratio",
        ("angles", "triangles", "ratio"),
        1,
        {"a": (1, 15), "b": (1, 15), "c": (1, 15)},
        (
            "The angles of a triangular garden bed of <who> are in the ratio $<a> : <b> : <c>$.",
            "A <colour2> set square from <town2> has three angles whose measures are as $<a> : <b> : <c>$, "
            "claims <who>.",
        ),
        ("How large is the greatest angle, in degrees?", "Find the largest of the angles in degrees."),
        _angles,
        fits=lambda n: 18000 % (n["a"] + n["b"] + n["c"]) == 0 and len({n["a"], n["b"], n["c"]}) > 1,
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
    Kind(
        "cone",
        ("solids",),
        1,
        {"r": (2, 40), "h": (2, 60)},
        (
            "A heap of grain in <town2> has the shape of a cone with base radius $<r>$ and height $<h>$, as "
            "<who> measured.",
            "<who> folds a paper cone whose base radius is $<r>$ cm and whose height is $<h>$ cm.",
        ),
        ("How large is its volume, in terms of $\\pi$?", "Compute the exact volume."),
        _cone,
    ),
    Kind(
        "space diagonal",
        ("solids", "radicals"),
        2,
        {"a": (2, 30), "b": (2, 30), "c": (2, 30)},
        (
            "<who> wants to post a thin rod in a box of $<a>$ by $<b>$ by $<c>$ centimetres.",
            "The <venue2> of <town2> is a hall of $<a>$ by $<b>$ by $<c>$ metres, and <who> stretches a cord "
            "from a corner of the floor to the opposite corner of the ceiling.",
        ),
        ("What is the greatest possible exact length?", "How long is the space diagonal, exactly?"),
        _space_diagonal,
    ),
    Kind(
        "foci of an ellipse",
        ("conics", "coordinates"),
        3,
        {"a": (2, 30), "b": (2, 30)},
        (
            "A whispering gallery in <town2> follows the ellipse $\\frac{x^2}{<p>} + \\frac{y^2}{<q>} = 1$, and "
            "<who> whispers at a focus.",
            "The orbit that <who> studies is the ellipse $\\frac{x^2}{<p>} + \\frac{y^2}{<q>} = 1$.",
        ),
        ("How far apart are the two foci, exactly?", "Find the exact distance between its foci."),
        _ellipse_from_squares,
        fits=lambda n: n["a"] != n["b"],
        derive=lambda n: {**n, "p": n["a"] ** 2, "q": n["b"] ** 2},
    ),
    Kind(
        "parallel line",
        ("linear", "coordinates"),
        1,
        {"m": (2, 15), "b": (-25, 25), "c": (-12, 12), "d": (-25, 25)},
        (
            "<who> draws a line through $(<c>, <d>)$ that is parallel to $y = <m>x <b:+>$.",
            "A second track is to pass $(<c>, <d>)$ and run parallel to the track $y = <m>x <b:+>$ on the plan "
            "of <who>.",
        ),
        ("What is its equation in slope-intercept form?", "Write its equation as $y = mx + b$."),
        _parallel,
        fits=lambda n: n["b"] not in (0, n["d"] - n["m"] * n["c"]) and n["c"] != 0,
    ),
)
