"""Calls that go by batches: each finds its answer, costs its share, and travels again where it came to nothing."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from flows.stages import chunks_in_flight
from graph.errors import BudgetReached, EndpointRefused
from tasks.endpoint.replicas import complete
from tasks.endpoint.replies import Reply
from tasks.settings.endpoints import Endpoint
from tasks.store.database import FILE_NAME
from tests.support.batch_owner import EACH, Owner, ask
from tests.support.batch_server import BatchServer, echo
from tests.support.contexts import settings_for
from tests.support.scripted_server import KEY, client, completion, ok, scripted_server, unused_url


async def test_answers_find_their_callers_and_cost_their_share(tmp_path: Path) -> None:
    server = BatchServer()
    async with scripted_server(server.play) as there:
        owner = Owner(tmp_path, there.url)
        async with owner.run() as queue:
            replies = await owner.answers(queue, [ask(number) for number in range(30)])
            assert [reply.text for reply in replies] == [f"to question {number}" for number in range(30)]
            assert {(reply.fault, reply.attempts, reply.input_tokens, reply.output_tokens) for reply in replies} == {
                (None, 1, 7, 5)
            }
            assert [reply.cost for reply in replies] == pytest.approx([EACH] * 30)
            assert owner.account.spent == pytest.approx(30 * EACH)
            assert owner.account.reserved == pytest.approx(0.0)
            assert queue.waiting == 0
        assert server.seen.count("upload") == server.seen.count("create") == 1
        lines = [json.loads(line) for line in server.files["file-0"].splitlines()]
        assert {line["body"]["messages"][0]["content"] for line in lines} == {f"question {n}" for n in range(30)}
        assert not any(KEY.encode() in content for content in server.files.values())
        assert {received.headers["authorization"] for received in there.requests} == {f"Bearer {KEY}"}
        assert "stream" not in lines[0]["body"]
        assert KEY.encode() not in (tmp_path / FILE_NAME).read_bytes()


async def test_a_batch_holds_one_model_and_no_more_requests_than_it_may(tmp_path: Path) -> None:
    server = BatchServer()
    async with scripted_server(server.play) as there:
        owner = Owner(tmp_path, there.url, batch={"requests": 4})
        async with owner.run() as queue:
            await owner.answers(queue, [ask(number, ("tiny", "other")[number % 2]) for number in range(18)])
    sizes = []
    for name in (batch["input_file_id"] for batch in server.batches.values()):
        models = [json.loads(line)["body"]["model"] for line in server.files[name].splitlines()]
        assert len(set(models)) == 1
        sizes.append(len(models))
    assert sorted(sizes) == [1, 1, 4, 4, 4, 4]


def test_a_server_paid_by_the_hour_has_no_batches() -> None:
    with pytest.raises(ValueError, match="paid by the token"):
        Endpoint(base_url=unused_url(), batch={"stages": ["solve"]}, prices={"gpu_hour": 1})


def first_time(status: int, message: str) -> Any:
    """Answers that refuse each question once."""
    asked: set[str] = set()

    def answer(body: dict[str, Any]) -> tuple[int, Any]:
        question = body["messages"][0]["content"]
        if question in asked:
            return echo(body)
        asked.add(question)
        return status, {"error": {"message": message}}

    return answer


def always(status: int, body: object) -> Any:
    return lambda _: (status, body)


@pytest.mark.parametrize(
    ("answer", "outcomes", "fault", "attempts"),
    [
        (first_time(500, "oops"), [], None, 2),
        (first_time(429, "slow down"), [], None, 2),
        (first_time(400, "Unsupported parameter: 'temperature' is not supported"), [], None, 2),
        (always(400, {"error": {"message": "no"}}), [], "refused request: no", 1),
        (always(400, {"error": {"code": "context_length_exceeded"}}), [], "context length", 1),
        (always(500, {"error": "oops"}), [], "gave up after 3 attempts: 500", 3),
        (always(200, completion("half", "length")), [], "truncated", 1),
        (always(200, completion(None, "abort")), [], "finished with 'abort'", 2),
        (always(200, {"error": {"message": "busy", "code": 503}}), [], "gave up after 3 attempts: 503", 3),
        (echo, ["expired"], None, None),
        (echo, ["cancelled"], None, None),
        (echo, ["failed:token_limit_exceeded"], None, None),
    ],
)
async def test_what_came_to_nothing_goes_into_a_later_batch(
    tmp_path: Path, answer: Any, outcomes: list[str], fault: str | None, attempts: int | None
) -> None:
    server = BatchServer(answer, outcomes)
    async with scripted_server(server.play) as there:
        owner = Owner(tmp_path, there.url, attempts=3, batch={"requests": 5})
        async with owner.run() as queue:
            replies = await owner.answers(queue, [ask(number) for number in range(10)])
            assert {reply.fault for reply in replies} == {fault}
            if attempts:
                assert {reply.attempts for reply in replies} == {attempts}
            assert owner.account.reserved == pytest.approx(0.0)
            assert owner.account.spent == pytest.approx(sum(reply.cost or 0.0 for reply in replies))
    assert max(server.answered.values(), default=0) <= (1 if fault is None else 3)


@pytest.mark.parametrize("code", ["billing_hard_limit_reached", "token_limit_exceeded"])
async def test_a_batch_that_the_server_will_not_have_ends_the_run_and_is_sent_anew_by_the_next(
    tmp_path: Path, code: str
) -> None:
    server = BatchServer(outcomes=[f"failed:{code}"])
    async with scripted_server(server.play) as there:
        owner = Owner(tmp_path, there.url)
        async with owner.run() as queue:
            with pytest.raises(EndpointRefused, match=f"refuses a batch: too much of it {code}. Mend"):
                await queue.complete(ask(1))
        async with owner.run() as queue:
            assert (await queue.complete(ask(1))).text == "to question 1"
            assert owner.account.before == pytest.approx(0.0)


async def test_a_wrong_key_is_said_at_once_and_stays_secret(tmp_path: Path) -> None:
    server = BatchServer()
    server.refusals["upload"] = (401, f"Incorrect API key provided: {KEY}")
    async with scripted_server(server.play) as there:
        owner = Owner(tmp_path, there.url)
        async with owner.run() as queue:
            with pytest.raises(EndpointRefused, match="refuses the key") as told:
                await owner.answers(queue, [ask(1), ask(2)])
    assert KEY not in str(told.value)


async def test_nothing_is_sent_that_the_budget_has_no_room_for(tmp_path: Path) -> None:
    server = BatchServer()
    async with scripted_server(server.play) as there:
        owner = Owner(tmp_path, there.url, budget=1.0)
        async with owner.run() as queue:
            ended = await asyncio.gather(
                *(queue.complete(ask(number)) for number in range(100)), return_exceptions=True
            )
            replies = [reply for reply in ended if isinstance(reply, Reply)]
            assert {type(reply) for reply in ended} == {Reply, BudgetReached}
            assert owner.account.spent == pytest.approx(len(replies) * EACH)
            assert 0.25 < owner.account.spent <= 1.0
    assert sum(server.answered.values()) == len(replies)


async def test_of_several_endpoints_the_one_with_batches_is_asked_alone(tmp_path: Path) -> None:
    server = BatchServer()
    async with (
        scripted_server(server.play) as there,
        scripted_server(ok("at once")) as other,
        client(there.url, name="hosted") as hosted,
        client(other.url, name="own") as own,
    ):
        clients, replicas = {"own": own, "hosted": hosted}, {"own": "tiny", "hosted": "other"}
        owner = Owner(tmp_path, there.url)
        async with owner.run() as hosted.batch_queue:
            replies = await asyncio.gather(*(complete(clients, replicas, ask(number)) for number in range(5)))
            at_once = await complete(clients, replicas, ask(6)._replace(stage="grade"))
    assert {(reply.text[:11], reply.endpoint) for reply in replies} == {("to question", "hosted")}
    assert at_once.text == "at once"
    assert hosted.served == 5
    (line, *_) = server.files["file-0"].splitlines()
    assert json.loads(line)["body"]["model"] == "other"


@pytest.mark.parametrize(("requests", "chunks"), [(None, 4), (100, 4), (5000, 10), (50_000, 100)])
def test_where_calls_wait_for_batches_more_of_them_wait_together(
    tmp_path: Path, requests: int | None, chunks: int
) -> None:
    batch = requests and {"stages": ["extract"], "requests": requests}
    endpoints = {"hosted": {"base_url": unused_url(), "model": "tiny", "batch": batch}}
    assert chunks_in_flight(settings_for(tmp_path, endpoints=endpoints)) == chunks
