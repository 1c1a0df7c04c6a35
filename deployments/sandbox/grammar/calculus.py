"""Kinds of precalculus and calculus: vectors, matrices, trigonometry, derivatives, integrals, limits."""

from __future__ import annotations

from fractions import Fraction
from math import isqrt

from deployments.sandbox.answers import expression, number, point, signed, surd
from deployments.sandbox.grammar.kind import Kind, Numbers, Work


def _dot(n: Numbers) -> Work:
    value = n["a"] * n["d"] + n["b"] * n["e"] + n["c"] * n["f"]
    return (
        f"Multiply matching entries: ${n['a'] * n['d']}$, ${n['b'] * n['e']}$ and ${n['c'] * n['f']}$.",
        "Add them.",
    ), number(value)


def _cross(n: Numbers) -> Work:
    a, b, c, d, e, f = (n[k] for k in "abcdef")
    return (
        "Expand the formal determinant along its first row.",
        f"The first entry is ${b} \\cdot ({f}) - ({c}) \\cdot ({e})$, and so on.",
    ), point(b * f - c * e, c * d - a * f, a * e - b * d)


def _determinant(n: Numbers) -> Work:
    value = n["a"] * n["d"] - n["b"] * n["c"]
    return (
        f"The main diagonal gives ${n['a'] * n['d']}$ and the other ${n['b'] * n['c']}$.",
        "Subtract.",
    ), number(value)


def _derivative(n: Numbers) -> Work:
    text = signed(3 * n["a"], "x^2", first=True) + signed(2 * n["b"], "x") + signed(n["c"])
    return ("Differentiate term by term with the power rule.", "The constant vanishes."), expression(
        text, text.replace(" ", "")
    )


def _tangent_slope(n: Numbers) -> Work:
    value = 2 * n["a"] * n["k"] + n["b"]
    return (
        f"The derivative is ${2 * n['a']}x {signed(n['b']).strip()}$.",
        f"At $x = {n['k']}$ this is ${value}$.",
    ), number(value)


def _integral(n: Numbers) -> Work:
    k = n["k"]
    value = Fraction(n["a"] * k**3, 3) + Fraction(n["b"] * k * k, 2)
    return (
        f"An antiderivative is $\\frac{{{n['a']}}}{{3}}x^3 + \\frac{{{n['b']}}}{{2}}x^2$.",
        f"Evaluate it at ${k}$; at $0$ it vanishes.",
    ), number(value)


def _limit(n: Numbers) -> Work:
    k = n["k"]
    return (
        f"Factor: $x^2 - {k * k} = (x - {k})(x + {k})$.",
        f"After cancelling, the value is ${n['a']} \\cdot {2 * k}$.",
    ), number(2 * k * n["a"])


def _limit_from_text(n: Numbers) -> Work:
    if n["k"] ** 2 != n["m"]:
        raise ValueError("the limit is infinite")
    return _limit(n)


def _cosine(n: Numbers) -> Work:
    square = n["q"] ** 2 - n["p"] ** 2
    if square <= 0:
        raise ValueError("no such angle")
    return (
        f"$\\cos^2 t = 1 - \\sin^2 t = \\frac{{{square}}}{{{n['q'] ** 2}}}$.",
        "The cosine of an acute angle is positive.",
    ), surd(Fraction(1, n["q"]), square)


def _double_angle(n: Numbers) -> Work:
    return (
        "Use $\\cos 2t = 1 - 2\\sin^2 t$.",
        f"That is $1 - 2 \\cdot \\frac{{{n['p'] ** 2}}}{{{n['q'] ** 2}}}$.",
    ), number(1 - 2 * Fraction(n["p"], n["q"]) ** 2)


def _length(n: Numbers) -> Work:
    square = n["a"] ** 2 + n["b"] ** 2 + n["c"] ** 2
    return ("Add the squares of the entries.", f"The norm is the root of ${square}$."), surd(1, square)


def _trace_of_product(n: Numbers) -> Work:
    value = n["a"] ** 2 + 2 * n["b"] * n["c"] + n["d"] ** 2
    return (
        f"The diagonal of $M^2$ is ${n['a'] ** 2 + n['b'] * n['c']}$ and ${n['d'] ** 2 + n['b'] * n['c']}$.",
        "Add both.",
    ), number(value)


def _largest_area(n: Numbers) -> Work:
    return (
        f"With the side $x$ at the river twice, the area is $x({n['p']} - 2x)$.",
        f"Its derivative vanishes at $x = \\frac{{{n['p']}}}{{4}}$.",
    ), number(Fraction(n["p"] ** 2, 8))


def _inverse_square(n: Numbers) -> Work:
    root = isqrt(n["m"])
    if root * root != n["m"]:
        raise ValueError("not a square")
    return (f"The antiderivative is $2\\sqrt{{x}}$ times ${n['a']}$.", "Evaluate at both ends."), number(
        2 * n["a"] * (root - 1)
    )


_SMALL = (-12, 12)

KINDS = (
    Kind(
        "dot product",
        ("vectors",),
        1,
        dict.fromkeys("abcdef", _SMALL),
        (
            "<who> writes down the vectors $(<a>, <b>, <c>)$ and $(<d>, <e>, <f>)$ and multiplies them as a "
            "scalar product.",
            "A force $(<a>, <b>, <c>)$ moves <who>'s sledge along $(<d>, <e>, <f>)$, and the work is their dot "
            "product.",
        ),
        ("What number results?", "Compute this dot product."),
        _dot,
    ),
    Kind(
        "cross product",
        ("vectors", "solids"),
        2,
        dict.fromkeys("abcdef", (-9, 9)),
        (
            "For a plane in <who>'s drawing, the directions $u = (<a>, <b>, <c>)$ and $v = (<d>, <e>, <f>)$ are given.",
            "<who> calculates with $u = (<a>, <b>, <c>)$ and $v = (<d>, <e>, <f>)$ in space.",
        ),
        ("Find the cross product $u \\times v$.", "What is the vector $u \\times v$?"),
        _cross,
    ),
    Kind(
        "determinant",
        ("matrices",),
        1,
        dict.fromkeys("abcd", (-19, 19)),
        (
            "<who> arranges four numbers as $\\begin{pmatrix} <a> & <b> \\\\ <c> & <d> \\end{pmatrix}$.",
            "A linear map used by the <job> <who> has the matrix $\\begin{pmatrix} <a> & <b> \\\\ <c> & <d> "
            "\\end{pmatrix}$.",
        ),
        ("What is its determinant?", "Compute the determinant of the matrix."),
        _determinant,
    ),
    Kind(
        "trace of a square",
        ("matrices", "complex"),
        3,
        dict.fromkeys("abcd", (-15, 15)),
        (
            "Let $M = \\begin{pmatrix} <a> & <b> \\\\ <c> & <d> \\end{pmatrix}$ be the matrix of <who>.",
            "With $M = \\begin{pmatrix} <a> & <b> \\\\ <c> & <d> \\end{pmatrix}$, <who> studies the powers of $M$.",
        ),
        ("Find the trace of $M^2$.", "What is the sum of the diagonal entries of $M^2$?"),
        _trace_of_product,
    ),
    Kind(
        "derivative",
        ("derivatives", "polynomials"),
        1,
        {"a": (2, 12), "b": (-20, 20), "c": (-30, 30), "d": (-40, 40)},
        (
            "The height of <who>'s balloon follows $h(x) = <a>x^3 <b:+>x^2 <c:+>x <d:+>$.",
            "A curve sketched by <who> is the graph of $h(x) = <a>x^3 <b:+>x^2 <c:+>x <d:+>$.",
        ),
        ("Find the derivative $h'(x)$.", "What is $h'(x)$?"),
        _derivative,
        fits=lambda n: abs(n["b"]) > 1 and abs(n["c"]) > 1 and n["d"] != 0,
    ),
    Kind(
        "slope of a tangent",
        ("derivatives", "linear", "limits"),
        1,
        {"a": (2, 15), "b": (-40, 40), "c": (-40, 40), "k": (2, 15)},
        (
            "A slide in <town2> designed by <who> has the profile $y = <a>x^2 <b:+>x <c:+>$, looked at where $x "
            "= <k>$.",
            "<who> draws the tangent to $y = <a>x^2 <b:+>x <c:+>$ at the point with $x = <k>$.",
        ),
        ("What is the slope of the tangent there?", "How steep is the tangent line at that point?"),
        _tangent_slope,
        fits=lambda n: abs(n["b"]) > 1 and n["c"] != 0,
    ),
    Kind(
        "definite integral",
        ("integrals", "area"),
        2,
        {"a": (2, 15), "b": (2, 25), "k": (2, 12)},
        (
            "Water runs into <who>'s tank at the rate $<a>x^2 + <b>x$ litres per hour, from $x = 0$ to $x = <k>$.",
            "<who> shades the region under $y = <a>x^2 + <b>x$ between $x = 0$ and $x = <k>$ in <colour2>.",
        ),
        ("What is the value of the definite integral?", "How much is that in total, by integration?"),
        _integral,
    ),
    Kind(
        "root integral",
        ("integrals", "radicals"),
        3,
        {"a": (2, 30), "b": (2, 20)},
        (
            "<who> evaluates $\\int_{1}^{<m>} \\frac{<a>}{\\sqrt{x}} \\, dx$.",
            "The cable length in a plan by the <job> <who> is given as $\\int_{1}^{<m>} \\frac{<a>}{\\sqrt{x}} "
            "\\, dx$.",
        ),
        ("What is its value?", "Evaluate this integral."),
        _inverse_square,
        derive=lambda n: {**n, "m": n["b"] ** 2},
    ),
    Kind(
        "limit",
        ("limits", "functions"),
        2,
        {"a": (2, 40), "k": (2, 30)},
        (
            "<who> wonders how $\\frac{<a>(x^2 - <m>)}{x - <k>}$ behaves as $x$ approaches $<k>$.",
            "A gauge of the <job> <who> shows $\\frac{<a>(x^2 - <m>)}{x - <k>}$ while $x$ tends to $<k>$.",
        ),
        ("What is the limit?", "Find the limiting value."),
        _limit_from_text,
        derive=lambda n: {**n, "m": n["k"] ** 2},
    ),
    Kind(
        "cosine from sine",
        ("trig",),
        1,
        {"p": (1, 20), "q": (2, 25)},
        (
            "A ramp in <town2> rises at an acute angle $t$ with $\\sin t = \\frac{<p>}{<q>}$, as <who> measured.",
            "For an acute angle $t$, <who> knows that $\\sin t = \\frac{<p>}{<q>}$.",
        ),
        ("What is $\\cos t$, exactly?", "Find the exact value of $\\cos t$."),
        _cosine,
        fits=lambda n: n["p"] < n["q"] and Fraction(n["p"], n["q"]).denominator == n["q"],
    ),
    Kind(
        "double angle",
        ("trig",),
        2,
        {"p": (1, 25), "q": (2, 30)},
        (
            "<who> bends a rod at an angle $t$ whose sine equals $\\frac{<p>}{<q>}$.",
            "The sine of the angle $t$ in <who>'s sketch is exactly $\\frac{<p>}{<q>}$.",
        ),
        ("Find $\\cos 2t$.", "What is the value of $\\cos 2t$?"),
        _double_angle,
        fits=lambda n: n["p"] < n["q"] and Fraction(n["p"], n["q"]).denominator == n["q"],
    ),
    Kind(
        "length of a vector",
        ("vectors", "radicals"),
        1,
        dict.fromkeys("abc", (-25, 25)),
        (
            "From the tower of <town2>, <who> measures the displacement $\\langle <a>, <b>, <c> \\rangle$ of a kite.",
            "<who>'s robot arm points along $\\langle <a>, <b>, <c> \\rangle$.",
        ),
        ("What is the exact length of this vector?", "Find the norm of the vector."),
        _length,
        fits=lambda n: n["a"] * n["b"] * n["c"] != 0,
    ),
    Kind(
        "field at a river",
        ("derivatives", "inequalities", "area"),
        2,
        {"p": (16, 900)},
        (
            "The <job> <who> has <p> metres of fence for a rectangular field along a straight river near "
            "<town2>; the side at the river needs no fence.",
            "With <p> metres of rope, <who> marks off a rectangle at a long wall of the <venue2>, where the wall "
            "serves as one side.",
        ),
        ("What is the largest possible area, in square metres?", "Find the greatest area that can be enclosed."),
        _largest_area,
    ),
)
