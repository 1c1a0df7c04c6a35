"""What an accepted pair costs when sampling goes by yield, beside uniform sampling, in one run of each.

    python tests/benchmarks/yield_aware.py                 # some minutes
    python tests/benchmarks/yield_aware.py --pairs 300     # quick; there is less to learn from

The sandbox knows little of a share of the subjects: most of its problems there are flawed, and the judges find out.
Both runs have the same seeds, target and quotas. The seeds are made: each has points of one subject, and now and then
another. Cost is in tokens, as the ledger has them, of all that was asked for on the way to the last pair, also what
came to nothing. Rehearsal figures: they show what sampling does where pass rates differ, and say nothing about any
model.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

from deployments.sandbox.dice import Dice
from deployments.sandbox.problems import compose
from deployments.sandbox.vocabulary import POINTS
from tests.support.rehearsal import command, content, opened, rehearsal, write_toml

ASTRAY = 0.1
"""Share of a seed's points that are of any subject."""


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


def write_seeds(path: Path, count: int) -> dict[str, Any]:
    """A file of made seeds that carry their points, and what the settings say of it."""
    subjects = sorted({point.subject for point in POINTS})
    with path.open("w", encoding="utf-8") as file:
        for at in range(count):
            dice = Dice("a seed", at)
            subject = dice.pick(subjects)
            near = [point.name for point in POINTS if point.subject == subject]
            points = [
                dice.pick(POINTS).name if dice.chance(ASTRAY) else dice.pick(near) for _ in range(dice.between(2, 4))
            ]
            file.write(json.dumps({"problem": compose(points, dice, 0.0), "points": points}) + "\n")
    return {"path": str(path), "columns": {"points": "points"}}


def measure(policy: str, arguments: argparse.Namespace) -> Outcome:
    """Run the pipeline under a policy and count."""
    switches = (f"--weak-subjects={arguments.weak}", "--wrong-solutions=0.2", "--noisy-judges=0.05")
    with tempfile.TemporaryDirectory() as folder, rehearsal(*switches) as server:
        work, seeds = Path(folder, "work"), write_seeds(Path(folder, "seeds.jsonl"), arguments.seeds)
        made = content(work, server.url, arguments.pairs, sample={"policy": policy}, seeds=[seeds])
        made["endpoints"]["rehearsal"]["concurrency"] = 64
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
    parser.add_argument("--pairs", type=int, default=1000)
    parser.add_argument("--weak", type=float, default=0.5, help="share of the subjects with mostly flawed problems")
    parser.add_argument("--seeds", type=int, default=1500)
    arguments = parser.parse_args()
    beside = 0
    for policy in ("uniform", "yield"):
        found = measure(policy, arguments)
        beside = beside or found.tokens
        print(found.line(policy, beside), flush=True)


if __name__ == "__main__":
    main()
