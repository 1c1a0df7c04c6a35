"""Kinds of algebra problems: equations, functions, polynomials, sequences, exponents, logarithms, complex numbers."""

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


def _composition(n: Numbers) -> Work:
    inner = n["k"] ** 2 + n["c"]
    return (
        f"First $g({n['k']}) = {n['k']}^2 {signed(n['c']).strip()} = {inner}$.",
        f"Then $f({inner}) = {n['a']} \\cdot ({inner}) {signed(n['b']).strip()}$.",
    ), number(n["a"] * inner + n["b"])


def _expand(n: Numbers) -> Work:
    a, b, c, d = n["a"] * n["p"], n["a"] * n["q"] + n["b"] * n["p"], n["b"] * n["q"], 0
    text = signed(a, "x^2", first=True) + signed(b, "x") + signed(c + d)
    return (
        f"The outer products give ${a}x^2$ and ${c}$.",
        f"The mixed terms give ${b}x$.",
    ), expression(text, text.replace(" ", ""))


def _arithmetic_series(n: Numbers) -> Work:
    last = n["a"] + (n["k"] - 1) * n["d"]
    return (
        f"The last term is ${n['a']} + {n['k'] - 1} \\cdot {n['d']} = {last}$.",
        f"The sum is $\\frac{{{n['k']}}}{{2}} ({n['a']} + {last})$.",
    ), number(Fraction(n["k"] * (n["a"] + last), 2))


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


def _exponential(n: Numbers) -> Work:
    exponent = next((k for k in range(1, 30) if n["b"] ** k == n["m"]), None)
    if exponent is None:
        raise ValueError("not a power of the base")
    return (
        f"Since ${n['m']} = {n['b']}^{{{exponent}}}$, equal bases have equal exponents: ${n['a']}x "
        f"{signed(n['c']).strip()} = {exponent}$.",
        f"So $x = \\frac{{{exponent} - ({n['c']})}}{{{n['a']}}}$.",
    ), number(Fraction(exponent - n["c"], n["a"]))


def _absolute(n: Numbers) -> Work:
    high, low = Fraction(n["c"] - n["b"], n["a"]), Fraction(-n["c"] - n["b"], n["a"])
    return (
        f"Either ${n['a']}x {signed(n['b']).strip()} = {n['c']}$, so $x = {high}$,",
        f"or ${n['a']}x {signed(n['b']).strip()} = -{n['c']}$, so $x = {low}$.",
    ), number(high * low)


def _remainder(n: Numbers) -> Work:
    k = n["k"]
    value = k**3 + n["a"] * k * k + n["b"] * k + n["c"]
    return (
        f"The remainder is the value of the polynomial at $x = {k}$.",
        f"That is ${k}^3 + ({n['a']}) \\cdot {k}^2 + ({n['b']}) \\cdot {k} + ({n['c']})$.",
    ), number(value)


def _double_root(n: Numbers) -> Work:
    return (
        f"One solution means that the discriminant vanishes: ${n['b']}^2 - 4 \\cdot {n['a']} k = 0$.",
        f"So $k = \\frac{{{n['b'] ** 2}}}{{{4 * n['a']}}}$.",
    ), number(Fraction(n["b"] ** 2, 4 * n["a"]))


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


def _modulus(n: Numbers) -> Work:
    square = n["a"] ** 2 + n["b"] ** 2
    return (
        f"The modulus is $\\sqrt{{{n['a']}^2 + ({n['b']})^2}}$.",
        f"Under the root stands ${square}$.",
    ), surd(1, square)


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
        "composition of functions",
        ("functions",),
        1,
        {"a": (2, 15), "b": (-25, 25), "c": (-25, 25), "k": (2, 12)},
        (
            "Let $f(x) = <a>x <b:+>$ and $g(x) = x^2 <c:+>$.",
            "<who>'s machine replaces a number $x$ by $f(x) = <a>x <b:+>$, while the machine of <who2> replaces "
            "it by $g(x) = x^2 <c:+>$.",
        ),
        ("Evaluate $f(g(<k>))$.", "What is $f(g(<k>))$?", "Find the value of $f(g(<k>))$ for <who3>."),
        _composition,
        fits=lambda n: n["b"] != 0 and n["c"] != 0,
    ),
    Kind(
        "expansion",
        ("polynomials", "arithmetic"),
        1,
        {"a": (2, 15), "b": (-19, 19), "p": (2, 15), "q": (-19, 19)},
        (
            "A rectangle drawn by <who> has the sides $<a>x <b:+>$ and $<p>x <q:+>$.",
            "<who> multiplies the binomial $<a>x <b:+>$ by the binomial $<p>x <q:+>$.",
        ),
        ("Expand the product of the two expressions.", "Write the product as a polynomial in $x$ without brackets."),
        _expand,
        fits=lambda n: n["b"] != 0 and n["q"] != 0,
    ),
    Kind(
        "arithmetic series",
        ("sequences", "time"),
        1,
        {"a": (1, 60), "d": (2, 25), "k": (6, 60)},
        (
            "<who> saves <a> coins in the first week and in every later week <d> coins more than in the week "
            "before, for <k> weeks.",
            "A theatre in <town2> has <k> rows; the first row has <a> seats and each further row has <d> seats "
            "more, as <who> noticed.",
            "An arithmetic sequence that <who> studies starts with $<a>$, has the common difference $<d>$, and "
            "is cut off after $<k>$ terms.",
        ),
        ("What is the sum of all these numbers?", "How large is the total?"),
        _arithmetic_series,
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
        "exponential equation",
        ("exponents", "logs"),
        2,
        {"b": (2, 9), "a": (2, 15), "c": (-30, 30), "k": (2, 10)},
        (
            "<who> claims that $<b>^{<a>x <c:+>} = <m>$ holds for just one real number $x$.",
            "A dial in the workshop of the <job> <who> shows a number $x$ with $<b>^{<a>x <c:+>} = <m>$.",
        ),
        ("Solve for $x$.", "Which $x$ is this?"),
        _exponential,
        fits=lambda n: n["c"] != 0 and n["k"] != n["c"] and n["m"] < 100_000,
        derive=lambda n: {**n, "m": n["b"] ** n["k"]},
    ),
    Kind(
        "absolute value equation",
        ("functions", "inequalities", "linear"),
        1,
        {"a": (2, 9), "b": (-30, 30), "c": (2, 60)},
        (
            "Exactly two real numbers satisfy $|<a>x <b:+>| = <c>$, as <who> found.",
            "On a number line <who> marks both solutions of $|<a>x <b:+>| = <c>$.",
        ),
        ("What is their product?", "Compute the product of the two numbers."),
        _absolute,
        fits=lambda n: n["b"] != 0,
    ),
    Kind(
        "polynomial remainder",
        ("polynomials",),
        2,
        {"a": (-12, 12), "b": (-12, 12), "c": (-40, 40), "k": (2, 9)},
        (
            "The polynomial $x^3 <a:+>x^2 <b:+>x <c:+>$ is divided by $x - <k>$.",
            "<who> divides $x^3 <a:+>x^2 <b:+>x <c:+>$ by the linear factor $x - <k>$ while <who2> keeps score.",
        ),
        ("What is the remainder?", "Find the remainder of this division."),
        _remainder,
        fits=lambda n: abs(n["a"]) > 1 and abs(n["b"]) > 1 and n["c"] != 0,
    ),
    Kind(
        "double root",
        ("quadratic",),
        2,
        {"a": (2, 15), "b": (3, 60)},
        (
            "For a certain number $k$ the equation $<a>x^2 - <b>x + k = 0$ has exactly one real solution.",
            "<who> chooses $k$ so that the parabola $y = <a>x^2 - <b>x + k$ only touches the horizontal axis.",
        ),
        ("What is $k$?", "Determine the value of $k$."),
        _double_root,
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
        "modulus",
        ("complex", "radicals"),
        1,
        {"a": (2, 30), "b": (-30, 30)},
        (
            "A complex number $z = <a> <b:+>i$ is plotted by <who>.",
            "In an electric circuit built by the <job> <who>, the impedance is $<a> <b:+>i$.",
        ),
        ("What is its modulus?", "Find its absolute value, as a radical if necessary."),
        _modulus,
        fits=lambda n: abs(n["b"]) > 1,
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
)
