"""`gsdp compare`: runs that differ in one thing, at equal volume and at equal cost."""

from __future__ import annotations

import json

from prefect.logging import get_run_logger

from flows.commands.auditing import REHEARSAL
from flows.evaluate import write
from flows.reporting.arm_table import arm_lines, arm_rows
from flows.reporting.artifacts import put_up
from flows.stages import stage_flow
from flows.synthesize import synthesize
from graph.arms import Arm
from graph.arms import compare as compare_arms
from tasks.audits.arms import CheckedArm, check_arm
from tasks.reports.arms import COMPARISON, read_arm
from tasks.reports.card import is_rehearsal
from tasks.runs.arms import arms, differences, hand_over_seeds
from tasks.runs.opening import open_run
from tasks.settings.run import RunSettings


@stage_flow
async def compare(settings: RunSettings, accept_changes: bool = False) -> list[str]:
    """Run the arms that the settings name one after the other, and tell what each came to at equal volume and cost.

    Run it again after any failure: it goes on where it stopped, and pays for nothing twice.

    Args:
        settings: Everything the run needs to know; `compare` names the arms.
        accept_changes: Go on although settings that shape the answers differ from an arm's last run.
    """
    made = arms(settings)
    await synthesize(settings, until="extract", accept_changes=accept_changes)
    found: list[Arm] = []
    checked: list[CheckedArm] = []
    rehearsed = False
    for name, arm in made.items():
        get_run_logger().info("Arm %s begins.", name)
        await hand_over_seeds(settings, arm)
        await synthesize(arm, until="grade", accept_changes=accept_changes)
        async with open_run(arm, accept_changes) as work:
            found.append(read_arm(work, name))
            checked.append(await check_arm(work, name))
            rehearsed = rehearsed or is_rehearsal(work.store, arm)
    result = compare_arms(found)
    besides = [f"{name}: {changed}" for name, changed in differences(settings)]
    lines = [*arm_lines(result, checked), "", *besides, *([REHEARSAL] if rehearsed else [])]
    rows = arm_rows(result, checked)
    await put_up("arms", settings.workspace.name, rows, "; ".join(besides))
    told = {"arms": rows, "changes": dict(differences(settings)), "rehearsal": rehearsed}
    write(settings.workspace / COMPARISON, json.dumps(told, indent=2, ensure_ascii=False))
    get_run_logger().info("%s", "\n".join(lines))
    return lines
