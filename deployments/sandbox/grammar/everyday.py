"""Kinds of everyday problems: money, rates, percents, averages, mixtures, ages, fractions."""

from __future__ import annotations

from fractions import Fraction

from deployments.sandbox.answers import money, number, percent
from deployments.sandbox.grammar.kind import Kind, Numbers, Work


def _purchase(n: Numbers) -> Work:
    first, second = n["a"] * n["p"], n["b"] * n["q"]
    return (
        f"The first purchase costs ${n['a']} \\times {n['p']} = {first}$ cents.",
        f"The second costs ${n['b']} \\times {n['q']} = {second}$ cents.",
        f"Together that makes ${first} + {second} = {first + second}$ cents.",
    ), money(first + second)


def _unit_rate(n: Numbers) -> Work:
    rate = Fraction(n["a"], n["b"])
    return (
        f"One minute yields $\\frac{{{n['a']}}}{{{n['b']}}}$ pieces.",
        f"So ${n['c']}$ minutes yield $\\frac{{{n['a']} \\cdot {n['c']}}}{{{n['b']}}}$.",
    ), number(rate * n["c"])


def _average_speed(n: Numbers) -> Work:
    value = Fraction(2 * n["a"] * n["b"], n["a"] + n["b"])
    return (
        f"Over a distance $d$ each way the time is $\\frac{{d}}{{{n['a']}}} + \\frac{{d}}{{{n['b']}}}$.",
        f"The mean is $\\frac{{2 \\cdot {n['a']} \\cdot {n['b']}}}{{{n['a']} + {n['b']}}}$.",
    ), number(value)


def _discount(n: Numbers) -> Work:
    sale = Fraction(n["p"] * (100 - n["d"]), 100)
    return (
        f"After the reduction the price is ${n['p']} \\cdot \\frac{{{100 - n['d']}}}{{100}}$ dollars.",
        f"Tax multiplies this by $1 + \\frac{{{n['t']}}}{{100}}$.",
    ), money(sale * (100 + n["t"]))


def _percent_change(n: Numbers) -> Work:
    gain = n["b"] - n["a"]
    return (
        f"The growth is ${n['b']} - {n['a']} = {gain}$.",
        f"Relative to the start this is $\\frac{{{gain}}}{{{n['a']}}}$.",
    ), percent(Fraction(100 * gain, n["a"]))


def _weighted(n: Numbers) -> Work:
    total = n["a"] * n["x"] + n["b"] * n["y"]
    return (
        f"All points together: ${n['a']} \\cdot {n['x']} + {n['b']} \\cdot {n['y']} = {total}$.",
        f"Divide by ${n['a']} + {n['b']} = {n['a'] + n['b']}$ people.",
    ), number(Fraction(total, n["a"] + n["b"]))


def _ratio(n: Numbers) -> Work:
    parts = n["a"] + n["b"]
    return (
        f"There are ${n['a']} + {n['b']} = {parts}$ equal shares.",
        f"One share is $\\frac{{{n['t']}}}{{{parts}}}$; the second person has ${n['b']}$ of them.",
    ), number(Fraction(n["t"] * n["b"], parts))


def _ages(n: Numbers) -> Work:
    younger = Fraction(n["d"], n["k"] - 1) - n["y"]
    return (
        f"Let $x$ be the younger age; then $x + {n['d']} + {n['y']} = {n['k']}(x + {n['y']})$.",
        f"So $x + {n['y']} = \\frac{{{n['d']}}}{{{n['k'] - 1}}}$.",
    ), number(younger)


def _interest(n: Numbers) -> Work:
    gain = Fraction(n["p"] * n["r"] * n["t"], 100)
    return (
        f"Each year adds ${n['p']} \\cdot \\frac{{{n['r']}}}{{100}}$ dollars.",
        f"After ${n['t']}$ years the balance is ${n['p']} + {gain}$.",
    ), money((n["p"] + gain) * 100)


def _doubling(n: Numbers) -> Work:
    periods = n["d"] // n["h"]
    return (
        f"There are $\\frac{{{n['d']}}}{{{n['h']}}} = {periods}$ doublings.",
        f"The colony grows to ${n['a']} \\cdot 2^{{{periods}}}$.",
    ), number(n["a"] * 2**periods)


def _fence(n: Numbers) -> Work:
    width = Fraction(n["p"], 2) - n["a"]
    return (
        f"Half of the fence covers one length and one width, so the width is ${width}$.",
        f"The area is ${n['a']} \\cdot {width}$.",
    ), number(n["a"] * width)


KINDS = (
    Kind(
        "purchase",
        ("shopping", "coins", "arithmetic"),
        1,
        {"a": (2, 29), "b": (2, 29), "p": (15, 999), "q": (15, 999)},
        (
            "<who> buys <a> <thing> at \\$<p:c> each and then <b> <thing2> at \\$<q:c> each.",
            "At a stall in <town2>, one can pay \\$<p:c> apiece for <a> <thing> and \\$<q:c> apiece for <b> "
            "<thing2>, and <who> does both.",
            "The <job> <who> orders <a> <thing>, each priced \\$<p:c>, besides <b> <thing2>, each priced \\$<q:c>.",
        ),
        (
            "How many dollars does <who2> see on the whole bill?",
            "What is the total cost in dollars?",
            "Find the amount to be paid, in dollars.",
        ),
        _purchase,
    ),
    Kind(
        "unit rate",
        ("rates", "arithmetic", "measure"),
        1,
        {"a": (3, 90), "b": (2, 24), "c": (5, 120)},
        (
            "Working steadily, <who> finishes <a> <thing> in <b> minutes.",
            "A machine run by the <job> <who> turns out <a> <thing> every <b> minutes, always at the same rate, "
            "and it is left on by <who2>.",
        ),
        (
            "How many of them are done in <c> minutes?",
            "At this rate, what number is reached after <c> minutes?",
        ),
        _unit_rate,
        fits=lambda n: n["b"] != n["c"] and (n["a"] * n["c"]) % n["b"] == 0,
    ),
    Kind(
        "average speed",
        ("motion", "average", "time"),
        2,
        {"a": (12, 96), "b": (12, 96)},
        (
            "<who> drives from <town> to <town2> at <a> km per hour and returns by the same road at <b> km per hour.",
            "A <job> cycles up a hill near <town2> at a speed of <a> and down the same way at a speed of <b>, "
            "both in km per hour, with <who> following.",
        ),
        (
            "What is the average speed of the round trip, in km per hour?",
            "Find the mean speed over the whole way in km per hour.",
        ),
        _average_speed,
        fits=lambda n: n["a"] != n["b"],
    ),
    Kind(
        "discount and tax",
        ("percent", "shopping"),
        2,
        {"p": (20, 900), "d": (5, 60), "t": (2, 20)},
        (
            "A set of <thing> is marked at <p> dollars; the <job> <who> grants a discount of <d>\\%, and then a "
            "tax of <t>\\% is added.",
            "The list price of a box of <thing> in <town2> is <p> dollars, reduced by <d>\\% for members such as "
            "<who>, and afterwards a <t>\\% sales tax applies.",
        ),
        ("What is finally paid, in dollars?", "Compute the final price in dollars."),
        _discount,
        fits=lambda n: n["p"] * (100 - n["d"]) * (100 + n["t"]) % 100 == 0,
    ),
    Kind(
        "percent change",
        ("percent", "ratio"),
        1,
        {"a": (20, 800), "b": (21, 2000)},
        (
            "The stock of <thing> kept by <who> rose from <a> to <b> within a year.",
            "Last season the <job> <who> sold <a> <thing>; this season it was <b>, all of them in <town2>.",
        ),
        (
            "By what percentage did the number grow?",
            "What is the percent increase?",
        ),
        _percent_change,
        fits=lambda n: n["b"] > n["a"] and (1000 * (n["b"] - n["a"])) % n["a"] == 0,
    ),
    Kind(
        "weighted mean",
        ("average", "mixture"),
        2,
        {"a": (5, 40), "b": (5, 40), "x": (40, 99), "y": (40, 99)},
        (
            "In a test, the <a> pupils of <who> averaged <x> points and the <b> pupils of <who2> averaged <y> points.",
            "A group of <a> people from <town> has a mean score of <x>, and a group of <b> people from <town2> "
            "has a mean score of <y>, as <who> reports.",
        ),
        ("What is the mean of everybody together?", "Find the overall average."),
        _weighted,
        fits=lambda n: n["x"] != n["y"],
    ),
    Kind(
        "sharing in a ratio",
        ("ratio", "fractions"),
        1,
        {"a": (2, 17), "b": (2, 17), "t": (30, 1500)},
        (
            "<who> and <who2> share <t> <thing> in the ratio $<a> : <b>$, in this order.",
            "A prize of <t> dollars is divided between a <job> and <who2> in the ratio $<a> : <b>$, respectively.",
        ),
        ("How much does the second of them receive?", "What is the second one's share?"),
        _ratio,
        fits=lambda n: n["a"] != n["b"] and n["t"] % (n["a"] + n["b"]) == 0,
    ),
    Kind(
        "ages",
        ("ages", "linear"),
        2,
        {"d": (4, 60), "k": (2, 6), "y": (1, 15)},
        (
            "<who> is <d> years older than <who2>, and in <y> years <who> will be <k> times as old as <who2>.",
            "A <job> is <d> years older than a pupil named <who2>; after <y> years the older one will have "
            "exactly <k> times the age of the younger one, says <who>.",
        ),
        ("How old is the younger one now?", "What is the younger person's present age?"),
        _ages,
        fits=lambda n: n["d"] % (n["k"] - 1) == 0 and n["d"] // (n["k"] - 1) > n["y"],
    ),
    Kind(
        "simple interest",
        ("interest", "percent"),
        1,
        {"p": (100, 9000), "r": (1, 12), "t": (2, 15)},
        (
            "<who> puts <p> dollars into an account in <town2> with simple interest of <r>\\% a year and leaves "
            "it for <t> years.",
            "A sum of <p> dollars earns <r>\\% simple interest per year for <t> years, which the <job> <who> arranged.",
        ),
        ("What is the balance at the end, in dollars?", "How many dollars are there in the end?"),
        _interest,
    ),
    Kind(
        "doubling",
        ("exponents", "arithmetic", "sequences"),
        1,
        {"a": (3, 90), "h": (2, 12), "d": (6, 96)},
        (
            "A colony of <a> cells in <who>'s dish doubles every <h> hours, and the <job> looks again after <d> hours.",
            "The number of <thing> in a game played by <who> starts at <a> and doubles after every <h> minutes; "
            "the game lasts <d> minutes.",
        ),
        ("What number is reached at that time?", "How many are there then?"),
        _doubling,
        fits=lambda n: n["d"] % n["h"] == 0 and 2 <= n["d"] // n["h"] <= 9,
    ),
    Kind(
        "fence",
        ("measure", "area"),
        1,
        {"p": (20, 400), "a": (3, 150)},
        (
            "<who> uses exactly <p> metres of fence for a rectangular garden in <town2> whose length is <a> metres.",
            "A rectangular hall of the <job> <who> has a perimeter of <p> metres, and one of its sides measures "
            "<a> metres.",
        ),
        ("What is its area in square metres?", "Find the enclosed area, in square metres."),
        _fence,
        fits=lambda n: n["p"] % 2 == 0 and n["p"] // 2 > n["a"] + 1,
    ),
)
