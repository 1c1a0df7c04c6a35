"""Calls that go by batches: each is answered once and paid once, whenever the run that sent it ends."""

from __future__ import annotations

import asyncio
import json
import signal
import urllib.request
from collections.abc import AsyncIterator, Iterable, Iterator
from concurrent.futures import Future
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread
from typing import Any
from uuid import UUID, uuid4

import pytest

from flows.stages import chunks_in_flight
from graph.errors import BudgetReached, EndpointDown, EndpointRefused
from graph.records import Batch, Call, Lease, content_id
from tasks.endpoint.answers import ChatRequest, Reply
from tasks.endpoint.batches import QUIET, Lane
from tasks.endpoint.budget import BLOCKS, Budget, Purse
from tasks.endpoint.config import BatchLane, Endpoint
from tasks.endpoint.prices import Price
from tasks.endpoint.replicas import complete
from tasks.ledger import spent
from tasks.store.database import FILE_NAME, Store, open_store
from tests.batch_server import Answer, BatchServer, echo
from tests.bench import settings_for
from tests.rehearsal import NOISE, content, gsdp, number, rehearsal, started, wait_until, write_toml
from tests.scripted_server import KEY, Time, client, completion, ok, scripted_server, unused_url

PRICE = Price(input=1e-3, cached=1e-3, output=1e-2, reasoning=1e-2)
EACH = (7 * 1e-3 + 5 * 1e-2) / 2
"""USD of an answer of the scripted server (7 tokens in, 5 out), at half the price."""


def ask(number: int, model: str = "tiny") -> ChatRequest:
    message = {"role": "user", "content": f"question {number}"}
    return ChatRequest([message], model, 0.5, None, 64, 7, stage="solve", call_id=content_id("call", number))


class Owner:
    """One run after another on one store, as far as lanes see them."""

    def __init__(self, folder: Path, url: str, budget: float = 100.0, **changes: Any) -> None:
        self.folder, self.budget = folder, budget
        lane = BatchLane(stages=("solve",), **{"requests": 100, **changes.pop("lane", {})})
        self.endpoint = Endpoint(base_url=url, batch=lane, **changes)
        self.purse = Purse(None)
        self.store: Store
        self.time = Time()

    async def sleep(self, seconds: float) -> None:
        """No time at all, but for calls to gather."""
        await self.time.sleep(seconds)
        await asyncio.sleep(0.15 if seconds == QUIET else 0.002)

    @asynccontextmanager
    async def run(self, killed: bool = False) -> AsyncIterator[Lane]:
        """A lane for as long as the block lasts. A run that is killed leaves its lease and its store as they are."""
        self.store = store = open_store(self.folder)
        run_id = uuid4()

        async def lease(amount: float) -> None:
            row = Lease(run_id=run_id, unit="USD", amount=amount)
            await store.write(row, statements=[("DELETE FROM leases WHERE run_id = ?", [run_id])])

        self.purse = purse = Purse(Budget(self.budget, "USD"), sum(spent(store, "USD")), lease)
        prices = dict.fromkeys(("tiny", "other"), PRICE)
        lane = Lane(
            "hosted",
            self.endpoint,
            KEY,
            None,
            prices,
            purse,
            store,
            run_id,
            sleep=self.sleep,
            clock=self.time.clock,
        )
        try:
            await lane.open()
            self.run_id = run_id
            yield lane
        finally:
            if killed:
                await store.write(statements=[("UPDATE leases SET amount = amount WHERE false", [])])
                leased = store.rows("SELECT * FROM leases")
            await lane.close()
            if killed:
                assert store.rows("SELECT * FROM leases") == leased
            else:
                exact = "UPDATE leases SET amount = ? WHERE run_id = ?"
                await store.write(statements=[(exact, [purse.spent, run_id])])
            store.close()

    async def answers(self, lane: Lane, requests: Iterable[ChatRequest]) -> list[Reply]:
        """Ask, and enter what comes into the ledger as a stage does."""

        async def one(request: ChatRequest) -> Reply:
            reply = await lane.complete(request)
            await self.store.write(row(self.run_id, request, reply))
            return reply

        return await asyncio.gather(*(one(request) for request in requests))

    async def interrupted(self, moment: str, server: BatchServer, requests: list[ChatRequest]) -> None:
        """A run that is killed when the server has done a step and not yet told of it."""
        server.hold = {moment}
        async with self.run(killed=True) as lane:
            work = asyncio.create_task(self.answers(lane, requests))
            await server.until(moment)
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)
        server.hold = set()
        server.seen.clear()


def row(run_id: UUID, request: ChatRequest, reply: Reply) -> Call:
    assert request.call_id
    fields = {
        name: getattr(reply, name) for name in ("fault", "finish_reason", "attempts", "endpoint", "seconds", "cost")
    }
    tokens = {f"{kind}_tokens": getattr(reply, f"{kind}_tokens") for kind in ("input", "cached", "output", "reasoning")}
    return Call(
        id=request.call_id,
        run_id=run_id,
        stage="solve",
        role="solver",
        subject_id=request.call_id,
        sample=0,
        model=request.model,
        prompt=request.call_id,
        text=reply.text,
        reasoning=None,
        ended_at=datetime.now(UTC).replace(tzinfo=None),
        presumed_tokens=reply.presumed_tokens,
        **fields,
        **tokens,
    )


async def test_answers_find_their_callers_and_cost_their_share(tmp_path: Path) -> None:
    server = BatchServer()
    async with scripted_server(server.play) as there:
        owner = Owner(tmp_path, there.url)
        async with owner.run() as lane:
            replies = await owner.answers(lane, [ask(number) for number in range(30)])
            assert [reply.text for reply in replies] == [f"to question {number}" for number in range(30)]
            assert {(reply.fault, reply.attempts, reply.input_tokens, reply.output_tokens) for reply in replies} == {
                (None, 1, 7, 5)
            }
            assert [reply.cost for reply in replies] == pytest.approx([EACH] * 30)
            assert owner.purse.spent == pytest.approx(30 * EACH)
            assert owner.purse.reserved == pytest.approx(0.0)
            assert lane.waiting == 0
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
        owner = Owner(tmp_path, there.url, lane={"requests": 4})
        async with owner.run() as lane:
            await owner.answers(lane, [ask(number, ("tiny", "other")[number % 2]) for number in range(18)])
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
        owner = Owner(tmp_path, there.url, attempts=3, lane={"requests": 5})
        async with owner.run() as lane:
            replies = await owner.answers(lane, [ask(number) for number in range(10)])
            assert {reply.fault for reply in replies} == {fault}
            if attempts:
                assert {reply.attempts for reply in replies} == {attempts}
            assert owner.purse.reserved == pytest.approx(0.0)
            assert owner.purse.spent == pytest.approx(sum(reply.cost or 0.0 for reply in replies))
    assert max(server.answered.values(), default=0) <= (1 if fault is None else 3)


@pytest.mark.parametrize("code", ["billing_hard_limit_reached", "token_limit_exceeded"])
async def test_a_batch_that_the_server_will_not_have_ends_the_run_and_is_sent_anew_by_the_next(
    tmp_path: Path, code: str
) -> None:
    server = BatchServer(outcomes=[f"failed:{code}"])
    async with scripted_server(server.play) as there:
        owner = Owner(tmp_path, there.url)
        async with owner.run() as lane:
            with pytest.raises(EndpointRefused, match=f"refuses a batch: too much of it {code}. Mend"):
                await lane.complete(ask(1))
        async with owner.run() as lane:
            assert (await lane.complete(ask(1))).text == "to question 1"
            assert owner.purse.before == pytest.approx(0.0)


async def test_a_wrong_key_is_said_at_once_and_stays_secret(tmp_path: Path) -> None:
    server = BatchServer()
    server.refusals["upload"] = (401, f"Incorrect API key provided: {KEY}")
    async with scripted_server(server.play) as there:
        owner = Owner(tmp_path, there.url)
        async with owner.run() as lane:
            with pytest.raises(EndpointRefused, match="refuses the key") as told:
                await owner.answers(lane, [ask(1), ask(2)])
    assert KEY not in str(told.value)


async def test_nothing_is_sent_that_the_budget_has_no_room_for(tmp_path: Path) -> None:
    server = BatchServer()
    async with scripted_server(server.play) as there:
        owner = Owner(tmp_path, there.url, budget=2.0)
        async with owner.run() as lane:
            ended = await asyncio.gather(*(lane.complete(ask(number)) for number in range(200)), return_exceptions=True)
            replies = [reply for reply in ended if isinstance(reply, Reply)]
            assert {type(reply) for reply in ended} == {Reply, BudgetReached}
            assert owner.purse.spent == pytest.approx(len(replies) * EACH)
            assert 1.0 < owner.purse.spent <= 2.0
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
        async with owner.run() as hosted.lane:
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


# Resumption


@pytest.mark.parametrize("moment", ["upload", "create", "look", "collect"])
async def test_a_batch_that_was_sent_is_found_again_and_collected(tmp_path: Path, moment: str) -> None:
    server, requests = BatchServer(), [ask(number) for number in range(12)]
    async with scripted_server(server.play) as there:
        owner = Owner(tmp_path, there.url)
        await owner.interrupted(moment, server, requests)
        held = {} if moment == "upload" else {ask(number).call_id for number in range(12)}
        async with owner.run() as lane:
            assert set(lane._held) == set(held)
            before = owner.purse.before + owner.purse.reserved
            replies = await owner.answers(lane, requests)
            assert [reply.text for reply in replies] == [f"to question {number}" for number in range(12)]
            assert owner.purse.spent == pytest.approx(12 * EACH)
            assert owner.purse.reserved == pytest.approx(0.0)
            if held:  # what was held for them is free again, and only what they cost is spent
                assert 0 < 12 * EACH < before
        store = open_store(tmp_path)
        called, lost = spent(store, "USD")
        assert called == pytest.approx(12 * EACH)
        # What the killed run had leased ahead stays lost; and where nothing tells of the calls, so does their worst.
        assert lost == pytest.approx(owner.budget / BLOCKS + (0 if held else before - owner.budget / BLOCKS))
        assert store.rows("SELECT count(*) FROM calls") == [(12,)]
        store.close()
    assert set(server.answered.values()) == {1}
    assert len(server.batches) == 1
    assert server.seen.count("upload") == (0 if held else 1)


async def test_what_is_not_asked_for_again_counts_as_spent_until_it_is(tmp_path: Path) -> None:
    server, requests = BatchServer(), [ask(number) for number in range(10)]
    async with scripted_server(server.play) as there:
        owner = Owner(tmp_path, there.url)
        block = owner.budget / BLOCKS  # leased ahead by the run that was killed
        await owner.interrupted("look", server, requests)
        async with owner.run() as lane:
            await owner.answers(lane, requests[:4])
            worst = sum(lane._held.values())
            assert owner.purse.reserved == pytest.approx(worst)
        async with owner.run() as lane:
            assert owner.purse.before == pytest.approx(4 * EACH + block)
            assert owner.purse.reserved == pytest.approx(worst)
            await owner.answers(lane, requests[4:])
        store = open_store(tmp_path)
        assert spent(store, "USD") == pytest.approx((10 * EACH, block))
        store.close()
    assert set(server.answered.values()) == {1}


async def test_a_batch_is_found_among_others_by_its_file(tmp_path: Path) -> None:
    server = BatchServer()
    async with scripted_server(server.play) as there:
        owner = Owner(tmp_path, there.url)
        await owner.interrupted("create", server, [ask(1)])
        for number in range(5):
            server.batches[f"other-{number}"] = {"id": f"other-{number}", "status": "completed", "input_file_id": "x"}
        async with owner.run() as lane:
            assert (await lane.complete(ask(1))).text == "to question 1"
        assert "create" not in server.seen
        assert server.seen.count("list") == 3


@pytest.mark.parametrize("gone", ["batches", "files"])
async def test_what_the_server_has_forgotten_is_sent_anew(tmp_path: Path, gone: str) -> None:
    server = BatchServer()
    async with scripted_server(server.play) as there:
        owner = Owner(tmp_path, there.url)
        await owner.interrupted("look", server, [ask(1)])
        server.batches.clear()
        if gone == "files":
            server.files.clear()
        async with owner.run() as lane:
            reply = await lane.complete(ask(1))
            assert (reply.text, reply.attempts) == ("to question 1", 2)
            # It was begun, so somebody may have been billed for it.
            assert reply.presumed_tokens > 64
            assert reply.cost == pytest.approx(owner.purse.spent)
            assert owner.purse.spent > EACH


async def test_a_silent_server_is_left_with_its_batch_and_asked_for_it_later(tmp_path: Path) -> None:
    server = BatchServer(looks=3)
    async with scripted_server(server.play) as there:
        owner = Owner(tmp_path, there.url, outage_patience=5, timeout=0.05)
        async with owner.run() as lane:
            server.hold = {"look"}
            with pytest.raises(EndpointDown) as down:
                await lane.complete(ask(1))
            assert down.value.transient
            assert owner.purse.reserved > 0
            server.hold = set()
            assert (await lane.complete(ask(1))).text == "to question 1"
            assert owner.purse.reserved == pytest.approx(0.0)
    assert len(server.batches) == 1


async def test_a_batch_whose_beginning_was_not_heard_of_is_not_begun_twice(tmp_path: Path) -> None:
    server = BatchServer()
    async with scripted_server(server.play) as there:
        owner = Owner(tmp_path, there.url, timeout=0.05)
        server.hold = {"create"}
        async with owner.run() as lane:
            assert (await lane.complete(ask(1))).text == "to question 1"
            rows = owner.store.select(Batch)
            assert [(found.file, found.remote) for found in rows] == [("file-0", "batch-0")]
    assert len(server.batches) == 1


# Whole runs


@contextmanager
def behind(server: BatchServer) -> Iterator[str]:
    """The address of a batch server in a thread of its own."""
    loop = asyncio.new_event_loop()
    ready: Future[str] = Future()

    async def serve() -> None:
        async with scripted_server(server.play) as there:
            ready.set_result(there.url)
            await stopped.wait()

    stopped = asyncio.Event()
    thread = Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    try:
        yield ready.result(10)
    finally:
        loop.call_soon_threadsafe(stopped.set)
        thread.join()
        loop.close()


def forward_to(url: str) -> Answer:
    """Answers of another server."""

    def answer(body: dict[str, Any]) -> tuple[int, Any]:
        request = urllib.request.Request(f"{url}/chat/completions", json.dumps(body).encode(), method="POST")
        with urllib.request.urlopen(request, timeout=30) as found:
            return found.status, json.load(found)

    return answer


KILLS = (("upload", 1), ("create", 1), ("look", 3), ("collect", 1), ("create", 1), ("collect", 1))
"""Steps of the server that runs are killed at, one run after another: first while extracting, then while composing."""


@pytest.mark.slow
def test_a_run_killed_again_and_again_pays_for_no_batch_twice(prefect_server: str, tmp_path: Path) -> None:
    with rehearsal(*NOISE) as sandbox, behind(server := BatchServer(forward_to(sandbox.url), looks=2)) as url:
        values = content(tmp_path / "work", sandbox.url, 12)
        stages = ["extract", "compose"]
        lane = {"stages": stages, "requests": 60}
        values["endpoints"]["hosted"] = {"base_url": url, "batch": lane}
        for role in ("extractor", "composer"):
            values["roles"][role]["endpoint"] = "hosted"
        settings = write_toml(tmp_path / "settings.toml", values)
        for step, times in KILLS:
            server.seen.clear()
            with started("run", settings) as process:
                wait_until(lambda: server.seen.count(step) >= times, process)  # noqa: B023
                process.send_signal(signal.SIGKILL)
                process.wait(10)
        ended = gsdp("run", settings)
        assert ended.returncode == 0, ended.stderr
    for stage in stages:
        assert number(tmp_path / "work", "SELECT count(*) FROM calls WHERE stage = ?", [stage]) > 0
    called = "SELECT count(*) FROM calls WHERE endpoint = 'hosted'"
    assert number(tmp_path / "work", called) == len(server.answered)
    assert set(server.answered.values()) == {1}
