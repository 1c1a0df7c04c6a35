"""How Prefect treats our tasks.

State lives in the store alone, so Prefect caches and persists nothing. A task is tried again only when an endpoint
that had answered before was down for longer than its patience; it then selects what is pending, so nothing is paid
twice. One that has never answered is more likely misnamed, and a person waits for the run: it ends with the patience.
All other retries belong to the client.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar, cast

from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun
from prefect.context import TagsContext
from prefect.states import Completed
from prefect.tasks import Task

from graph.errors import BudgetReached, GsdpError

P = ParamSpec("P")
T = TypeVar("T")

RETRIES = 2
RETRY_DELAYS = [10.0, 60.0]
"""Seconds before each retry; the client has already been patient for `outage_patience`."""


def _transient(task: Task[..., Any], run: TaskRun, state: State[Any]) -> bool:
    error = state.data if isinstance(state.data, BaseException) else None
    return isinstance(error, GsdpError) and error.transient


class UntaggedTask(Task[..., Any]):
    """A task whose runs bear no tag, whatever their flow bears.

    Before a tagged one, Prefect asks its server for a slot, and the run would fail while that is away.
    """

    async def __call__(self, *arguments: Any, **named: Any) -> Any:  # type: ignore[override]
        with TagsContext(current_tags=set()):
            return await super().__call__(*arguments, **named)


def chunk_task(name: str, run_name: str = "") -> Callable[[Callable[P, Awaitable[T]]], Callable[P, Awaitable[T]]]:
    """Make a coroutine function a Prefect task; `run_name` may use its parameters, as in "extract-{number:04d}".

    At the end of the budget a task completes, and says so by the name of its state: what it left is done another time.
    """

    def decorate(function: Callable[P, Awaitable[T]]) -> Callable[P, Awaitable[T]]:
        @wraps(function)
        async def until_the_budget_ends(*args: P.args, **kwargs: P.kwargs) -> Any:
            try:
                return await function(*args, **kwargs)
            except BudgetReached as error:
                return Completed(name="Budget reached", message=str(error))

        made: Any = UntaggedTask(
            until_the_budget_ends,
            name=name,
            task_run_name=run_name or name,
            cache_policy=NO_CACHE,
            persist_result=False,
            retries=RETRIES,
            retry_delay_seconds=RETRY_DELAYS,
            retry_condition_fn=_transient,
        )
        return cast("Callable[P, Awaitable[T]]", made)

    return decorate
