"""Several endpoints behind one role: the least loaded is asked, and where one fails another takes over.

A role fails only when none of its endpoints is left. A silent endpoint stays in the list and gets a call now and then,
to find out whether it is back.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeVar

from graph.errors import BudgetError, EndpointError
from graph.spending import Spending
from tasks.endpoint.client import Client, Moved
from tasks.endpoint.replies import ChatRequest, Reply

T = TypeVar("T")


async def complete(clients: Mapping[str, Client], replicas: Mapping[str, str], request: ChatRequest) -> Reply:
    """One chat completion from any of `replicas`: names of endpoints, and the model's name at each."""
    if len(replicas) == 1:
        return await clients[next(iter(replicas))].complete(request)
    # A call that travels in a batch is found again there, so it must not go to another endpoint.
    for name, model in replicas.items():
        if clients[name].batches(request.stage):
            return await clients[name].complete(request._replace(model=model))

    async def ask(client: Client, movable: bool) -> tuple[None, Reply]:
        return None, await client.complete(request._replace(model=replicas[client.name]), movable)

    return (await _ask_any([clients[name] for name in replicas], ask))[1]


async def embed(
    clients: Mapping[str, Client], replicas: Mapping[str, str], texts: Sequence[str], extra_body: Mapping[str, Any]
) -> tuple[list[list[float]], Reply]:
    """The vectors of some texts from any of `replicas`."""
    if len(replicas) == 1:
        ((name, model),) = replicas.items()
        return await clients[name].embed(model, texts, extra_body)

    async def ask(client: Client, movable: bool) -> tuple[list[list[float]], Reply]:
        return await client.embed(replicas[client.name], texts, extra_body, movable)

    return await _ask_any([clients[name] for name in replicas], ask)


async def _ask_any(
    clients: Sequence[Client], ask: Callable[[Client, bool], Awaitable[tuple[T, Reply]]]
) -> tuple[T, Reply]:
    """What the first endpoint says that says anything; its reply counts the requests that others were sent, too.

    `ask` is told whether the call may move on instead of waiting for a silent endpoint. Raises the last one's
    EndpointError when none is left, or BudgetError.
    """
    left = list(clients)
    spent: list[Spending] = []
    while True:
        client = choose(left)
        others = [other for other in left if other is not client]
        movable = any(not other.circuit.out and not other.admission.paused for other in others)
        try:
            found, reply = await ask(client, movable)
        except (EndpointError, BudgetError) as error:
            if error.spent is not None:
                spent.append(error.spent)
            left = left if isinstance(error, Moved) else others
            if not left or isinstance(error, BudgetError):
                error.spent = spent[-1].plus(spent[:-1]) if spent else None
                raise
        else:
            return found, reply.plus(spent)


def choose(clients: Sequence[Client]) -> Client:
    """A silent endpoint that is due for a probe, else the least loaded that answers, else the least loaded of all."""

    def worth(client: Client) -> tuple[bool, bool, float]:
        admission = client.admission
        return client.circuit.out, admission.paused and not admission.probe_due, admission.load

    return min(clients, key=worth)
