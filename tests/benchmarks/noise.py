"""Noise in, noise out: how many wrong pairs the true pipeline publishes when the models err, and what it keeps.

    python tests/benchmarks/noise.py                       # about ten minutes
    python tests/benchmarks/noise.py --pairs 200           # quick, and coarse

The sandbox writes flawed problems (20 %), wrong solutions (30 %; its strong solver 10 %) and judges wrongly (15 %,
each judge on its own); then one of the three judges besides always says yes, or believes whatever it reads. It knows
the truth of what it wrote: a pair is wrong when its problem has a flaw or its answer is not the problem's. Kept is
the share of the sound problems before the dataset's end that are published rightly. Rehearsal figures: they measure
the gates, and say nothing about any model. The interval is Wilson's, of 95 %.
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
from pathlib import Path
from typing import NamedTuple

from deployments.sandbox.answers import agrees, last_box
from deployments.sandbox.problems import read
from graph.shares import wilson
from tests.support.rehearsal import command, content, opened, rehearsal, write_toml

NOISE = ("--bad-problems=0.2", "--wrong-solutions=0.3", "--noisy-judges=0.15")
SCENES = {
    "independent": (),
    "judge 1 always says yes": ("--yes-judge=1",),
    "judge 3 always says yes": ("--yes-judge=3",),
    "judge 1 copies claims": ("--credulous-judge=1",),
}


class Outcome(NamedTuple):
    """What a run published, by the truth."""

    pairs: int
    flawed: int
    """Pairs whose problem has a flaw."""
    wrong: int
    """Pairs of a sound problem with a wrong answer."""
    sound: int
    """Sound problems that were composed before the dataset's end."""
    calls: int

    def line(self) -> str:
        """The outcome as a row."""
        bad = self.flawed + self.wrong
        low, high = wilson(bad, self.pairs)
        kept = (self.pairs - bad) / self.sound
        return (
            f"{bad:>4} of {self.pairs:,} wrong = {bad / self.pairs:.2%} [{low:.2%}, {high:.2%}]  "
            f"({self.flawed} flawed, {self.wrong} wrong answers)  kept {kept:.1%} of {self.sound:,} sound  "
            f"{self.calls / self.pairs:.1f} calls a pair"
        )


def is_sound(problem: str) -> bool:
    """Whether the sandbox wrote a problem without a flaw."""
    reading = read(problem)
    return reading is not None and reading.flaw is None and reading.truth is not None


def is_right(problem: str, solution: str) -> bool:
    """Whether a solution's answer is the problem's."""
    reading, boxed = read(problem), last_box(solution)
    return bool(reading and reading.truth and boxed and agrees(reading.truth, boxed))


def measure(preset: str, switches: tuple[str, ...], pairs: int) -> Outcome:
    """Run the pipeline and count by the truth."""
    with tempfile.TemporaryDirectory() as folder, rehearsal(*NOISE, *switches) as server:
        made = content(Path(folder, "work"), server.url, pairs, preset=preset)
        made["endpoints"]["rehearsal"]["concurrency"] = 64
        settings = write_toml(Path(folder, "settings.toml"), made)
        ended = subprocess.run(command("run", settings), capture_output=True, text=True)
        if ended.returncode:
            raise SystemExit(ended.stderr)
        with opened(Path(folder, "work")) as store:
            published = store.rows("SELECT problem, solution FROM pairs ORDER BY position, sample LIMIT ?", [pairs])
            composed = store.rows(
                """SELECT text FROM problems m JOIN combinations c ON c.id = m.combination_id
                   WHERE c.position <= (SELECT max(position) FROM pairs)"""
            )
            calls = store.rows("SELECT count(*) FROM calls")[0][0]
    sound = [row for row in published if is_sound(row[0])]
    wrong = sum(not is_right(*row) for row in sound)
    return Outcome(
        len(published), len(published) - len(sound), wrong, sum(is_sound(row[0]) for row in composed), int(calls)
    )


def main() -> None:
    """Every scene under both presets."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=1500)
    parser.add_argument("--presets", nargs="+", default=["verified", "gsdp"])
    arguments = parser.parse_args()
    for scene, switches in SCENES.items():
        for preset in arguments.presets:
            print(f"{scene:<24} {preset:<9} {measure(preset, switches, arguments.pairs).line()}", flush=True)


if __name__ == "__main__":
    main()
