"""Kinds of counting and probability."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from math import comb, factorial, prod

from deployments.sandbox.answers import number
from deployments.sandbox.grammar.kind import Kind, Numbers, Work


def _committee(n: Numbers) -> Work:
    first, second = comb(n["a"], n["k"]), comb(n["b"], n["j"])
    return (
        f"The first choice has $\\binom{{{n['a']}}}{{{n['k']}}} = {first}$ ways.",
        f"The second has $\\binom{{{n['b']}}}{{{n['j']}}} = {second}$ ways; multiply.",
    ), number(first * second)


def _beads(n: Numbers) -> Work:
    total = n["a"] + n["b"] + n["c"]
    ways = factorial(total) // prod(factorial(n[k]) for k in "abc")
    return (
        f"There are ${total}$ places in the row.",
        f"The count is $\\frac{{{total}!}}{{{n['a']}! \\, {n['b']}! \\, {n['c']}!}}$.",
    ), number(ways)


def _dice(n: Numbers) -> Work:
    hits = sum(1 for x in range(1, n["a"] + 1) for y in range(1, n["b"] + 1) if x + y == n["s"])
    return (
        f"There are ${n['a']} \\cdot {n['b']} = {n['a'] * n['b']}$ equally likely outcomes.",
        f"The sum is right in ${hits}$ of them.",
    ), number(Fraction(hits, n["a"] * n["b"]))


def _same_colour(n: Numbers) -> Work:
    total = comb(n["a"] + n["b"], 2)
    hits = comb(n["a"], 2) + comb(n["b"], 2)
    return (
        f"Two pieces can be drawn in ${total}$ ways.",
        f"They match in $\\binom{{{n['a']}}}{{2}} + \\binom{{{n['b']}}}{{2}} = {hits}$ ways.",
    ), number(Fraction(hits, total))


def _either(n: Numbers) -> Work:
    return (
        f"At least one holds for ${n['a']} + {n['b']} - {n['c']}$ people.",
        f"Subtract this from ${n['n']}$.",
    ), number(n["n"] - n["a"] - n["b"] + n["c"])


def _paths(n: Numbers) -> Work:
    return (
        f"Each route has ${n['a'] + n['b']}$ steps, of which ${n['a']}$ go east.",
        f"The number is $\\binom{{{n['a'] + n['b']}}}{{{n['a']}}}$.",
    ), number(comb(n["a"] + n["b"], n["a"]))


def _sharing(n: Numbers) -> Work:
    return (
        f"Put ${n['k'] - 1}$ bars between ${n['a']}$ stars.",
        f"That is $\\binom{{{n['a'] + n['k'] - 1}}}{{{n['k'] - 1}}}$.",
    ), number(comb(n["a"] + n["k"] - 1, n["k"] - 1))


def _expected(n: Numbers) -> Work:
    total = n["a"] + n["b"] + n["c"]
    value = Fraction(n["a"] * n["x"] + n["b"] * n["y"], total)
    return (
        f"The chances of the two prizes are $\\frac{{{n['a']}}}{{{total}}}$ and $\\frac{{{n['b']}}}{{{total}}}$.",
        "Add the prizes, each times its chance.",
    ), number(value)


def _binomial(n: Numbers) -> Work:
    p = Fraction(n["p"], n["q"])
    if not 0 < p < 1:
        raise ValueError("no probability")
    value = comb(n["n"], n["k"]) * p ** n["k"] * (1 - p) ** (n["n"] - n["k"])
    return (
        f"There are $\\binom{{{n['n']}}}{{{n['k']}}} = {comb(n['n'], n['k'])}$ orders.",
        f"Each has the probability $({p})^{{{n['k']}}} ({1 - p})^{{{n['n'] - n['k']}}}$.",
    ), number(value)


def _round_table(n: Numbers) -> Work:
    return (
        f"Treat the couple as one: ${n['n'] - 1}$ units sit in a circle in ${n['n'] - 2}!$ ways.",
        "The couple can be swapped.",
    ), number(2 * factorial(n["n"] - 2))


def _subsets(n: Numbers) -> Work:
    return (
        f"Without the condition there are $2^{{{n['n']}}}$ choices.",
        f"Those that avoid all ${n['k']}$ special ones number $2^{{{n['n'] - n['k']}}}$; subtract them.",
    ), number(2 ** n["n"] - 2 ** (n["n"] - n["k"]))


def _at_least_one(n: Numbers) -> Work:
    miss = Fraction(n["q"] - n["p"], n["q"])
    if not 0 < miss < 1:
        raise ValueError("no probability")
    return (
        f"All ${n['k']}$ attempts fail with probability $\\left({miss}\\right)^{{{n['k']}}}$.",
        "Take the complement.",
    ), number(1 - miss ** n["k"])


def _pigeonhole(n: Numbers) -> Work:
    least = n["k"] * (n["m"] - 1) + 1
    return (
        f"With ${n['k'] * (n['m'] - 1)}$ pieces there could still be only ${n['m'] - 1}$ of each colour.",
        "One more decides it.",
    ), number(least)


def _letters(n: Numbers) -> Work:
    digits = Counter(str(n["w"]))
    ways = factorial(sum(digits.values())) // prod(factorial(v) for v in digits.values())
    return (
        f"There are ${sum(digits.values())}$ digits, some of them equal.",
        "Divide the factorial by the orders of equal digits.",
    ), number(ways)


KINDS = (
    Kind(
        "committee",
        ("counting", "polynomials"),
        1,
        {"a": (5, 16), "b": (5, 16), "k": (2, 5), "j": (2, 5)},
        (
            "From <a> bakers and <b> tailors of <town2>, <who> chooses a council of <k> bakers and <j> tailors.",
            "A playlist by <who> needs <k> of <a> songs from <town> and <j> of <b> songs from <town2>, in any order.",
        ),
        ("How many choices are possible?", "In how many ways can this be done?"),
        _committee,
        fits=lambda n: n["k"] < n["a"] and n["j"] < n["b"],
    ),
    Kind(
        "beads in a row",
        ("counting", "factorial"),
        2,
        {"a": (1, 7), "b": (1, 7), "c": (2, 7)},
        (
            "<who> threads <a> red, <b> green and <c> white beads on a straight wire; beads of one colour look alike.",
            "A shelf in the <venue2> gets <a> equal atlases, <b> equal novels and <c> equal cookbooks, placed by "
            "<who>.",
        ),
        ("How many different rows are possible?", "In how many distinguishable orders can they stand?"),
        _beads,
    ),
    Kind(
        "sum of two dice",
        ("probability",),
        1,
        {"a": (4, 20), "b": (4, 20), "s": (3, 30)},
        (
            "<who> rolls a fair die with faces 1 to <a> and a fair die with faces 1 to <b>, hoping for the sum <s>.",
            "In a board game from <town2>, a player named <who> moves on if a fair <a>-sided die and a fair "
            "<b>-sided die show <s> in total.",
        ),
        ("What is the probability of this?", "Find the probability as a common fraction."),
        _dice,
        fits=lambda n: n["s"] < n["a"] + n["b"],
    ),
    Kind(
        "two of one colour",
        ("probability", "counting"),
        2,
        {"a": (2, 25), "b": (2, 25)},
        (
            "A bag held by <who> contains <a> red and <b> blue marbles, and two are drawn without replacement.",
            "In <who>'s drawer lie <a> grey socks and <b> black socks; two are taken in the dark.",
        ),
        ("How likely is it that both have the same colour?", "What is the probability of a matching pair?"),
        _same_colour,
    ),
    Kind(
        "neither of two",
        ("sets", "counting"),
        1,
        {"n": (40, 600), "a": (10, 400), "b": (10, 400), "c": (2, 200)},
        (
            "Of <n> members of <group2>, <a> speak French, <b> speak Arabic and <c> speak both, as <who> found out.",
            "<who> asked <n> people in <town2>: <a> own a bicycle, <b> own a canoe, and <c> own both.",
        ),
        ("To how many does neither apply?", "How many have neither?"),
        _either,
        fits=lambda n: n["c"] < min(n["a"], n["b"]) and n["a"] + n["b"] - n["c"] < n["n"],
    ),
    Kind(
        "grid paths",
        ("counting",),
        1,
        {"a": (2, 12), "b": (2, 12)},
        (
            "In the street grid of <town2>, the school is <a> blocks east and <b> blocks north of <who>'s home.",
            "A robot built by <who> must go <a> cells to the east and <b> cells to the north, one cell at a time.",
        ),
        ("How many shortest routes are there?", "How many different shortest paths can be taken?"),
        _paths,
    ),
    Kind(
        "stars and bars",
        ("counting",),
        2,
        {"a": (4, 30), "k": (3, 7)},
        (
            "<who> hands out <a> identical coins to <k> children, and some of them may get nothing.",
            "Counting solutions of $x_1 + \\dots + x_{<k>} = <a>$ in nonnegative integers is a hobby of <who>.",
        ),
        ("In how many ways is this possible?", "How many ways or solutions are there?"),
        _sharing,
    ),
    Kind(
        "expected prize",
        ("probability", "average"),
        2,
        {"a": (1, 20), "b": (1, 20), "c": (2, 60), "x": (2, 90), "y": (2, 90)},
        (
            "A drum at the fair of <town2> holds <a> tickets worth <x> dollars, <b> tickets worth <y> dollars "
            "and <c> blanks; <who> draws one.",
            "<who>'s lottery has <a> winning slips of <x> dollars, <b> winning slips of <y> dollars, and <c> "
            "slips without any prize.",
        ),
        ("What is the expected value of one draw, in dollars?", "Find the expected gain of a single draw, in dollars."),
        _expected,
        fits=lambda n: n["x"] != n["y"],
    ),
    Kind(
        "exactly so many",
        ("probability",),
        3,
        {"n": (3, 7), "k": (1, 6), "p": (1, 8), "q": (2, 9)},
        (
            "<who> hits a target with probability $\\frac{<p>}{<q>}$ at each of <n> independent shots.",
            "Each of <n> seeds planted by the <job> <who> sprouts with probability $\\frac{<p>}{<q>}$, independently.",
        ),
        ("What is the probability of exactly <k> successes?", "Find the probability that exactly <k> succeed."),
        _binomial,
        fits=lambda n: n["k"] < n["n"] and n["p"] < n["q"] and Fraction(n["p"], n["q"]).denominator == n["q"],
    ),
    Kind(
        "round table",
        ("counting", "factorial"),
        2,
        {"n": (4, 11)},
        (
            "<who> and <who2> insist on sitting side by side at a round table for <n> people of <group2>.",
            "At a circular table in the <venue2> there are <n> guests, among them <who> and <who2>, who must be "
            "neighbours.",
        ),
        ("How many seatings are there, up to rotation?", "Count the arrangements, with rotations considered equal."),
        _round_table,
    ),
    Kind(
        "subsets that meet",
        ("sets", "exponents"),
        2,
        {"n": (5, 16), "k": (1, 7)},
        (
            "A pizza oven in <town2> offers <n> toppings, <k> of them spicy, and <who> wants any selection with "
            "at least one spicy topping.",
            "From <n> different books, <k> of them about <town2>, <who> packs some so that at least one is about "
            "that town.",
        ),
        ("How many selections are possible?", "How many different selections are there?"),
        _subsets,
        fits=lambda n: n["k"] < n["n"],
    ),
    Kind(
        "at least one success",
        ("probability",),
        2,
        {"k": (2, 5), "p": (1, 8), "q": (2, 12)},
        (
            "A ferry to <town2> is late with probability $\\frac{<p>}{<q>}$ on each day, independently, and "
            "<who> takes it on <k> days.",
            "<who> tries a lock <k> times, each try being independent and opening it with probability "
            "$\\frac{<p>}{<q>}$.",
        ),
        ("What is the probability that it happens at least once?", "Find the chance of at least one occurrence."),
        _at_least_one,
        fits=lambda n: n["p"] < n["q"] and Fraction(n["p"], n["q"]).denominator == n["q"],
    ),
    Kind(
        "pigeonhole",
        ("counting", "logic"),
        1,
        {"k": (3, 40), "m": (2, 30)},
        (
            "A crate of <who>'s contains very many ribbons in <k> colours, and <m> ribbons of one colour are wanted.",
            "Chess pieces of <k> different colours lie in a sack in <town2>; <who> needs <m> pieces of the same "
            "colour.",
        ),
        ("How many must be drawn blindly to be sure?", "What is the least number of draws that guarantees it?"),
        _pigeonhole,
    ),
    Kind(
        "digit rearrangements",
        ("counting", "divisibility"),
        2,
        {"w": (111_111, 9_999_999)},
        (
            "<who> writes each digit of $<w>$ on a card and shuffles the cards.",
            "The digits of the telephone number $<w>$ are permuted by <who> in every possible way.",
        ),
        ("How many different digit strings can be laid?", "How many distinct strings arise?"),
        _letters,
        fits=lambda n: len(set(str(n["w"]))) < len(str(n["w"])),
    ),
)
