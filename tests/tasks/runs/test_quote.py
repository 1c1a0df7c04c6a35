"""The quote: a probe whose answers the run uses, whose cost counts once, and without a trace in the dataset."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from flows.commands.settings_file import make_settings
from flows.commands.workspace import print_status
from flows.quote import quote
from flows.reporting.quote_table import HEADS, table
from flows.synthesize import synthesize
from graph.errors import SettingsError
from graph.estimate import Names
from graph.records import Mention, Pass, Reject, content_id
from tasks.context.basis import bound
from tasks.reports.money import PRODUCTION
from tasks.runs.probe import ProbeFigures
from tasks.runs.quote import Known, doubts, estimate, known
from tasks.store.database import open_store
from tests.support.rehearsal import (
    NOISE,
    SEEDS,
    Rehearsal,
    content,
    folder_bytes,
    number,
    query,
    rehearsal,
    settings,
    started,
    wait_until,
    write_toml,
)

FILE_SEEDS, PROBED, PAIRS = 16, 4, 12
PRICES = {"input": 0.5, "output": 2.0}
TOKENS = "SELECT coalesce(sum(input_tokens + output_tokens + presumed_tokens), 0)::BIGINT FROM calls"
EXTRACTED = "SELECT count(*) FROM calls WHERE stage = 'extract'"


@pytest.fixture(scope="module")
def server() -> Iterator[Rehearsal]:
    with rehearsal(*NOISE, "--latency=0.02") as found:
        yield found


@pytest.fixture
def changes(server: Rehearsal, tmp_path: Path) -> dict[str, Any]:
    """Settings: few seeds, and prices."""
    seeds = tmp_path / "seeds.jsonl"
    seeds.write_text("".join(SEEDS.read_text(encoding="utf-8").splitlines(keepends=True)[:FILE_SEEDS]), "utf-8")
    endpoint = {"base_url": server.url, "concurrency": 16, "prices": PRICES}
    return {"seeds": [{"path": str(seeds)}], "endpoints": {"rehearsal": endpoint}}


async def test_a_run_uses_what_its_quote_asked_and_comes_to_the_same(
    prefect_server: str,
    server: Rehearsal,
    changes: dict[str, Any],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    workspace, plain = tmp_path / "work", tmp_path / "plain"
    before = server.served()
    wanted = settings(workspace, server.url, PAIRS, accept={"per_point": 50}, **changes)
    told = await quote(wanted, PROBED)
    assert f"quote for {PAIRS} pairs" in told
    assert any(f"It rests on {PROBED} seeds, and on " in line for line in told)
    assert any("the graph of its seeds has no more" in line for line in told)
    assert any("quotas under [accept] are not counted in" in line for line in told)
    assert number(workspace, EXTRACTED) == PROBED
    print_status(workspace)
    assert f"quote for {PAIRS} pairs" in capsys.readouterr().out

    await synthesize(wanted)
    assert number(workspace, EXTRACTED) == FILE_SEEDS, "no seed is read twice"
    assert number(workspace, "SELECT sum(attempts)::BIGINT FROM calls") == server.served() - before
    assert number(workspace, "SELECT count(*) - count(DISTINCT (stage, subject_id, role, sample)) FROM calls") == 0
    print_status(workspace)
    said = capsys.readouterr().out
    paid = query(workspace, "SELECT count(*) FROM calls WHERE run_id IN (SELECT id FROM runs)")[0][0]
    assert "paid, of what was quoted on " in said
    assert f" {paid:,} of " in said.splitlines()[-1]
    assert f"{FILE_SEEDS - PROBED} of {FILE_SEEDS - PROBED} [" in said

    await synthesize(settings(plain, server.url, PAIRS, accept={"per_point": 50}, **changes))
    assert folder_bytes(workspace / "dataset") == folder_bytes(plain / "dataset")


@pytest.mark.slow
async def test_what_a_killed_probe_has_paid_counts_in_the_workspace_once(
    prefect_server: str,
    server: Rehearsal,
    changes: dict[str, Any],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    workspace, probe = tmp_path / "work", tmp_path / "work/quote"
    served, composed = server.served(), server.served("composer")
    values = content(workspace, server.url, PAIRS, budget="2M tokens", **changes)
    with started("quote", write_toml(tmp_path / "settings.toml", values), "--seeds", PROBED) as process:
        wait_until(lambda: server.served("composer") >= composed + 3, process)
        print_status(workspace)
        assert f"{probe}: from the snapshot of" in capsys.readouterr().out
        process.send_signal(signal.SIGKILL)
    paid, lost = number(probe, TOKENS), number(probe, "SELECT sum(amount)::BIGINT FROM lost")
    assert lost > 0
    await synthesize(make_settings(values), until="ingest")
    assert (number(workspace, TOKENS), number(workspace, "SELECT sum(amount)::BIGINT FROM lost")) == (paid, lost)
    with pytest.raises(SettingsError, match="is spent: raise `budget`"):
        await quote(make_settings({**values, "budget": f"{paid + lost} tokens"}), PROBED)
    told = await quote(make_settings({**values, "budget": f"{paid + lost + 20_000} tokens"}), PROBED)
    assert any("or the budget ended" in line for line in told)
    assert paid + 8_000 < number(workspace, TOKENS) <= paid + 20_000
    assert number(workspace, "SELECT count(*) - count(DISTINCT (stage, subject_id, role, sample)) FROM calls") == 0
    unsettled = server.served() - served - number(workspace, "SELECT sum(attempts)::BIGINT FROM calls")
    assert 0 <= unsettled <= 16


def measured(pairs: int, combinations: int = 10) -> ProbeFigures:
    """A probe of 2 seeds and of combinations that have cost alike, one call in each stage."""
    made = np.arange(combinations) < pairs
    block = np.ones((combinations, 5))
    return ProbeFigures(
        recipes={},
        width=5,
        unpriced={"review"},
        seeds=2,
        extract=np.ones((2, 5)),
        names=8,
        single=np.ones(5),
        paired=np.ones(5),
        production=np.hstack([np.ones((combinations, 1)), *[block] * 4]),
        pairs=made.astype(np.int64),
        paid=(42, 420, 4.2),
    )


THERE = Known(unread=98, names=Names(2, 8, 7, 1), pairs=0)

DOUBTS = [
    pytest.param(measured(0), THERE, 10, "no end [no end, no end]", ["No pair came of them"], id="no pair"),
    pytest.param(measured(8), THERE, 10, "641 [", ["The intervals rest on 8 pairs"], id="few pairs"),
    pytest.param(measured(30, 40), THERE, 40, "683 [", [], id="enough pairs"),
    pytest.param(measured(30, 40), THERE, 60, "683 [", ["The probe finished 40 combinations of 60"], id="small graph"),
    pytest.param(measured(0), replace(THERE, pairs=500), 10, "0 [0, 0]", [], id="nothing wanted"),
]


@pytest.mark.parametrize(("probe", "there", "wanted", "calls", "begin"), DOUBTS)
def test_a_quote_says_what_it_does_not_know(
    probe: ProbeFigures, there: Known, wanted: int, calls: str, begin: list[str]
) -> None:
    made = estimate(probe, there, 500)
    said = [*doubts(made, settings(Path("work"), "http://127.0.0.1:9/v1", 500), wanted)]
    assert said.pop() == "Nobody knows a price of some or all calls of review: they are not in the money."
    assert [line for line, start in zip(said, begin, strict=True) if not line.startswith(start)] == []
    rows = {line.split()[0]: line for line in table(made.quote, made.figures) if line}
    assert rows["review"].endswith(" ?"), "no money where a price is missing"
    assert calls in rows["compose"]


def test_without_prices_there_is_no_money() -> None:
    probe = replace(measured(30, 40), unpriced={"connect", *PRODUCTION}, paid=(42, 420, None))
    made = estimate(probe, THERE, 500)
    assert {row.measure for row in made.figures} == {*HEADS, "combinations", "tokens"} - {"usd"}
    assert not any("USD" in line or "?" in line for line in table(made.quote, made.figures))
    assert [*doubts(made, settings(Path("work"), "http://127.0.0.1:9/v1", 500), 40)] == []


def test_a_probe_that_read_nothing_gives_no_quote() -> None:
    with pytest.raises(SettingsError, match="before the probe had read a seed"):
        estimate(replace(measured(0, 0), seeds=0, extract=np.empty((0, 5))), THERE, 500)
    made = estimate(measured(0, 0), THERE, 500)
    assert next(row for row in made.figures if (row.stage, row.measure) == ("all", "calls")).expected == np.inf


async def test_a_quote_is_of_what_is_not_there_yet(tmp_path: Path) -> None:
    """Seeds: one with two names, one with one of them in another spelling, one without any, one not read, one gone."""
    recipes = {stage: content_id("recipe", stage) for stage in ("extract", "sample", "screen")}
    store = open_store(tmp_path)
    present = bound(recipes, store)["screen"]
    seeds = [content_id("seed", number) for number in range(5)]
    names = [(0, "Chain rule"), (0, "Limit"), (1, "chain rule"), (4, "Gone")]
    mentions = [
        Mention(id=content_id(name, at), recipe=recipes["extract"], seed_id=seeds[at], position=0, name=name)
        for at, name in names
    ]
    nameless = Reject(
        id=seeds[2], recipe=recipes["extract"], stage="extract", subject_id=seeds[2], reason="none", detail=""
    )
    other = content_id("recipe", "of other settings")
    passes = [
        Pass(
            id=content_id("pass", number),
            recipe=recipe,
            stage="screen",
            problem_id=seeds[0],
            score=None,
            difficulty=None,
            solution_id=None,
        )
        for number, recipe in enumerate([present, present, recipes["screen"], other])
    ]
    await store.write(*mentions, mentions[1].model_copy(update={"recipe": other, "name": "Old"}), nameless, *passes)
    assert known(store, recipes, set(seeds[:4])) == Known(unread=1, names=Names(3, 2, 1, 1), pairs=2)
    store.close()
