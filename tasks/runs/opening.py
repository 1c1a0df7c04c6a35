"""Opening and closing a run context: the store first, then what the settings' identity allows, then the endpoints.

Everything that can be wrong with settings or workspace is found here, before the first call is paid.
"""

from __future__ import annotations

import gc
import json
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any
from uuid import UUID, uuid4

from graph.errors import BudgetOverrun, SettingsError
from graph.records import Lease, Record, Run, StageRecipe
from prompts.library import Library
from tasks.answers.equivalence import Equivalence
from tasks.context.run_context import Counts, RunContext, current, using
from tasks.endpoint.batch.batch_queue import BatchQueue
from tasks.endpoint.client import Client
from tasks.endpoint.connection import verify
from tasks.endpoint.money.budget import BudgetAccount, Meter
from tasks.endpoint.money.prices import Price, find_price
from tasks.endpoint.profiles import read_profiles
from tasks.inputs.benchmarks import read_benchmarks
from tasks.inputs.rows import look_at, with_each_file
from tasks.reports.money import known_cost, spent
from tasks.runs.quote import take_in
from tasks.runs.sandbox import Sandbox
from tasks.runs.shards import end_rounds
from tasks.settings.amounts import read_budget
from tasks.settings.blocks import with_blocks
from tasks.settings.identity import Identity, changes, identity, paid_again, recipes
from tasks.settings.keys import holds_secret, is_reference
from tasks.settings.lookup import resolve_key
from tasks.settings.roles import ResolvedRoles, resolve_roles
from tasks.settings.run import SANDBOX, RunSettings
from tasks.store.database import Store, open_store
from tasks.texts.contamination import Contamination

ANSWERED = "SELECT 1 FROM calls WHERE fault IS NULL OR output_tokens > 0 LIMIT 1"
ANSWER_TABLES = ("problems", "reviews", "solutions", "grades", "readings", "trials")
NOT_KEPT = "(not kept)"
"""What stands in the store for a value that may be a secret."""
COLLECT_AFTER = 50_000
"""Objects more than before after which Python looks for garbage that refers to itself. By default it is 700, and then
the calls that wait are looked through again and again: two fifths of the time that a call costs."""


def check(settings: RunSettings, accept_changes: bool) -> None:
    """Find what is wrong with settings, seeds and workspace without starting anything. Raises GsdpError.

    `open_run` and ingest find the same, but only after Prefect's server is up.
    """
    settings = with_each_file(with_blocks(settings))
    library = Library(settings.domain, settings.prompts)
    roles = resolve_roles(settings, library)
    shape = identity(settings, library, roles)
    find_prices(settings, roles)
    for endpoint in settings.endpoints.values():
        if endpoint.base_url != SANDBOX:
            verify(endpoint)
    store = open_store(settings.workspace)
    try:
        _compare(store, shape, accept_changes)
        for file in settings.seeds:
            look_at(store, file)
    finally:
        store.close()


@asynccontextmanager
async def open_run(settings: RunSettings, accept_changes: bool = False) -> AsyncIterator[RunContext]:
    """The run context of this flow: the caller's, when it runs inside another flow, else a new one.

    Raises SettingsError when identity settings differ from the workspace's and `accept_changes` is false.
    """
    inherited = current()
    if inherited is not None:
        yield inherited
        return
    settings = with_each_file(with_blocks(settings))
    library = Library(settings.domain, settings.prompts)
    roles = resolve_roles(settings, library)
    shape = identity(settings, library, roles)
    prices = find_prices(settings, roles)
    store = open_store(settings.workspace)
    try:
        _compare(store, shape, accept_changes)
        await take_in(store)
        if settings.shards == 1:
            await end_rounds(store)
        run_id = await _begin(store, settings, shape, prices)
        account = open_account(store, settings, run_id)
        try:
            items = read_benchmarks(store, settings.benchmarks)
            async with AsyncExitStack() as stack:
                equivalence = stack.enter_context(Equivalence(settings.equivalence))
                sandbox = stack.enter_context(Sandbox(settings))
                stack.enter_context(seldom_collecting())
                clients: dict[str, Client] = {}
                profiles = read_profiles(settings.workspace)
                for name, endpoint in settings.endpoints.items():
                    meter = Meter(name, prices[name], account, endpoint.timeout, time.monotonic)
                    key, known = resolve_key(endpoint.api_key), profiles.get(endpoint.base_url)
                    clients[name] = Client(name, sandbox.address(endpoint), key, known, meter=meter)
                    stack.push_async_callback(clients[name].close)
                    if endpoint.batch:
                        batch_queue = clients[name].batch_queue = BatchQueue(
                            name, endpoint, key, known, prices[name], account, store, run_id
                        )
                        await batch_queue.open()
                        stack.push_async_callback(batch_queue.close)
                work = RunContext(
                    settings,
                    store,
                    library,
                    roles,
                    clients,
                    equivalence,
                    run_id,
                    recipes(shape),
                    lost_calls(store),
                    account=account,
                    benchmark_items=items,
                    contamination=Contamination(items, settings.screen.coverage) if items else None,
                    counts=Counts(cost=known_cost(store)),
                )
                with using(work):
                    yield work
                if account.overrun:
                    raise BudgetOverrun(account.overrun)
        except BaseException as error:
            await _end(store, run_id, account, error)
            raise
        else:
            await _end(store, run_id, account, None)
    finally:
        store.close()


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
    found = store.rows(
        # Each table is asked for the few: taken together, all of them would be too many for the store's memory.
        f"""WITH faults AS MATERIALIZED (SELECT id, subject_id FROM calls WHERE fault IS NOT NULL)
            SELECT id FROM faults WHERE subject_id NOT IN ({" UNION ALL ".join(there)})"""
    )
    return {row[0] for row in found}


def _compare(store: Store, shape: Identity, accept_changes: bool) -> None:
    """Refuse settings that would silently throw away what was paid for; where nobody answered yet, nothing was."""
    found = store.rows("SELECT identity FROM runs ORDER BY started_at DESC, id LIMIT 1")
    changed = changes(json.loads(found[0][0]), shape) if found else []
    if not changed or accept_changes or not store.rows(ANSWERED):
        return
    stages = paid_again(changed)
    calls = dict(store.rows("SELECT stage, count(*) FROM calls GROUP BY stage"))
    cost = ", ".join(f"{stage} ({calls.get(stage, 0):,} calls so far)" for stage in stages)
    lines = "; ".join(f"{key}: {old} -> {new}" for key, old, new in changed)
    raise SettingsError(
        f"The settings differ from the last run of this workspace in {lines}. "
        + (f"Paid again would be, at most: {cost}. " if stages else "Nothing would be paid again. ")
        + "Add --accept-changes to go on, or choose another workspace."
    )


def find_prices(settings: RunSettings, roles: ResolvedRoles) -> dict[str, dict[str, Price | None]]:
    """The price of every model that is asked, by endpoint.

    Raises SettingsError when a budget in money meets a model without a price: it could not be kept.
    """
    found: dict[str, dict[str, Price | None]] = {name: {} for name in settings.endpoints}
    for role in (*roles.by_name.values(), *roles.judges):
        for name, model in role.replicas.items():
            found[name][model] = find_price(settings.endpoints[name], model)
            if found[name][model] is None and settings.budget and read_budget(settings.budget).unit == "USD":
                raise SettingsError(
                    f"A budget in money needs prices, and nobody knows that of {model} at the endpoint {name}: set "
                    f"`prices = {{ input = ..., output = ... }}` under [endpoints.{name}], in USD a million tokens."
                )
    return found


def open_account(store: Store, settings: RunSettings, run_id: UUID) -> BudgetAccount:
    """The budget of the workspace, with what its runs have spent and what crashes may have lost."""
    if settings.budget is None:
        return BudgetAccount(None)
    budget = read_budget(settings.budget)

    async def lease(amount: float) -> None:
        row = Lease(run_id=run_id, unit=budget.unit, amount=amount)
        await store.write(row, statements=[("DELETE FROM leases WHERE run_id = ?", [run_id])])

    return BudgetAccount(budget, sum(spent(store, budget.unit)), lease)


async def _begin(store: Store, settings: RunSettings, shape: Identity, prices: Mapping[str, Any]) -> UUID:
    run_id = uuid4()
    run = Run(
        id=run_id,
        started_at=_now(),
        ended_at=None,
        state="running",
        code_version=code_version(),
        settings=_without_secrets(settings).model_dump_json(),
        identity=json.dumps(shape, sort_keys=True),
        message=None,
        prices=json.dumps({name: {m: p and p._asdict() for m, p in models.items()} for name, models in prices.items()}),
    )
    rows: list[Record] = [
        StageRecipe(run_id=run_id, stage=stage, recipe=recipe) for stage, recipe in recipes(shape).items()
    ]
    await store.write(run, *rows)
    return run_id


async def _end(store: Store, run_id: UUID, account: BudgetAccount, error: BaseException | None) -> None:
    state = "completed" if error is None else "failed" if isinstance(error, Exception) else "interrupted"
    message = (str(error)[:1000] or type(error).__name__) if isinstance(error, Exception) else None
    sql = "UPDATE runs SET ended_at = ?, state = ?, message = ? WHERE id = ?"
    exact = ("UPDATE leases SET amount = ? WHERE run_id = ?", [account.spent, run_id])
    await store.write(statements=[(sql, [_now(), state, message, run_id]), exact])


def _without_secrets(settings: RunSettings) -> RunSettings:
    """The settings as the store keeps them.

    A second line of defence behind what `Endpoint` refuses: values of headers and proxies stay only where they say
    where the value is, and an address only where it carries no secret.
    """

    def kept(value: str) -> str:
        return value if is_reference(value) else NOT_KEPT

    endpoints = {
        name: endpoint.model_copy(
            update={
                "base_url": NOT_KEPT if holds_secret(endpoint.base_url) else endpoint.base_url,
                "headers": {header: kept(value) for header, value in endpoint.headers.items()},
                "proxy": kept(endpoint.proxy) if endpoint.proxy else None,
            }
        )
        for name, endpoint in settings.endpoints.items()
    }
    return settings.model_copy(update={"endpoints": endpoints})


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


def code_version() -> str:
    """The installed version of gsdp."""
    try:
        return version("gsdp")
    except PackageNotFoundError:
        return "unknown"
