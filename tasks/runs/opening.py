"""Opening and closing a run context: the plan first, then the store, then the endpoints."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from uuid import UUID

from tasks.answers.checkers import checker_of
from tasks.context.basis import bound
from tasks.context.run_context import Counts, RunContext, current, using
from tasks.endpoint.batch.batch_queue import BatchQueue
from tasks.endpoint.client import Client
from tasks.endpoint.money.budget import BudgetAccount
from tasks.endpoint.money.meter import Meter
from tasks.endpoint.profiles import Profiles, read_profiles
from tasks.inputs.benchmarks import read_benchmarks
from tasks.reports.money import known_cost
from tasks.runs.extending import what_is_kept
from tasks.runs.plan import Plan, going_on, make_plan, refuse_changes
from tasks.runs.probe import take_in
from tasks.runs.record import recorded
from tasks.runs.retry import gave_up_last, withdraw
from tasks.runs.sandbox import Sandbox
from tasks.runs.shards import end_rounds
from tasks.settings.addresses import SANDBOX
from tasks.settings.lookup import resolve_key
from tasks.settings.run import RunSettings
from tasks.store.database import Store, open_store
from tasks.store.private import for_owner_alone
from tasks.texts.contamination import Contamination

ANSWER_TABLES = ("problems", "reviews", "solutions", "grades", "readings", "trials", "attempts", "seed_solutions")
COLLECT_AFTER = 50_000
"""Objects more than before after which Python looks for garbage that refers to itself. By default it is 700, and then
the calls that wait are looked through again and again: two fifths of the time that a call costs."""


@asynccontextmanager
async def open_run(settings: RunSettings, accept_changes: bool = False) -> AsyncIterator[RunContext]:
    """The run context of this flow: the caller's, when it runs inside another flow, else a new one.

    Raises SettingsError when identity settings differ from the workspace's and `accept_changes` is false.
    """
    inherited = current()
    if inherited is not None:
        yield inherited
        return
    # It may fetch files and look at gigabytes of seeds, while a run that waits or is paused has to hear of that.
    plan = await asyncio.to_thread(make_plan, settings)
    with for_owner_alone(settings.workspace, settings.shared):
        async with _opened(plan, accept_changes) as work:
            yield work


@asynccontextmanager
async def _opened(plan: Plan, accept_changes: bool) -> AsyncIterator[RunContext]:
    store = open_store(plan.settings.workspace)
    try:
        plan = going_on(plan, store)
        refuse_changes(store, plan.identity, accept_changes)
        await take_in(store)
        if plan.settings.shards == 1:
            await end_rounds(store)
        await withdraw(store, gave_up_last(store))
        async with recorded(store, plan) as (run_id, account), _context(store, plan, run_id, account) as work:
            clients = tuple(work.clients.values())
            try:
                with using(work):
                    yield work
            finally:
                await store.write(*work.interrupted)
                await withdraw(store, [call for client in clients for call in client.circuit.unanswered])
    finally:
        store.close()


@asynccontextmanager
async def _context(store: Store, plan: Plan, run_id: UUID, account: BudgetAccount) -> AsyncIterator[RunContext]:
    """The parts of a run that must be closed, and the context that holds them."""
    settings = plan.settings
    items = read_benchmarks(store, settings.benchmarks)
    async with AsyncExitStack() as stack:
        yield RunContext(
            settings=settings,
            store=store,
            library=plan.library,
            roles=plan.roles,
            equivalence=stack.enter_context(checker_of(plan.library.domain.checker)(settings.equivalence.policy())),
            clients=await _clients(stack, store, plan, run_id, account),
            run_id=run_id,
            recipes=bound(plan.recipes, store),
            settings_recipes=plan.recipes,
            lost=lost_calls(store),
            kept=what_is_kept(plan.roles, store),
            account=account,
            benchmark_items=items,
            contamination=Contamination(items, settings.screen.coverage) if items else None,
            counts=Counts(cost=known_cost(store)),
        )


async def _clients(
    stack: AsyncExitStack, store: Store, plan: Plan, run_id: UUID, account: BudgetAccount
) -> dict[str, Client]:
    """A client for each endpoint, which the stack closes; the sandbox is started where an endpoint is one."""
    sandbox = stack.enter_context(Sandbox(plan.settings))
    stack.enter_context(seldom_collecting())
    clients: dict[str, Client] = {}
    profiles = read_profiles(plan.settings.workspace)
    for name, endpoint in plan.settings.endpoints.items():
        prices = plan.prices[name]
        meter = Meter(name, prices, account, endpoint.timeout, time.monotonic)
        key, known = resolve_key(endpoint.api_key), profiles.get(endpoint.base_url)
        client = clients[name] = Client(name, sandbox.address(endpoint), key, known, meter=meter)
        stack.push_async_callback(client.close)
        if endpoint.batch:
            client.batch_queue = BatchQueue(name, endpoint, key, known, prices, account, store, run_id)
            await client.batch_queue.open()
            stack.push_async_callback(client.batch_queue.close)
    await asyncio.gather(*(clients[name].learn_contexts() for name in _without_context(plan, profiles)))
    return clients


def _without_context(plan: Plan, profiles: Profiles) -> set[str]:
    """Endpoints with a model whose context size is not known yet."""
    asked = [item for role in plan.roles.chat for item in role.replicas.items()]
    endpoints = plan.settings.endpoints
    others = [(name, model) for name, model in asked if endpoints[name].base_url != SANDBOX]
    known = {name: profiles.get(endpoints[name].base_url, {}) for name, _ in others}
    return {name for name, model in others if model not in known[name] or not known[name][model].context}


@contextmanager
def seldom_collecting() -> Iterator[None]:
    """Let Python look for garbage only when there may be much of it."""
    before = gc.get_threshold()
    gc.set_threshold(max(before[0], COLLECT_AFTER), *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


def lost_calls(store: Store) -> set[UUID]:
    """Calls without a usable answer whose item has no row yet: a run ended between two samples of the item."""
    there = [
        f"SELECT {column} FROM {table} WHERE {column} IN (SELECT subject_id FROM faults)"
        for table, column in (*((table, "id") for table in ANSWER_TABLES), ("rejects", "subject_id"))
    ]
    found = store.column(
        # Each table is asked for the few: taken together, all of them would be too many for the store's memory.
        f"""WITH faults AS MATERIALIZED (SELECT id, subject_id FROM calls WHERE fault IS NOT NULL)
            SELECT id FROM faults WHERE subject_id NOT IN ({" UNION ALL ".join(there)})"""
    )
    return set(found)
