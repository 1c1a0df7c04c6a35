"""What an endpoint's failure ended is open again; what a model answered stays as it is."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from graph.errors import EndpointRefused
from graph.evaluations import Attempt, Trial
from graph.records import Grade, Pass, Problem, Reading, Record
from graph.spending import Spending
from tasks.context.run_context import Question, RunContext
from tasks.endpoint.health import REFUSALS_IN_A_ROW
from tasks.judging.votes import solution_ids
from tasks.runs.retry import open_again, withdraw
from tasks.settings.run import RunSettings
from tasks.stages.extract import extract, pending_seeds
from tasks.stages.ingest import ingest
from tasks.stages.screen import open_screen
from tests.support.contexts import open_context, plain, settings_for
from tests.support.scripted_server import http, ok, refusal, scripted_server
from tests.tasks.stages.test_screening import FIELD, TRAIN, graded, outcomes, place_of

SEEDS = REFUSALS_IN_A_ROW + 5
POINTS = ok("<points>\nVieta's formulas\nLaw of cosines\n</points>")


def seeds(folder: Path, count: int) -> None:
    lines = (json.dumps({"problem": f"What is {n} + {n}?", "solution": f"{2 * n}"}) for n in range(1, count + 1))
    (folder / "seeds.jsonl").write_text("\n".join(lines), encoding="utf-8")


async def read_seeds(settings: RunSettings) -> None:
    async with open_context(settings) as work:
        await plain(ingest)()
        await plain(extract)(0, [str(seed) for seed in pending_seeds(work)])


async def test_rows_of_a_row_that_turns_out_to_be_the_endpoints_fault_are_withdrawn(tmp_path: Path) -> None:
    seeds(tmp_path, SEEDS)
    async with scripted_server(refusal(400, "the gateway is confused")) as server:
        settings = settings_for(
            tmp_path, endpoints={"local": {"base_url": server.url, "model": "tiny", "concurrency": 1}}
        )
        with pytest.raises(EndpointRefused, match="turns every request away"):
            await read_seeds(settings)
    async with open_context(settings) as work:
        assert len(pending_seeds(work)) == SEEDS
        assert work.store.rows("SELECT count(*) FROM rejects WHERE stage = 'extract'") == [(0,)]
        assert work.store.rows("SELECT count(*) FROM calls")[0][0] >= REFUSALS_IN_A_ROW, (
            "what was sent stays in the books"
        )


async def test_what_gave_up_is_asked_again_by_the_next_run(tmp_path: Path) -> None:
    seeds(tmp_path, 2)
    async with scripted_server(POINTS, http(200, "{}"), http(200, "{}"), POINTS) as server:
        local = {"base_url": server.url, "model": "tiny", "concurrency": 1, "attempts": 1, "outage_patience": 1e6}
        settings = settings_for(tmp_path, endpoints={"local": local})
        async with open_context(settings) as work:
            await plain(ingest)()
            await plain(extract)(0, [str(seed) for seed in pending_seeds(work)])
            left = work.store.rows("SELECT reason FROM rejects WHERE stage = 'extract'")
        async with open_context(settings) as work:
            assert len(pending_seeds(work)) == len(left)
            await plain(extract)(0, [str(seed) for seed in pending_seeds(work)])
            assert work.store.rows("SELECT reason FROM rejects WHERE stage = 'extract'") == []


async def test_a_seed_whose_solution_was_given_up_is_solved_and_read_by_the_next_run(tmp_path: Path) -> None:
    (tmp_path / "seeds.jsonl").write_text(json.dumps({"problem": "What is 2 + 2?", "answer": 4}), encoding="utf-8")
    # Between the two runs the endpoint is probed with the question that it has answered.
    answers = ok("Hello."), http(200, "{}"), ok("Hello."), ok(r"Count on: \boxed{4}."), POINTS
    async with scripted_server(*answers) as server:
        local = {"base_url": server.url, "model": "tiny", "concurrency": 1, "attempts": 1, "outage_patience": 1e6}
        settings = settings_for(tmp_path, endpoints={"local": local}, extract={"solve_seeds": True})
        for pending in (1, 0):
            async with open_context(settings) as work:
                await plain(ingest)()
                await plain(extract)(0, [str(seed) for seed in pending_seeds(work)])
                assert work.store.rows("SELECT count(*) FROM mentions")[0][0] == (0 if pending else 2)
                assert len(work.store.rows("SELECT 1 FROM rejects WHERE stage = 'extract'")) == pending
    assert "Count on" in server.requests[-1].json["messages"][-1]["content"]


def test_what_any_run_gave_up_is_opened_again_on_demand(tmp_path: Path) -> None:
    async def give_up() -> None:
        async with scripted_server(POINTS, http(200, "{}"), http(200, "{}"), POINTS) as server:
            local = {"base_url": server.url, "model": "tiny", "concurrency": 1, "attempts": 1, "outage_patience": 1e6}
            await read_seeds(settings_for(tmp_path, endpoints={"local": local}))

    seeds(tmp_path, 2)
    asyncio.run(give_up())
    assert open_again(tmp_path / "work") in (0, 1)
    assert open_again(tmp_path / "work") == 0


TEXTS = [TRAIN, FIELD, TRAIN.upper(), FIELD.upper()]
KEPT = ["", "", "exact duplicate", "exact duplicate"]


async def failed_call(work: RunContext, stage: str, subject: UUID) -> UUID:
    """A call in the ledger that ended for the endpoint's fault."""
    question = Question(stage, work.roles["composer"], uuid4(), subject)
    call = work.ledger_row(question, Spending(endpoint="local", attempts=3), "gave up after 3 attempts")
    await work.store.write(call)
    return call.id


@pytest.mark.parametrize("stage", ["compose", "solve", "grade"])
async def test_what_rests_on_a_withdrawn_answer_is_decided_again_from_its_place_on(tmp_path: Path, stage: str) -> None:
    async with open_context(settings_for(tmp_path)) as work:
        await graded(work, TEXTS)
        await (await open_screen(work)).advance(len(TEXTS))
        assert outcomes(work) == KEPT
        ((problem,), passed) = place_of(work, 1), work.store.select(Pass, "stage = 'grade'")
        subject = solution_ids(work, problem, passed[0])[2][0] if stage == "solve" else problem
        call = await failed_call(work, stage, subject)
        if stage == "grade":
            row = Grade(
                id=uuid4(), problem_id=problem, solution_id=problem, judge="j", vote=None, unjudged="x", call_id=call
            )
            await work.store.write(row)
        written = work.store.select(Problem, "id = ?", [problem])
        if stage == "compose":
            never = [("DELETE FROM problems WHERE id = ?", [problem])]
            await work.store.write(work.reject("compose", problem, "gave up"), statements=never)
        await withdraw(work.store, [call])
        assert outcomes(work) == [""], "the first place stays decided, all later ones are open"
        assert not work.store.rows("SELECT 1 FROM rejects WHERE stage = 'compose'")
        assert not work.store.rows("SELECT 1 FROM grades")
        graded_ones = {row.problem_id for row in work.store.select(Pass, "stage = 'grade'")}
        assert problem not in graded_ones
        if stage == "compose":
            await work.store.write(*written)
        await work.store.write(*(row for row in passed if row.problem_id == problem))
        screen = await open_screen(work)
        assert screen.frontier == 1
        await screen.advance(len(TEXTS))
        assert outcomes(work) == KEPT


async def test_answers_of_audits_and_of_evaluations_are_withdrawn_too(tmp_path: Path) -> None:
    async with open_context(settings_for(tmp_path)) as work:
        keys = [uuid4() for _ in range(3)]
        calls = [
            await failed_call(work, stage, key)
            for stage, key in zip(("audit", "adherence", "evaluate"), keys, strict=True)
        ]
        rows: list[Record] = [
            Trial(id=keys[0], judge="j", task="grade", subject_id=uuid4(), value=None, unjudged="x", call_id=calls[0]),
            Reading(id=keys[1], recipe=uuid4(), problem_id=uuid4(), names=(), fault="x"),
            Attempt(id=keys[2], recipe=uuid4(), item_id=uuid4(), sample=0, answer=None, fault="x", call_id=calls[2]),
        ]
        others = [row.model_copy(update={"id": uuid4()}) for row in rows]
        await work.store.write(*rows, *others)
        await withdraw(work.store, calls)
        assert [work.store.select(type(row)) for row in others] == [[row] for row in others]


async def test_a_text_that_no_verifier_could_clear_is_screened_again(tmp_path: Path) -> None:
    async with open_context(settings_for(tmp_path)) as work:
        await graded(work, TEXTS)
        await (await open_screen(work)).advance(len(TEXTS))
        (problem,) = place_of(work, 2)
        unsure = work.reject("screen", problem, "contamination unjudged solution")
        gone = [("DELETE FROM rejects WHERE id = ?", [unsure.id])]
        await work.store.write(statements=gone)
        await work.store.write(unsure)
        await withdraw(work.store, [await failed_call(work, "screen", uuid4())])
        assert outcomes(work) == ["", ""]
