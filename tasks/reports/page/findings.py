"""What the first screen says in sentences: what the dataset is, how good its labels are, and what stands out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from graph.evaluations import GateAudit
from graph.nouns import counted
from tasks.reports.agreement import Agreement, Lean
from tasks.reports.card import models
from tasks.reports.coverage import Cover, communities
from tasks.reports.page.chart import items_of
from tasks.reports.page.told import TIERS
from tasks.reports.page.wording import alpha_in_words
from tasks.settings.run import RunSettings
from tasks.store.database import Store


class Remark(NamedTuple):
    """A sentence, and the address within the page at which a reader sees more of it."""

    text: str
    link: str


def about(store: Store, settings: RunSettings, seeds: int, pairs: int) -> str:
    """One sentence: what the dataset is and who made it."""
    who: dict[str, list[str]] = {}
    for role, model in models(store):
        who.setdefault(role, []).append(model)
    composer, solver = (", ".join(dict.fromkeys(who.get(role, ["?"]))) for role in ("composer", "solver"))
    field = settings.domain.rstrip("/").split("/")[-1]
    judges = len(who.get("judge", []))
    accept = "accepts" if judges == 1 else "accept"
    return (
        f"{counted(pairs, 'pair')} of problem and solution in {field}: composed by {composer} "
        f"from the knowledge points of {counted(seeds, 'seed')}, solved by {solver}, and kept where "
        f"solutions agree and {counted(judges, 'judge')} {accept} them."
    )


def quality(store: Store, settings: RunSettings, panels: Sequence[Agreement]) -> Iterator[Remark]:
    """How sure the labels are, how far the judges agree, and how often pairs are wrong, where that was audited."""
    tiers = store.rows(_TIERS, [list(TIERS)])
    if tiers:
        told = "; ".join(f"{tier}: {pairs:,}" for tier, pairs in tiers)
        yield Remark(
            f"Pairs by how many of their solutions give the answer. {told[0].upper()}{told[1:]}.", "#charts/tiers"
        )
    for panel in panels:
        if said := alpha_in_words(panel.alpha, panel.alike):
            yield Remark(f"Judges at {panel.task}: {said[0].lower()}{said[1:]}", f"#charts/judges-{panel.task}")
    audited = {row.gate: row for row in latest_audit(store)}.get("votes")
    if audited is None:
        yield Remark("How many pairs are wrong was not audited: `gsdp audit gates` measures it.", "")
    else:
        read = audited.accepted_good + audited.accepted_bad
        found = f"{audited.accepted_bad:,} of {counted(read, 'accepted pair')} were found to be bad"
        yield Remark(f"Audited: {found}.", "#charts/gates")
    if not settings.benchmarks:
        yield Remark("Nothing was checked for contamination: `benchmarks` names no file.", "")


def merged(funnel: Sequence[tuple[str, int, int]], reasons: Sequence[tuple[str, str, int]]) -> int:
    """Names that were found to mean what another name means: they are no rejects, and no points of their own."""
    before, after = next((row[1], row[2]) for row in funnel if row[0].startswith("connect"))
    return max(0, before - after - sum(items for stage, _, items in reasons if stage == "connect"))


def ahead(store: Store, problems: int) -> str:
    """Why there are more problems in the store than in the funnel; empty where there are not."""
    more = problems - int(store.value("SELECT count(*) FROM told"))
    if more <= 0:
        return ""
    was = "1 of the problems was" if more == 1 else f"{more:,} of the problems were"
    return f"{was} asked for ahead and lie beyond the dataset's last pair: it does not need them, and nothing is open."


def noticed(
    store: Store, reasons: Sequence[tuple[str, str, int]], panels: Sequence[Agreement], covers: Sequence[Cover]
) -> Iterator[Remark]:
    """What a reader would look for first."""
    kept_out = [row for row in reasons if row[0] in ("compose", "review", "solve", "grade", "screen")]
    if kept_out:
        stage, reason, items = max(kept_out, key=lambda row: row[2])
        share = items / sum(row[2] for row in kept_out)
        told = f"Most is lost at {stage}: {reason}, {counted(items, 'item')}, {share:.0%} of what the gates kept out."
        shown = stage in ("review", "grade", "screen")
        yield Remark(told, items_of(outcome=stage, reason=reason) if shown else "")
    yield from _leaning(panels)
    yield from _fields(communities(covers))
    points = [cover for cover in covers if cover.point_id is not None]
    if unused := sum(not cover.pairs for cover in points):
        yield Remark(f"In no pair yet: {unused:,} of {counted(len(points), 'knowledge point')}.", "#map?pairs=none")
    dearest = store.rows(_DEAREST)
    if len(dearest) > 1:
        (cheap, least), (dear, most) = dearest[0], dearest[-1]
        told = f"A pair by {dear} takes {most / least:.1f} times the tokens of one by {cheap}."
        yield Remark(told, "#charts/strategies")


def _leaning(panels: Sequence[Agreement]) -> Iterator[Remark]:
    """The harshest and the mildest judge of each panel, among those that share enough items with others."""
    for panel in panels:
        leaning = [(lean.bias, lean) for lean in panel.judges if lean.bias is not None and lean.compared >= ENOUGH]
        leaning.sort(key=lambda one: one[0])
        if len(leaning) > 1 and leaning[-1][0] - leaning[0][0] >= SEEN:
            low, high = _told(*leaning[0]), _told(*leaning[-1])
            told = f"At {panel.task} the harshest judge is {low}, the mildest {high}, each against the other judges of "
            yield Remark(f"{told}the same items.", f"#charts/judges-{panel.task}")


def _told(bias: float, lean: Lean) -> str:
    return f"{lean.judge} ({bias:+.3f} on {counted(lean.compared, 'item')})"


def _fields(fields: Sequence[Cover]) -> Iterator[Remark]:
    """Fields that give little."""
    tried = [cover for cover in fields if cover.problems >= ENOUGH]
    if len(tried) > 1:
        poor = _least(tried, lambda cover: cover.pairs / cover.problems)
        made = " and ".join(f"“{cover.name}”: {counted(cover.pairs, 'pair')} of {cover.problems:,}" for cover in poor)
        told = f"Of the fields with {ENOUGH} problems and more, the lowest yield has {made}."
        yield Remark(told, f"#items?field={poor[0].community}")
    bare = [cover for cover in fields if cover.seeds and not cover.pairs]
    if bare:
        told = f"Without a pair yet: {len(bare):,} of {len(fields):,} fields, among them “{bare[0].name}”."
        yield Remark(told, f"#map?field={bare[0].community}")
    rich = [cover for cover in fields if cover.seeds >= ENOUGH]
    if len(rich) > 1:
        thin = _least(rich, lambda cover: cover.pairs / cover.seeds)
        few = " and ".join(
            f"“{cover.name}”: {counted(cover.pairs, 'pair')} from {counted(cover.seeds, 'seed')}" for cover in thin
        )
        told = f"Of the fields with {ENOUGH} seeds and more, the thinnest is {few}."
        yield Remark(told, f"#map?field={thin[0].community}")


def _least(fields: Sequence[Cover], measure: Callable[[Cover], float]) -> list[Cover]:
    """All that share the lowest value."""
    low = min(map(measure, fields))
    return [cover for cover in fields if measure(cover) == low]


def latest_audit(store: Store) -> list[GateAudit]:
    """What the latest audit of the gates found; empty where there was none."""
    return store.select(
        GateAudit, "audited_at = (SELECT audited_at FROM gate_audits ORDER BY rowid DESC LIMIT 1) ORDER BY rowid"
    )


SEEN = 0.0005
"""Difference of two biases from which on three digits show it."""

ENOUGH = 5
"""Problems, seeds or items from which on a share or a mean says anything."""

_TIERS = """
    SELECT tier, count(*) FROM told WHERE outcome = 'pair' AND tier IS NOT NULL
    GROUP BY tier ORDER BY list_position(?::VARCHAR[], tier) NULLS LAST, tier"""

_DEAREST = """
    SELECT replace(relation, '_', '-'), sum(tokens) / count(*) FILTER (outcome = 'pair') AS each FROM told
    GROUP BY 1 HAVING count(*) FILTER (outcome = 'pair') >= 10 ORDER BY 2"""
