"""`gsdp audit verifier`: our verdicts next to math-verify's on the run's own answers, and the rows where they part."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

from flows.commands.auditing import REHEARSAL, audited, settings_of, share
from graph.errors import UsageError
from tasks.audits.verifier import ComparedPair, audit_verifier

MOST_ROWS = 20
"""Rows that are printed; `--rows` writes all of them."""


def print_verifier(run: Path, size: int, rows: Path | None) -> None:
    """The counts, the rows where the two part, and all of those in a file where one is named. Raises UsageError."""
    settings = settings_of(run)
    found, rehearsed = audited(settings, lambda work: audit_verifier(work, size))
    if not found:
        raise UsageError(
            f"{settings.workspace} has no problem whose solutions ended in answers of different writing: "
            "there is nothing to compare."
        )
    for line in verifier_lines(found):
        print(line)
    if rows is not None:
        _write(rows, [row for row in found if row.parts])
    if rehearsed:
        print(REHEARSAL)


def verifier_lines(found: Sequence[ComparedPair]) -> Iterable[str]:
    """How often both say what, and where they part."""
    yield f"{len(found):,} pairs of answers that are written differently"
    yield f"{'ours':<12}" + "".join(f"{said:>22}" for said in ("math-verify: same", "different", "no end"))
    for outcome in ("same", "different", "unknown"):
        theirs = [row.theirs for row in found if row.ours == outcome]
        yield f"{outcome:<12}" + "".join(f"{theirs.count(said):>22,}" for said in (True, False, None))
    parted = [row for row in found if row.parts]
    compared = sum(row.theirs is not None and row.ours != "unknown" for row in found)
    yield f"They part on {share(len(parted), compared)} of the {compared:,} on which both have a verdict."
    if parted:
        yield ""
        yield "Look at these:"
    for row in parted[:MOST_ROWS]:
        yield f"  ours {row.ours:<10} ({row.tier})   {row.a!r}   {row.b!r}"
    if len(parted) > MOST_ROWS:
        yield f"  and {len(parted) - MOST_ROWS:,} more: name a file by --rows for all of them."


def _write(path: Path, rows: Sequence[ComparedPair]) -> None:
    try:
        with path.open("w", encoding="utf-8") as file:
            for row in rows:
                # ASCII alone: an answer may hold a lone surrogate, which no encoding takes.
                file.write(json.dumps(row._asdict()) + "\n")
    except OSError as error:
        raise UsageError(f"{path} cannot be written ({error.strerror}).") from error
