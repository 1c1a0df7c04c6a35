"""Events that automations in Prefect wait for: a stage has ended, the budget or the target is reached."""

from __future__ import annotations

from typing import Any, Literal

from prefect.events import emit_event

from flows.orchestration.turns import limit_name
from tasks.context.run_context import RunContext

What = Literal["stage.completed", "budget.reached", "target.reached"]


def announce(work: RunContext, what: What, **more: Any) -> None:
    """Emit `gsdp.WHAT` about the workspace; Prefect adds the run, its deployment and its tags."""
    workspace = work.settings.workspace
    emit_event(
        event=f"gsdp.{what}",
        resource={
            "prefect.resource.id": f"gsdp.workspace.{limit_name(workspace)}",
            "prefect.resource.name": workspace.name,
        },
        payload={"workspace": str(workspace), "pairs": work.screened.pairs, **more},
    )


def announce_the_end(work: RunContext) -> None:
    """Say why a run has ended, where somebody waits for it. A target that was met before is no news."""
    if work.account.reached:
        announce(work, "budget.reached")
    elif work.counts.done["screen"] and work.screened.pairs >= work.settings.target_pairs:
        announce(work, "target.reached")
