"""What an accepted pair costs when sampling goes by yield, beside uniform sampling, in one run of each.

    python tests/benchmarks/yield_aware.py                 # some minutes
    python tests/benchmarks/yield_aware.py --pairs 300     # quick; there is less to learn from

The sandbox knows little of a share of the subjects: most of its problems there are flawed, and the judges find out.
Both runs have the same seeds, target and quotas. Cost is in tokens, as the ledger has them, of all that was asked for
on the way to the last pair, also what came to nothing. Few seeds have few good combinations, so name a larger file
than the demo's for a longer run. Rehearsal figures: they show what sampling does where pass rates differ, and say
nothing about any model.
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
from pathlib import Path
from typing import NamedTuple

from tests.rehearsal import command, content, opened, rehearsal, write_toml


class Outcome(NamedTuple):
    """What a run paid, and for what."""

    pairs: int
    combinations: int
    """Those before the end of the dataset."""
    calls: int
    tokens: int
    halves: tuple[float, float]
    """Tokens a pair in the first half of the combinations and in the second."""

    def line(self, policy: str, beside: int) -> str:
        """The outcome as a row; `beside`: the tokens of uniform."""
        early, late = self.halves
        rate = self.pairs / self.combinations
        return (
            f"{policy:<9}{self.pairs:>7,} pairs of {self.combinations:>6,} combinations ({rate:.1%})"
            f"{self.calls / self.pairs:>7.1f} calls{self.tokens / self.pairs:>8,.0f} tokens a pair"
            f" ({early:,.0f} early, {late:,.0f} late)  {self.tokens / beside:.2f} of uniform"
        )


def measure(policy: str, arguments: argparse.Namespace) -> Outcome:
    """Run the pipeline under a policy and count."""
    switches = (f"--weak-subjects={arguments.weak}", "--wrong-solutions=0.2", "--noisy-judges=0.05")
    with tempfile.TemporaryDirectory() as folder, rehearsal(*switches) as server:
        work = Path(folder, "work")
        made = content(work, server.url, arguments.pairs, sample={"policy": policy})
        made["endpoints"]["rehearsal"]["concurrency"] = 64
        if arguments.seeds:
            problem, solution = arguments.columns
            made["seeds"] = [
                {"path": str(arguments.seeds.resolve()), "columns": {"problem": problem, "solution": solution}}
            ]
        ended = subprocess.run(command("run", write_toml(Path(folder, "settings.toml"), made)), capture_output=True)
        if ended.returncode:
            raise SystemExit(ended.stderr.decode())
        with opened(work) as store:
            pairs = store.rows("SELECT position FROM pairs ORDER BY position, sample LIMIT ?", [arguments.pairs])
            last = pairs[-1][0]
            middle = last // 2
            calls, tokens, early = store.rows(PAID, [last, middle])[0]
    before = sum(position <= middle for (position,) in pairs)
    halves = early / before, (tokens - early) / (len(pairs) - before)
    return Outcome(len(pairs), last + 1, calls, tokens, halves)


PAID = """
    WITH owners AS (
        SELECT id, id AS problem_id FROM problems
        UNION ALL SELECT id, problem_id FROM reviews
        UNION ALL SELECT id, problem_id FROM solutions
        UNION ALL SELECT id, problem_id FROM grades)
    SELECT count(*), sum(input_tokens + output_tokens)::BIGINT,
        (sum(input_tokens + output_tokens) FILTER (c.position <= ?2))::BIGINT
    FROM calls k JOIN owners o ON o.id = k.subject_id JOIN problems p ON p.id = o.problem_id
    JOIN combinations c ON c.id = p.combination_id
    WHERE c.position <= ?1"""


def main() -> None:
    """Both policies, side by side."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=1500)
    parser.add_argument("--weak", type=float, default=0.5, help="share of the subjects with mostly flawed problems")
    parser.add_argument("--seeds", type=Path, help="a seed file; the demo's if left out")
    parser.add_argument("--columns", nargs=2, default=["problem", "solution"], metavar=("PROBLEM", "SOLUTION"))
    arguments = parser.parse_args()
    beside = 0
    for policy in ("uniform", "yield"):
        found = measure(policy, arguments)
        beside = beside or found.tokens
        print(found.line(policy, beside), flush=True)


if __name__ == "__main__":
    main()
