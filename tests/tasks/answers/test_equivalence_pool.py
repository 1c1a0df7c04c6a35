"""The checker under attack: what hangs is killed, what dies costs one item, what is hostile runs nothing."""

from __future__ import annotations

import asyncio
import contextlib
import os
import pathlib
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tasks.answers import algebra
from tasks.answers.classes import group
from tasks.answers.equivalence import CACHE_SIZE, Equivalence, check_all
from tasks.answers.verdict import Verdict

psutil = pytest.importorskip("psutil")

HARD = ("|x+1|", "|1+x|")
"""A pair that only math-verify can settle."""


def hang_on_seven(a: str, b: str) -> bool:
    while "7" in a + b:
        pass
    return True


def compute_on_seven_wait_on_eight(a: str, b: str) -> bool:
    with algebra.limited(0.2):
        while "7" in a + b:
            with contextlib.suppress(BaseException):
                sum(range(1000))
        time.sleep(0.5 * ("8" in a + b))
    return True


def die_on_seven(a: str, b: str) -> bool:
    if "7" in a + b:
        os.abort()
    return True


def raise_on_seven(a: str, b: str) -> bool:
    if "7" in a + b:
        raise ValueError("no")
    return True


def fill_memory(a: str, b: str) -> bool:
    held = []
    try:
        while True:
            held.append(bytearray(100_000_000))
    except MemoryError:
        del held
        algebra._leave_if_out_of_memory()
        return False


@pytest.fixture(scope="module")
def equivalence() -> Iterator[Equivalence]:
    with Equivalence(workers=1, timeout=2.0) as checker:
        yield checker


async def test_an_endless_comparison_is_killed_and_the_next_one_works(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(algebra, "judge", hang_on_seven)
    with Equivalence(timeout=0.5) as checker:
        await checker.compare("|x+1|", "|x+2|")
        assert await checker.compare("|x+7|", "|x+1|") == Verdict("unknown", "timeout")
        assert (await checker.compare("|x+3|", "|x+4|")).outcome == "same"


async def test_computing_for_too_long_ends_a_comparison_and_waiting_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(algebra, "judge", compute_on_seven_wait_on_eight)
    with Equivalence() as checker:
        assert (await checker.compare("|x+8|", "|x+1|")).outcome == "same", "a busy machine decides nothing"
        assert await checker.compare("|x+7|", "|x+1|") == Verdict("unknown", "timeout")
        assert (await checker.compare("|x+3|", "|x+4|")).outcome == "same"


@pytest.mark.parametrize("judge", [die_on_seven, raise_on_seven])
async def test_a_worker_that_dies_costs_one_item(monkeypatch: pytest.MonkeyPatch, judge: object) -> None:
    monkeypatch.setattr(algebra, "judge", judge)
    with Equivalence() as checker:
        outcomes = [(await checker.compare(f"|x+{n}|", f"|y+{n}|")).outcome for n in (1, 7, 2, 70, 3)]
    assert outcomes == ["same", "unknown", "same", "unknown", "same"]


async def test_out_of_memory_is_unknown_and_not_different(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(algebra, "judge", fill_memory)
    with Equivalence(timeout=20) as checker:
        assert await checker.compare(*HARD) == Verdict("unknown", "worker died")


async def test_a_pool_whose_idle_workers_were_killed_is_replaced() -> None:
    with Equivalence() as checker:
        assert (await checker.compare(*HARD)).outcome == "same"
        for child in psutil.Process().children(recursive=True):
            if "forkserver" in " ".join(child.cmdline()) and child.ppid() != os.getpid():
                child.kill()
        await asyncio.sleep(0.5)
        assert (await checker.compare("|x+2|", "|2+x|")).outcome == "same"


ATOMS = [
    "1",
    "-2",
    "0.5",
    r"\frac{1}{2}",
    "x",
    r"\sqrt{2}",
    r"\pi",
    "25\\%",
    "5 cm",
    "5 m",
    "(B)",
    "yes",
    "2^x",
    "x=1",
    "é",
]
answers = st.one_of(
    st.sampled_from(ATOMS),
    st.tuples(st.sampled_from(ATOMS), st.sampled_from(["+", ",", "^", "/", " "]), st.sampled_from(ATOMS)).map("".join),
    st.sampled_from(ATOMS).map(lambda a: f"({a}, 1)"),
    st.text(max_size=12),
)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(a=answers, b=answers)
def test_comparing_is_symmetric_and_total(equivalence: Equivalence, a: str, b: str) -> None:
    with_cache = asyncio.run(equivalence.compare(a, b))
    equivalence._cache.clear()
    assert asyncio.run(equivalence.compare(b, a)) == with_cache
    assert asyncio.run(equivalence.compare(a, a)).outcome in ("same", "unknown")


async def test_classes_are_by_size_and_unknown_joins_none(equivalence: Equivalence) -> None:
    votes = ["7", None, "1/2", "0.5", "listen", "silent", r"\frac12", "7.0", None]
    assert await group(votes, equivalence) == [[2, 3, 6], [0, 7], [4], [5]]
    assert await group([], equivalence) == []
    assert await group([None, None], equivalence) == []


async def test_check_reads_whole_texts(equivalence: Equivalence) -> None:
    rows = [("#### 12", r"Thus \boxed{12}."), ("The answer is 3", r"\boxed{4}"), ("x+1", "1+x")]
    assert [verdict.outcome for verdict in await check_all(rows, equivalence)] == ["same", "different", "same"]


def test_it_works_from_several_threads(equivalence: Equivalence) -> None:
    found: list[str] = []

    def work(n: int) -> None:
        found.append(asyncio.run(equivalence.compare(f"|x+{n}|", f"|{n}+x|")).outcome)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == ["same"] * 8


async def test_verdicts_are_remembered_by_the_ordered_pair(equivalence: Equivalence) -> None:
    await equivalence.compare(*HARD)
    before = len(equivalence._cache)
    await equivalence.compare(HARD[1], HARD[0])
    assert len(equivalence._cache) == before <= CACHE_SIZE


def test_importing_loads_neither_sympy_nor_a_process() -> None:
    script = "import sys, tasks.answers.equivalence; sys.exit(bool({'sympy', 'math_verify'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


def test_workers_end_with_a_killed_parent(tmp_path: pathlib.Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(
        textwrap.dedent(
            """
            import asyncio
            from tasks.answers.equivalence import Equivalence
            if __name__ == "__main__":
                checker = Equivalence()
                print(asyncio.run(checker.compare("|x+1|", "|1+x|")).outcome, flush=True)
                input()
            """
        )
    )
    root = str(pathlib.Path(__file__).parents[3])
    with subprocess.Popen(
        [sys.executable, str(script)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": root},
    ) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline().strip() == "same"
        children = psutil.Process(parent.pid).children(recursive=True)
        assert children
        parent.kill()
    _, alive = psutil.wait_procs(children, timeout=10)
    assert not alive
