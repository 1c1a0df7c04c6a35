r"""How many rows of the tables of answers are right, ours beside bare math-verify, kind by kind.

    python -m tests.benchmarks.answer_tables            # every table
    python -m tests.benchmarks.answer_tables --wrong    # and the rows that ours gets wrong, but for the blind ones

math-verify is asked as its README says, the answers between dollars, gold first; it knows no third outcome, so a row
that is expected to be unknown counts as right for it where it says different.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
from collections import defaultdict
from collections.abc import Iterator, Sequence

from tasks.answers.equivalence import Equivalence, check_all
from tests.benchmarks.equivalence import bare
from tests.support.answers_that_agree import SAME
from tests.support.answers_that_differ import DIFFERENT, UNKNOWN
from tests.support.answers_that_look_alike import ROWS as ALIKE
from tests.support.answers_written_blind import AGAIN
from tests.support.answers_written_blind import ROWS as BLIND
from tests.support.answers_written_blind_later import ROWS as LATER

Row = tuple[str, str, str, str]
"""Table, two answers, and what is expected."""


def tables() -> Iterator[Row]:
    """Every row of every table, under the table's name."""
    for outcome, rows in (("same", SAME), ("different", DIFFERENT), ("unknown", UNKNOWN)):
        yield from (("first tables", a, b, outcome) for a, b, _ in rows)
    yield from ((f"alike: {kind}", a, b, outcome) for kind, a, b, outcome, _ in ALIKE)
    yield from (("blind, first", a, b, outcome) for _, a, b, outcome, _ in BLIND)
    yield from (("blind, later", a, b, outcome) for _, a, b, outcome, _ in LATER)
    yield from (("blind, again", a, b, outcome) for _, a, b, outcome, _ in AGAIN)


def theirs(a: str, b: str) -> str:
    """math-verify's verdict; what it fails on is different to it."""
    try:
        return bare(a, b)
    except Exception:
        return "different"


def score(found: Sequence[str], expected: Sequence[str], third: bool) -> str:
    """Right rows and wrong "same"s."""
    wanted = expected if third else ["same" if outcome == "same" else "different" for outcome in expected]
    right = sum(x == y for x, y in zip(found, wanted, strict=True))
    wrong = sum(x == "same" != y for x, y in zip(found, wanted, strict=True))
    return f"{right:>5} {right / len(wanted):>6.1%}   wrong same {wrong:>3}"


def main() -> None:
    """Print a line for each table and one for all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--wrong", action="store_true", help="also print the rows that ours gets wrong")
    show = parser.parse_args().wrong
    logging.disable(logging.ERROR)
    rows = list(tables())
    with Equivalence() as equivalence:
        ours = [v.outcome for v in asyncio.run(check_all([(a, b) for _, a, b, _ in rows], equivalence))]
    others = [theirs(a, b) for _, a, b, _ in rows]
    places: dict[str, list[int]] = defaultdict(list)
    for place, row in enumerate(rows):
        places[row[0]].append(place)
    print(f"{'table':<20}{'rows':>6}   {'ours':<30}math-verify")
    for name, chosen in [*places.items(), ("all", list(range(len(rows))))]:
        expected = [rows[place][3] for place in chosen]
        mine = score([ours[place] for place in chosen], expected, third=True)
        print(f"{name:<20}{len(chosen):>6}   {mine:<30}{score([others[place] for place in chosen], expected, False)}")
    for (name, a, b, outcome), said in zip(rows, ours, strict=True):
        if show and said != outcome and not name.startswith("blind"):
            print(f"{name:<20} {a!r} {b!r}: {outcome} expected, {said} found")


if __name__ == "__main__":
    main()
