"""`gsdp audit judges`: the panel against labelled items, and the weights that follow, ready to paste."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from flows.commands.auditing import REHEARSAL, audited, settings_of, share
from tasks.audits.judges import Calibrated, Calibration, JudgeTally, calibrate, read_labelled
from tasks.context.run_context import RunContext
from tasks.settings.sections import Role


def print_judges(run: Path, file: Path) -> None:
    """A table for each task, and the settings that the weights make. Raises UsageError for rows without a label."""
    settings = settings_of(run)

    async def asked(work: RunContext) -> Calibrated:
        return await calibrate(work, read_labelled(work.store, file))

    found, rehearsed = audited(settings, asked)
    for task in found.tasks:
        for line in (*task_lines(task), ""):
            print(line)
    for line in judge_lines(settings.roles.judges, found.weights):
        print(line)
    if rehearsed:
        print(f"# {REHEARSAL}")


def task_lines(task: Calibration) -> Iterable[str]:
    """How right the judges are, and the panel as it is and as it would be."""
    told = "" if task.alpha is None else f", alpha {task.alpha:.3f}"
    yield f"{task.task}: {task.items:,} labelled items{told}"
    heads = "".join(f"{head:>24}" for head in ("accuracy", "false rejects", "false accepts"))
    yield f"{'judge':<28}{'read':>7}{heads}{'unjudged':>10}{'bias':>8}"
    for judge in task.judges:
        bias = "" if judge.bias is None else f"{judge.bias:+.3f}"
        yield f"{_line(judge.judge, judge.tally)}{judge.unjudged:>10,}{bias:>8}"
    yield _line("(the panel)", task.panel)
    yield _line("(with the weights below)", task.weighted)


def _line(name: str, tally: JudgeTally) -> str:
    shares = (
        share(tally.right, tally.read),
        share(tally.good_wrong, tally.good_wrong + tally.good_right),
        share(tally.bad_wrong, tally.bad_wrong + tally.bad_right),
    )
    return f"{name[:27]:<28}{tally.read:>7,}" + "".join(f"{text:>24}" for text in shares)


def judge_lines(judges: Sequence[Role], weights: Sequence[float]) -> Iterable[str]:
    """The panel as TOML, with its weights; a judge that is no better than chance as a comment."""
    if not any(weights):
        yield "# No judge knows better than chance: there are no weights to propose."
        return
    yield "[roles]   # of the settings, in place of the judges there"
    yield "judges = ["
    for role, weight in zip(judges, weights, strict=True):
        values = role.model_dump(mode="json", exclude_defaults=True, exclude={"weight"}) | {"weight": weight}
        yield f"    {toml(values)}," if weight else f"    # no better than chance: {toml(values)}"
    yield "]"


def toml(value: object) -> str:
    """A value as TOML, in one line."""
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_key(name)} = {toml(inner)}" for name, inner in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def _key(name: str) -> str:
    return name if name.isidentifier() and name.isascii() else json.dumps(name, ensure_ascii=False)
