"""Kinds of everyday problems: money, rates, percents, averages, mixtures, ages, fractions."""

from __future__ import annotations

from fractions import Fraction

from deployments.sandbox.answers import decimal, money, number, percent
from deployments.sandbox.grammar.kind import Kind, Numbers, Work


def _purchase(n: Numbers) -> Work:
    first, second = n["a"] * n["p"], n["b"] * n["q"]
    return (
        f"The first purchase costs ${n['a']} \\times {n['p']} = {first}$ cents.",
        f"The second costs ${n['b']} \\times {n['q']} = {second}$ cents.",
        f"Together that makes ${first} + {second} = {first + second}$ cents.",
    ), money(first + second)


def _change(n: Numbers) -> Work:
    spent = n["a"] * n["p"]
    return (
        f"The price is ${n['a']} \\times {n['p']} = {spent}$ dollars.",
        f"The change is ${n['b']} - {spent} = {n['b'] - spent}$ dollars.",
    ), number(n["b"] - spent)


def _profit(n: Numbers) -> Work:
    income, cost = n["a"] * n["p"], n["c"] + n["a"] * n["q"]
    return (
        f"Revenue is ${n['a']} \\cdot {n['p']} = {income}$.",
        f"Costs are ${n['c']} + {n['a']} \\cdot {n['q']} = {cost}$.",
        f"Profit is ${income} - {cost} = {income - cost}$.",
    ), number(income - cost)


def _unit_rate(n: Numbers) -> Work:
    rate = Fraction(n["a"], n["b"])
    return (
        f"One minute yields $\\frac{{{n['a']}}}{{{n['b']}}}$ pieces.",
        f"So ${n['c']}$ minutes yield $\\frac{{{n['a']} \\cdot {n['c']}}}{{{n['b']}}}$.",
    ), number(rate * n["c"])


def _overtime(n: Numbers) -> Work:
    regular, extra = 40 * n["p"], Fraction(3, 2) * n["p"] * (n["h"] - 40)
    return (
        f"The first 40 hours pay $40 \\cdot {n['p']} = {regular}$.",
        f"The other ${n['h'] - 40}$ hours pay one and a half times as much, that is ${extra}$.",
    ), decimal(regular + extra)


def _average_speed(n: Numbers) -> Work:
    value = Fraction(2 * n["a"] * n["b"], n["a"] + n["b"])
    return (
        f"Over a distance $d$ each way the time is $\\frac{{d}}{{{n['a']}}} + \\frac{{d}}{{{n['b']}}}$.",
        f"The mean is $\\frac{{2 \\cdot {n['a']} \\cdot {n['b']}}}{{{n['a']} + {n['b']}}}$.",
    ), number(value)


def _meeting(n: Numbers) -> Work:
    closing = n["a"] + n["b"]
    return (
        f"They approach each other at ${n['a']} + {n['b']} = {closing}$ km per hour.",
        f"The time is the distance over that, $\\frac{{{n['d']}}}{{{closing}}}$ hours.",
    ), number(Fraction(n["d"], closing))


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


def _mean(n: Numbers) -> Work:
    total = 5 * n["m"]
    known = n["a"] + n["b"] + n["c"] + n["d"]
    return (
        f"The five values add up to $5 \\cdot {n['m']} = {total}$.",
        f"The four known ones add up to ${known}$, so the last is ${total} - {known}$.",
    ), number(total - known)


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


def _mixture(n: Numbers) -> Work:
    solute = n["a"] * n["p"] + n["b"] * n["q"]
    return (
        f"The solute amounts to $\\frac{{{n['a']} \\cdot {n['p']} + {n['b']} \\cdot {n['q']}}}{{100}}$ litres.",
        f"Divide by ${n['a'] + n['b']}$ litres.",
    ), percent(Fraction(solute, n["a"] + n["b"]))


def _ages(n: Numbers) -> Work:
    younger = Fraction(n["d"], n["k"] - 1) - n["y"]
    return (
        f"Let $x$ be the younger age; then $x + {n['d']} + {n['y']} = {n['k']}(x + {n['y']})$.",
        f"So $x + {n['y']} = \\frac{{{n['d']}}}{{{n['k'] - 1}}}$.",
    ), number(younger)


def _together(n: Numbers) -> Work:
    return (
        f"The rates add: $\\frac{{1}}{{{n['a']}}} + \\frac{{1}}{{{n['b']}}} = \\frac{{{n['a'] + n['b']}}}"
        f"{{{n['a'] * n['b']}}}$.",
        "The time is the reciprocal of this sum.",
    ), number(Fraction(n["a"] * n["b"], n["a"] + n["b"]))


def _interest(n: Numbers) -> Work:
    gain = Fraction(n["p"] * n["r"] * n["t"], 100)
    return (
        f"Each year adds ${n['p']} \\cdot \\frac{{{n['r']}}}{{100}}$ dollars.",
        f"After ${n['t']}$ years the balance is ${n['p']} + {gain}$.",
    ), money((n["p"] + gain) * 100)


def _coins(n: Numbers) -> Work:
    dimes = n["n"] - n["a"]
    return (
        f"If all ${n['n']}$ coins were nickels they would be worth ${5 * n['n']}$ cents.",
        f"Each dime adds 5 cents: $\\frac{{{n['v']} - {5 * n['n']}}}{{5}} = {dimes}$ dimes.",
    ), number(Fraction(n["v"], 5) - n["n"])


def _recipe(n: Numbers) -> Work:
    value = Fraction(n["a"] * n["c"], n["b"] * n["d"])
    return (
        f"One portion needs $\\frac{{{n['a']}}}{{{n['b']}}} \\div {n['d']}$ cups.",
        f"Multiply by ${n['c']}$ portions.",
    ), number(value)


def _remaining(n: Numbers) -> Work:
    left = n["t"] * (1 - Fraction(1, n["a"])) * (1 - Fraction(1, n["b"]))
    return (
        f"After the first day $\\frac{{{n['a'] - 1}}}{{{n['a']}}}$ of the pages are left.",
        f"After the second, $\\frac{{{n['b'] - 1}}}{{{n['b']}}}$ of those.",
    ), number(left)


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
        "change",
        ("shopping", "coins", "arithmetic"),
        1,
        {"a": (2, 19), "p": (2, 39), "b": (20, 500)},
        (
            "<who> takes <a> <thing> that cost <p> dollars apiece and hands over <b> dollars to the <job>.",
            "A <job> sells <who> <a> <thing> for <p> dollars each, and <who2> puts <b> dollars on the counter.",
        ),
        (
            "How many dollars come back as change?",
            "Determine the change, in dollars.",
            "How much change, in dollars, is due to <who3>?",
        ),
        _change,
        fits=lambda n: n["b"] - n["a"] * n["p"] > 0,
    ),
    Kind(
        "profit",
        ("shopping",),
        2,
        {"a": (15, 220), "p": (8, 60), "q": (1, 40), "c": (20, 900)},
        (
            "<who> rents a table for <c> dollars, makes <a> <thing> at a cost of <q> dollars each, and sells all of "
            "them for <p> dollars each.",
            "Selling <thing> earns <who> <p> dollars apiece; making one costs <q> dollars, the licence costs <c> "
            "dollars, and <a> pieces are sold.",
        ),
        ("What profit, in dollars, remains?", "How many dollars of profit does this bring to <who3>?"),
        _profit,
        fits=lambda n: n["a"] * (n["p"] - n["q"]) > n["c"],
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
        "overtime",
        ("rates", "measure"),
        2,
        {"p": (9, 60), "h": (41, 70)},
        (
            "As a <job>, <who> earns <p> dollars per hour for the first 40 hours of a week and one and a half "
            "times that wage afterwards, and worked <h> hours.",
            "<who> is paid <p> dollars an hour; every hour beyond 40 counts one and a half times, and the "
            "<job>'s time sheet shows <h> hours.",
        ),
        ("What is the pay for that week, in dollars?", "How many dollars did <who3> note for the week?"),
        _overtime,
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
        "meeting",
        ("motion", "time"),
        1,
        {"a": (20, 120), "b": (20, 120), "d": (60, 900)},
        (
            "Two buses start at the same time, one from <town> at <a> km per hour and one from <town2> at <b> km "
            "per hour, on a road of <d> km, and drive toward each other.",
            "<who> leaves <town> on a motorcycle at <a> km per hour just as <who2> leaves <town2> by car at <b> "
            "km per hour along the same <d> km road, in the opposite direction.",
        ),
        ("After how many hours do they meet?", "How many hours pass until they meet?"),
        _meeting,
        fits=lambda n: n["d"] > n["a"] + n["b"],
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
        "missing value of a mean",
        ("average", "arithmetic"),
        1,
        {"m": (10, 95), "a": (2, 99), "b": (2, 99), "c": (2, 99), "d": (2, 99)},
        (
            "<who>'s five scores have the arithmetic mean <m>, and four of them are <a>, <b>, <c> and <d>.",
            "Five boxes of <thing> hold <m> pieces on average; the first four, packed by <who>, hold <a>, <b>, "
            "<c> and <d>.",
            "The average of the numbers <a>, <b>, <c>, <d> and one more, which <who> has forgotten, equals <m>.",
        ),
        ("What is the fifth value?", "Find the remaining one of the five values.", "Which number is missing?"),
        _mean,
        fits=lambda n: 0 < 5 * n["m"] - n["a"] - n["b"] - n["c"] - n["d"] < 200,
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
        "mixture",
        ("mixture", "percent"),
        2,
        {"a": (2, 48), "b": (2, 48), "p": (5, 90), "q": (5, 90)},
        (
            "The <job> <who> pours <a> litres of a <p>\\% salt solution and <b> litres of a <q>\\% salt solution "
            "into one tank.",
            "<a> litres of juice with <p>\\% sugar are mixed by <who> with <b> litres of juice with <q>\\% sugar.",
        ),
        ("What is the concentration of the result, in percent?", "How strong, in percent, is the mixture?"),
        _mixture,
        fits=lambda n: n["p"] != n["q"] and (100 * (n["a"] * n["p"] + n["b"] * n["q"])) % (n["a"] + n["b"]) == 0,
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
        "working together",
        ("rates", "fractions"),
        2,
        {"a": (2, 60), "b": (2, 60)},
        (
            "<who> alone can paint a fence in <a> hours, while <who2> alone needs <b> hours for it.",
            "One pipe fills the tank of the <job> <who> in <a> hours and another pipe fills it in <b> hours.",
        ),
        (
            "How many hours does it take when both work together?",
            "Working together, in how many hours is the job done?",
        ),
        _together,
        fits=lambda n: n["a"] != n["b"],
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
        "nickels and dimes",
        ("coins", "linear"),
        2,
        {"n": (8, 90), "a": (2, 80)},
        (
            "A jar in <who>'s kitchen holds <n> coins, all nickels and dimes, worth <v> cents in total.",
            "The <job> <who> counted <n> coins, only nickels and dimes, and their value was <v> cents.",
        ),
        ("How many dimes are there?", "Find the number of dimes."),
        lambda n: _coins({**n, "a": 2 * n["n"] - n["v"] // 5}),
        fits=lambda n: n["a"] < n["n"],
        derive=lambda n: {"n": n["n"], "a": n["a"], "v": 5 * n["a"] + 10 * (n["n"] - n["a"])},
    ),
    Kind(
        "recipe",
        ("mixture", "fractions", "ratio"),
        1,
        {"a": (1, 11), "b": (2, 9), "c": (2, 30), "d": (2, 12)},
        (
            "A recipe from <town2> needs $\\frac{<a>}{<b>}$ cups of flour for <d> portions, and <who> wants to "
            "make <c> portions.",
            "For <d> servings of soup <who> takes $\\frac{<a>}{<b>}$ cups of lentils; <who2> has invited guests "
            "and needs <c> servings.",
        ),
        ("How many cups are needed?", "Find the required number of cups."),
        _recipe,
        fits=lambda n: n["a"] != n["b"] and n["c"] != n["d"] and Fraction(n["a"], n["b"]).denominator == n["b"],
    ),
    Kind(
        "what remains",
        ("fractions", "arithmetic"),
        1,
        {"t": (60, 960), "a": (2, 9), "b": (2, 9)},
        (
            "<who> reads $\\frac{1}{<a>}$ of a book of <t> pages on the first day and $\\frac{1}{<b>}$ of the "
            "rest on the second.",
            "Of <t> <thing>, the <job> <who> gives away $\\frac{1}{<a>}$ and later $\\frac{1}{<b>}$ of what remains.",
        ),
        ("How many are left?", "What number remains after that?"),
        _remaining,
        fits=lambda n: n["t"] % (n["a"] * n["b"]) == 0,
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
