"""The record of a run in its store: that it began, by which settings, what it leased of the budget, how it ended."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from importlib.metadata import PackageNotFoundError, version
from uuid import UUID, uuid4

from graph.errors import BudgetOverrun
from graph.ledger import EndpointLoad, InFlight, Lease, Run, StageRecipe, utc_now
from graph.records import Record
from tasks.context.basis import bound
from tasks.context.run_context import RunContext
from tasks.endpoint.money.budget import BudgetAccount
from tasks.reports.money import spent
from tasks.runs.plan import Plan
from tasks.settings.amounts import read_budget
from tasks.settings.keys import holds_secret, is_reference
from tasks.settings.run import RunSettings
from tasks.store.database import Store

NOT_KEPT = "(not kept)"
"""What stands in the store for a value that may be a secret."""


Loads = Mapping[str, int]
"""By endpoint, how many calls at once it bears."""


@asynccontextmanager
async def recorded(store: Store, plan: Plan) -> AsyncIterator[tuple[UUID, BudgetAccount]]:
    """A run's id and account, for as long as the block lasts; how the block ends is how the run ended.

    Raises BudgetOverrun behind a run that was billed more than its calls were allowed to cost.
    """
    run_id = await _begin(store, plan)
    account = open_account(store, plan.settings, run_id)
    try:
        yield run_id, account
        if account.overrun:
            raise BudgetOverrun(account.overrun)
    except BaseException as error:
        await _end(store, run_id, account, error)
        raise
    await _end(store, run_id, account, None)


def open_account(store: Store, settings: RunSettings, run_id: UUID) -> BudgetAccount:
    """The budget of the workspace, with what its runs have spent and what crashes may have lost."""
    if settings.budget is None:
        return BudgetAccount(None)
    budget = read_budget(settings.budget)

    async def lease(amount: float) -> None:
        row = Lease(run_id=run_id, unit=budget.unit, amount=amount)
        await store.write(row, statements=[("DELETE FROM leases WHERE run_id = ?", [run_id])])

    return BudgetAccount(budget, sum(spent(store, budget.unit)), lease)


async def _begin(store: Store, plan: Plan) -> UUID:
    run_id = uuid4()
    run = Run(
        id=run_id,
        number=int(store.value("SELECT coalesce(max(number), 0) + 1 FROM runs")),
        started_at=utc_now(),
        ended_at=None,
        state="running",
        code_version=code_version(),
        settings=without_secrets(plan.settings).model_dump_json(),
        identity=json.dumps(plan.identity, sort_keys=True),
        message=None,
        prices=json.dumps(
            {name: {m: p and p._asdict() for m, p in models.items()} for name, models in plan.prices.items()}
        ),
    )
    rows: list[Record] = [
        StageRecipe(run_id=run_id, stage=stage, recipe=recipe) for stage, recipe in bound(plan.recipes, store).items()
    ]
    await store.write(run, *rows)
    return run_id


async def note_in_flight(store: Store, run_id: UUID, calls: Mapping[str, int]) -> None:
    """Write down how many calls of a run are on their way, by endpoint, for the run that finds this one killed."""
    rows = [InFlight(run_id=run_id, endpoint=name, calls=number) for name, number in calls.items() if number]
    await store.write(*rows, statements=[("DELETE FROM in_flight WHERE run_id = ?", [run_id])])


async def note_loads(work: RunContext, former: Loads) -> Loads:
    """Write down how many calls at once each endpoint bears, where that is not as it was; how it is now."""
    now = {name: int(client.admission.limit.value) for name, client in work.clients.items()}
    rows = [
        EndpointLoad(
            run_id=work.run_id, endpoint=name, noted_at=utc_now(), calls=work.clients[name].in_flight, bears=bears
        )
        for name, bears in now.items()
        if former.get(name) != bears
    ]
    await work.store.write(*rows)
    return now


async def _end(store: Store, run_id: UUID, account: BudgetAccount, error: BaseException | None) -> None:
    state = "completed" if error is None else "failed" if isinstance(error, Exception) else "interrupted"
    message = (str(error)[:1000] or type(error).__name__) if isinstance(error, Exception) else None
    sql = "UPDATE runs SET ended_at = ?, state = ?, message = ? WHERE id = ?"
    exact = ("UPDATE leases SET amount = ? WHERE run_id = ?", [account.spent, run_id])
    none_left = ("DELETE FROM in_flight WHERE run_id = ?", [run_id])
    await store.write(statements=[(sql, [utc_now(), state, message, run_id]), exact, none_left])


def without_secrets(settings: RunSettings) -> RunSettings:
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


def code_version() -> str:
    """The installed version of gsdp."""
    try:
        return version("gsdp")
    except PackageNotFoundError:
        return "unknown"
