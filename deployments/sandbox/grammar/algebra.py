"""Kinds of algebra and calculus."""

from __future__ import annotations

from fractions import Fraction
from math import isqrt

from deployments.sandbox.answers import SandboxAnswer, choice, expression, interval, number, point, signed, surd
from deployments.sandbox.grammar.kind import Kind, Numbers, Work


def _vieta(n: Numbers) -> Work:
    total, product = -n["b"], n["c"]
    return (
        f"The roots satisfy $r + s = {total}$ and $rs = {product}$.",
        f"So $r^2 + s^2 = (r + s)^2 - 2rs = {total**2} - 2 \\cdot ({product})$.",
    ), number(total**2 - 2 * product)


def _system(n: Numbers) -> Work:
    det = n["a"] * n["q"] - n["b"] * n["p"]
    x, y = Fraction(n["c"] * n["q"] - n["b"] * n["r"], det), Fraction(n["a"] * n["r"] - n["c"] * n["p"], det)
    return (
        f"Multiply the first equation by ${n['q']}$ and the second by ${n['b']}$ and subtract: ${det}x = "
        f"{n['c'] * n['q'] - n['b'] * n['r']}$.",
        f"So $x = {x}$, and then $y = {y}$.",
    ), point(x, y)


def _quadratic_inequality(n: Numbers) -> Work:
    root = isqrt(n["b"] ** 2 - 4 * n["c"])
    if root**2 != n["b"] ** 2 - 4 * n["c"]:
        raise ValueError("irrational ends")
    low, high = Fraction(-n["b"] - root, 2), Fraction(-n["b"] + root, 2)
    return (
        f"The left side vanishes at $x = {low}$ and $x = {high}$.",
        "The parabola opens upward, so the inequality holds between the two zeros.",
    ), interval(low, high, closed=True)


def _vertex(n: Numbers) -> Work:
    x = Fraction(-n["b"], 2 * n["a"])
    y = n["a"] * x * x + n["b"] * x + n["c"]
    return (
        f"The axis is $x = -\\frac{{{n['b']}}}{{2 \\cdot {n['a']}}} = {x}$.",
        f"The value there is ${y}$.",
    ), point(x, y)


def _geometric_series(n: Numbers) -> Work:
    ratio = Fraction(n["p"], n["q"])
    if not abs(ratio) < 1:
        raise ValueError("diverges")
    return (
        f"The ratio $\\frac{{{n['p']}}}{{{n['q']}}}$ is smaller than one, so the series converges.",
        f"Its sum is $\\frac{{{n['a']}}}{{1 - \\frac{{{n['p']}}}{{{n['q']}}}}}$.",
    ), number(n["a"] / (1 - ratio))


def _logarithm(n: Numbers) -> Work:
    return (
        f"By definition $x {signed(n['c']).strip()} = {n['b']}^{{{n['k']}}} = {n['b'] ** n['k']}$.",
        f"So $x = {n['b'] ** n['k']} - ({n['c']})$.",
    ), number(n["b"] ** n["k"] - n["c"])


def _radicals(n: Numbers) -> Work:
    total = n["a"] * n["p"] + n["b"] * n["q"]
    return (
        f"Take the squares out: $\\sqrt{{{n['p'] ** 2 * n['r']}}} = {n['p']}\\sqrt{{{n['r']}}}$ and "
        f"$\\sqrt{{{n['q'] ** 2 * n['r']}}} = {n['q']}\\sqrt{{{n['r']}}}$.",
        f"So the coefficients add up to ${n['a']} \\cdot {n['p']} + {n['b']} \\cdot {n['q']} = {total}$.",
    ), surd(total, n["r"])


def _radicals_from_text(n: Numbers) -> Work:
    """`x` and `y` stand under the roots; the common radicand is what both leave without their squares."""
    for r in (2, 3, 5, 6, 7, 10, 11):
        p, q = Fraction(n["x"], r), Fraction(n["y"], r)
        if p.denominator == q.denominator == 1 and isqrt(int(p)) ** 2 == p and isqrt(int(q)) ** 2 == q:
            return _radicals({"a": n["a"], "b": n["b"], "p": isqrt(int(p)), "q": isqrt(int(q)), "r": r})
    raise ValueError("no common radicand")


def _gaussian(real: int, imaginary: int) -> SandboxAnswer:
    if real == 0:
        return expression(signed(imaginary, "i", first=True) or "0")
    text = f"{real}{signed(imaginary, 'i')}"
    return expression(text, text.replace(" ", ""))


def _complex_product(n: Numbers) -> Work:
    real, imaginary = n["a"] * n["c"] - n["b"] * n["d"], n["a"] * n["d"] + n["b"] * n["c"]
    return (
        f"Since $i^2 = -1$, the real part is ${n['a']} \\cdot ({n['c']}) - ({n['b']}) \\cdot ({n['d']}) = {real}$.",
        f"The imaginary part is ${imaginary}$.",
    ), _gaussian(real, imaginary)


def _largest_option(n: Numbers) -> Work:
    values = {
        letter: Fraction(n[key[0]], n[key[1]])
        for letter, key in zip("ABCDE", ("ab", "cd", "ef", "gh", "jk"), strict=True)
    }
    best = max(values, key=lambda letter: values[letter])
    if len(set(values.values())) < 5:
        raise ValueError("two options are equal")
    return ("Compare the fractions by cross-multiplication.", f"The largest of them is ${values[best]}$."), choice(best)


def _line_slope(n: Numbers) -> Work:
    slope = Fraction(n["d"] - n["b"], n["c"] - n["a"])
    return (
        f"The slope is $\\frac{{{n['d']} - ({n['b']})}}{{{n['c']} - ({n['a']})}} = {slope}$.",
        f"The intercept is ${n['b']} - ({slope}) \\cdot ({n['a']})$.",
    ), number(n["b"] - slope * n["a"])


def _derivative(n: Numbers) -> Work:
    text = signed(3 * n["a"], "x^2", first=True) + signed(2 * n["b"], "x") + signed(n["c"])
    return ("Differentiate term by term with the power rule.", "The constant vanishes."), expression(
        text, text.replace(" ", "")
    )


def _integral(n: Numbers) -> Work:
    k = n["k"]
    value = Fraction(n["a"] * k**3, 3) + Fraction(n["b"] * k * k, 2)
    return (
        f"An antiderivative is $\\frac{{{n['a']}}}{{3}}x^3 + \\frac{{{n['b']}}}{{2}}x^2$.",
        f"Evaluate it at ${k}$; at $0$ it vanishes.",
    ), number(value)


KINDS = (
    Kind(
        "sum of squares of roots",
        ("quadratic", "polynomials"),
        2,
        {"b": (-25, 25), "c": (-40, 40)},
        (
            "Let $r$ and $s$ be the two roots of $x^2 <b:+>x <c:+> = 0$.",
            "The equation $x^2 <b:+>x <c:+> = 0$, which <who> copied from the board, has the solutions $r$ and $s$.",
        ),
        ("Compute $r^2 + s^2$.", "What is the value of $r^2 + s^2$?", "Find the sum of the squares of both roots."),
        _vieta,
        fits=lambda n: abs(n["b"]) > 1 and n["c"] != 0 and n["b"] ** 2 > 4 * n["c"],
    ),
    Kind(
        "linear system",
        ("linear",),
        1,
        {"a": (2, 14), "b": (2, 14), "p": (2, 14), "q": (2, 14), "x": (-12, 12), "y": (-12, 12)},
        (
            "The numbers $x$ and $y$ satisfy $<a>x + <b>y = <c>$ and $<p>x + <q>y = <r>$.",
            "<who> writes down the equations $<a>x + <b>y = <c>$ and $<p>x + <q>y = <r>$ for <who2> to solve.",
        ),
        ("Give the pair $(x, y)$.", "Find $(x, y)$.", "Which pair $(x, y)$ solves both equations?"),
        _system,
        fits=lambda n: n["a"] * n["q"] != n["b"] * n["p"],
        derive=lambda n: {
            **n,
            "c": n["a"] * n["x"] + n["b"] * n["y"],
            "r": n["p"] * n["x"] + n["q"] * n["y"],
        },
    ),
    Kind(
        "quadratic inequality",
        ("inequalities", "quadratic"),
        2,
        {"u": (-15, 14), "v": (-14, 15)},
        (
            "A real number $x$ is called mild by <who> if $x^2 <b:+>x <c:+> \\le 0$.",
            "Consider the inequality $x^2 <b:+>x <c:+> \\le 0$ over the real numbers, which <who> met in a "
            "notebook from <town2>.",
        ),
        (
            "Write the set of all such $x$ as an interval.",
            "Describe all solutions $x$ in interval notation.",
        ),
        _quadratic_inequality,
        fits=lambda n: n["u"] < n["v"] and abs(n["b"]) > 1 and n["c"] != 0,
        derive=lambda n: {**n, "b": -n["u"] - n["v"], "c": n["u"] * n["v"]},
    ),
    Kind(
        "vertex of a parabola",
        ("quadratic", "functions", "conics"),
        1,
        {"a": (2, 9), "b": (-30, 30), "c": (-30, 30)},
        (
            "The graph of $y = <a>x^2 <b:+>x <c:+>$ is a parabola that <who> has to draw.",
            "A jet of water in <town2> is modelled by <who> with the curve $y = <a>x^2 <b:+>x <c:+>$.",
        ),
        ("What are the coordinates $(x, y)$ of its vertex?", "Find the vertex as an ordered pair."),
        _vertex,
        fits=lambda n: abs(n["b"]) > 1 and n["c"] != 0 and n["b"] % (2 * n["a"]) == 0,
    ),
    Kind(
        "infinite geometric series",
        ("sequences", "limits"),
        2,
        {"a": (2, 60), "p": (1, 11), "q": (2, 13)},
        (
            "A geometric series has the first term $<a>$ and the common ratio $\\frac{<p>}{<q>}$, and <who> adds "
            "up all of its infinitely many terms.",
            "A ball dropped by <who> moves <a> metres in the first stroke and in each later stroke "
            "$\\frac{<p>}{<q>}$ of the stroke before, for ever.",
        ),
        ("What is the limit of the sum?", "Find the sum of the infinite series."),
        _geometric_series,
        fits=lambda n: Fraction(n["p"], n["q"]).denominator == n["q"] and n["p"] < n["q"],
    ),
    Kind(
        "logarithmic equation",
        ("logs",),
        1,
        {"b": (2, 9), "k": (2, 5), "c": (-30, 60)},
        (
            "The number $x$ that <who> looks for satisfies $\\log_{<b>} (x <c:+>) = <k>$.",
            "In a formula by the <job> <who>, a level $x$ obeys $\\log_{<b>} (x <c:+>) = <k>$.",
        ),
        ("Find $x$.", "What is $x$?", "Determine the value of $x$."),
        _logarithm,
        fits=lambda n: n["c"] != 0 and n["b"] ** n["k"] < 5000,
    ),
    Kind(
        "sum of radicals",
        ("radicals", "exponents"),
        2,
        {"a": (2, 15), "b": (2, 15), "p": (2, 9), "q": (2, 9), "r": (2, 11)},
        (
            "<who> wants to write $<a>\\sqrt{<x>} + <b>\\sqrt{<y>}$ as short as possible.",
            "Two rods of the <job> <who> have the lengths $<a>\\sqrt{<x>}$ and $<b>\\sqrt{<y>}$ and are laid end "
            "to end.",
        ),
        ("Give the sum in simplest radical form.", "Simplify the total."),
        _radicals_from_text,
        fits=lambda n: n["r"] in (2, 3, 5, 6, 7, 10, 11) and n["p"] != n["q"],
        derive=lambda n: {**n, "x": n["p"] ** 2 * n["r"], "y": n["q"] ** 2 * n["r"]},
    ),
    Kind(
        "product of complex numbers",
        ("complex",),
        2,
        {"a": (2, 15), "b": (-12, 12), "c": (2, 15), "d": (-12, 12)},
        (
            "Let $z = <a> <b:+>i$ and $w = <c> <d:+>i$, where $i^2 = -1$.",
            "<who> thinks of the complex number $<a> <b:+>i$ and <who2> of the complex number $<c> <d:+>i$.",
        ),
        ("Write the product of both numbers in the form $a + bi$.", "What is their product, as $a + bi$?"),
        _complex_product,
        fits=lambda n: abs(n["b"]) > 1 and abs(n["d"]) > 1,
    ),
    Kind(
        "largest fraction",
        ("fractions", "ratio", "logic"),
        1,
        dict.fromkeys("abcdefghjk", (2, 40)),
        (
            "Five fractions stand on <who>'s card: (A) $\\frac{<a>}{<b>}$, (B) $\\frac{<c>}{<d>}$, (C) "
            "$\\frac{<e>}{<f>}$, (D) $\\frac{<g>}{<h>}$, (E) $\\frac{<j>}{<k>}$.",
            "<who> is offered a choice of shares: (A) $\\frac{<a>}{<b>}$, (B) $\\frac{<c>}{<d>}$, (C) "
            "$\\frac{<e>}{<f>}$, (D) $\\frac{<g>}{<h>}$ or (E) $\\frac{<j>}{<k>}$.",
        ),
        ("Which of them is the largest?", "Give the letter of the greatest one."),
        _largest_option,
        fits=lambda n: (
            all(n[a] < n[b] for a, b in ("ab", "cd", "ef", "gh", "jk"))
            and len({Fraction(n[a], n[b]) for a, b in ("ab", "cd", "ef", "gh", "jk")}) == 5
        ),
    ),
    Kind(
        "intercept of a line",
        ("linear", "coordinates"),
        1,
        {"a": (-15, 15), "b": (-15, 15), "c": (-15, 15), "d": (-15, 15)},
        (
            "A straight line passes through $(<a>, <b>)$ and $(<c>, <d>)$ on <who>'s graph paper.",
            "On the map of the <job> <who>, a straight road runs through the points $(<a>, <b>)$ and $(<c>, <d>)$.",
        ),
        ("Where does it cut the $y$-axis? Give the $y$-coordinate.", "What is its $y$-intercept?"),
        _line_slope,
        fits=lambda n: n["a"] != n["c"] and n["b"] != n["d"],
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
)
