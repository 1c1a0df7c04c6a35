"""A whole pipeline in the test's process: stages without Prefect, and the sandbox's answers without a network."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from uuid import UUID

from deployments.sandbox.roles import ErrorRates, ask_of, role_of
from deployments.sandbox.vocabulary import embed
from tasks.context.run_context import RunContext
from tasks.endpoint.replies import ChatRequest, Reply
from tasks.settings.run import RunSettings
from tasks.settings.sections import CHAT_ROLES
from tasks.stages.compose import compose
from tasks.stages.connect import connect
from tasks.stages.extract import extract, pending_seeds
from tasks.stages.grade import grade
from tasks.stages.ingest import ingest
from tasks.stages.publish import publish
from tasks.stages.review import review
from tasks.stages.sample import sample
from tasks.stages.screen import open_screen
from tasks.stages.solve import solve
from tests.support.contexts import open_context, plain, settings_for
from tests.support.scripted_curator import reply

RATES = ErrorRates(bad_problems=0.1, wrong_solutions=0.2, noisy_judges=0.05)
ROLES: dict[str, Any] = {
    **{role: {"endpoint": "local", "model": f"sandbox-{role}"} for role in (*CHAT_ROLES, "embedder")},
    "judges": [{"endpoint": "local", "model": f"sandbox-judge-{number}"} for number in (1, 2, 3)],
}
PAID = (compose, review, solve, grade)

rehearsed_settings = partial(settings_for, roles=ROLES)
"""Settings in which the sandbox's models play every role."""


@dataclass
class InProcess:
    """A client that answers as the sandbox does: the same question always gets the same answer."""

    asked: Counter[str] = field(default_factory=Counter)
    """Questions by model."""
    vain: Sequence[UUID] = ()
    """Calls that a batch would have brought too late."""

    async def complete(self, request: ChatRequest) -> Reply:
        self.asked[request.model] += 1
        role = role_of(request.model)
        assert role is not None
        text = "\n".join(message["content"] for message in request.messages)
        return reply(role(ask_of(request.model, text, request.seed, request.temperature), RATES))

    async def embed(
        self, model: str, texts: Sequence[str], extra_body: Mapping[str, Any]
    ) -> tuple[list[list[float]], Reply]:
        self.asked[model] += 1
        return [list(embed(text)) for text in texts], reply("")


async def run_all(settings: RunSettings, client: InProcess, combinations: int) -> None:
    """Every stage, over at most so many combinations, and the dataset."""
    async with open_context(settings, {"local": client}, accept_changes=True) as work:
        await plain(ingest)()
        await run_rest(work, combinations)


async def run_rest(work: RunContext, combinations: int) -> None:
    """The stages behind ingest."""
    await plain(extract)(0, [str(seed_id) for seed_id in pending_seeds(work)])
    await plain(connect)()
    have = min(combinations, await plain(sample)(combinations))
    for stage in PAID:
        await plain(stage)(0, have)
    screen = await open_screen(work)
    if screen.frontier < have:
        await screen.advance(have)
    await plain(publish)()
