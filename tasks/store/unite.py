"""unite: take what another workspace's store knows into this one, in one transaction.

An id hashes the work that made a row, so rows of two stores are one fact or two by their ids alone. Taken is what was
paid for or read and holds wherever it stands (`TAKEN`); left is how far one store has come, and what follows from the
rest without a call (`LEFT`). A store can be united at any time, also a half-done one, in any order and again: what is
there already is not taken twice.

Both stores may have worked on one item, each on its own, and then their answers differ. What is here stays, and
nothing is taken that rests on the other's answers: of a seed that was read here no names, of a problem whose rows
differ (it is *disputed*) no rows at all. The ledger takes every call even so, once: two calls with one id are two
payments where run or moment differ, and the later one to come gets an id of its own. What a crash over there left
unsettled comes with the leases, and counts here as it did there.

Knows nothing of settings: rows of other recipes come too, and are history here as there.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

from graph.errors import StoreError
from tasks.store.database import FILE_NAME, Store, open_store
from tasks.store.ids import id_sql
from tasks.store.writer import Statement

ONCE_MORE = id_sql("call once more", "id", "run_id")


def _here(table: str, asked: str) -> str:
    """Those ids of a table here that a query asks for: fewer than all, where a small store comes to a large one."""
    return f"(SELECT id FROM {table} WHERE id IN ({asked}))"


def _unknown(table: str, where: str = "true") -> str:
    """Rows whose id is not here yet."""
    return f"SELECT * FROM other.{table} WHERE id NOT IN {_here(table, f'SELECT id FROM other.{table}')} AND {where}"


REJECTED = "SELECT subject_id FROM other.rejects"
UNDISPUTED = "problem_id NOT IN (FROM disputed)"

TAKEN: dict[str, str] = {
    "calls": f"""
        SELECT * REPLACE (if(id IN {_here("calls", "SELECT id FROM other.calls")}, {ONCE_MORE}, id) AS id)
        FROM other.calls
        ANTI JOIN (SELECT * FROM calls WHERE run_id IN (SELECT run_id FROM other.calls))
        USING (run_id, stage, role, subject_id, sample, ended_at)""",
    "leases": "SELECT * FROM other.leases WHERE run_id NOT IN (SELECT run_id FROM leases)",
    "in_flight": "SELECT * FROM other.in_flight WHERE run_id NOT IN (SELECT run_id FROM in_flight)",
    "seeds": _unknown("seeds"),
    "seed_solutions": _unknown("seed_solutions"),
    "mentions": _unknown("mentions", "(recipe, seed_id) NOT IN (FROM read_here)"),
    "embeddings": _unknown("embeddings"),
    "verdicts": _unknown("verdicts"),
    "problems": _unknown("problems", "id NOT IN (FROM disputed)"),
    "reviews": _unknown("reviews", UNDISPUTED),
    "solutions": _unknown("solutions", UNDISPUTED),
    "grades": _unknown("grades", UNDISPUTED),
    "readings": _unknown("readings", UNDISPUTED),
    "trials": _unknown("trials"),
    "attempts": _unknown("attempts"),
    "rejects": _unknown(
        "rejects",
        f"""(
            stage = 'extract' AND (recipe, subject_id) NOT IN (FROM read_here)
                AND subject_id NOT IN {_here("mentions", REJECTED)}
            OR stage = 'connect' AND reason = 'not embedded'
            OR stage = 'compose' AND subject_id NOT IN {_here("problems", REJECTED)}
            OR stage = 'solve' AND subject_id NOT IN {_here("solutions", REJECTED)})""",
    ),
}
"""The rows to take, by table, in this order. Of rejects only those that cost a call."""

DECIDED: dict[str, str] = {
    "elections": _unknown("elections", UNDISPUTED),
    "passes": _unknown("passes", f"stage IN ('review', 'grade') AND {UNDISPUTED}"),
    "rejects": _unknown("rejects", "stage IN ('review', 'grade') AND subject_id NOT IN (FROM disputed)"),
}
"""What the gates before screen decided, for stores that share the combinations of one run: each decision is a function
of a problem's answers, and need not be made twice."""

LEFT = {
    *("runs", "recipes", "selection", "basis", "frontier", "quotas", "combinations"),
    *("aliases", "proposals", "knowledge_points", "edges", "communities", "findings"),
    *("elections", "passes", "repeats", "evidence"),
    *("sources", "loads", "quotes", "quoted", "batches", "batched"),
    *("benchmark_items", "examinees", "marks", "gate_audits", "verifier_audits"),
}
"""Progress of one store; the graph, which is rebuilt from mentions and verdicts; the gates' decisions, which are made
again from the answers, and by a run for what it draws alone; what one store was told or measured of
itself; batches at a server, which the workspace that sent them collects; and what an evaluation was about, which the
next one records again."""

ASIDE = (
    """CREATE TEMP TABLE read_here AS
        SELECT recipe, seed_id FROM mentions
        WHERE seed_id IN (SELECT seed_id FROM other.mentions UNION SELECT subject_id FROM other.rejects)
        UNION SELECT recipe, subject_id FROM rejects WHERE stage = 'extract'""",
    """CREATE TEMP TABLE disputed AS
        SELECT m.id FROM problems m JOIN other.problems t USING (id) WHERE m.text <> t.text OR m.call_id <> t.call_id
        UNION SELECT m.problem_id FROM reviews m JOIN other.reviews t USING (id) WHERE m IS DISTINCT FROM t
        UNION SELECT m.problem_id FROM solutions m JOIN other.solutions t USING (id) WHERE m IS DISTINCT FROM t
        UNION SELECT m.problem_id FROM grades m JOIN other.grades t USING (id) WHERE m IS DISTINCT FROM t
        UNION SELECT m.id FROM problems m JOIN other.rejects t ON t.subject_id = m.id AND t.stage = 'compose'
        UNION SELECT t.id FROM other.problems t JOIN rejects m ON m.subject_id = t.id AND m.stage = 'compose'
        UNION SELECT m.problem_id FROM solutions m JOIN other.rejects t ON t.subject_id = m.id AND t.stage = 'solve'
        UNION SELECT t.problem_id FROM other.solutions t JOIN rejects m ON m.subject_id = t.id AND m.stage = 'solve'""",
)
"""What the rules above look up: seeds that were read here, and problems on which the stores differ."""


async def unite(store: Store, workspace: Path, decided: bool = False) -> dict[str, int]:
    """Take what the store of `workspace` knows and `store` does not; how many rows came, by table.

    `decided`: and what its gates decided, because it is a part of the run that `store` belongs to.

    An older store is brought to the newest schema first. Raises StoreError with what to do: there is none, newer,
    damaged, in use, or the same one.
    """
    path = workspace / FILE_NAME
    if not path.exists():
        raise StoreError(f"There is no store in {workspace} that could be united with {store.path}: correct the path.")
    if path.samefile(store.path):
        raise StoreError(f"{path} cannot be united with itself: name another workspace.")
    open_store(workspace).close()
    statements: list[Statement] = [
        *((sql, ()) for sql in ASIDE),
        *((f"INSERT INTO {table} BY NAME {sql}", ()) for table, sql in TAKEN.items()),
        *((f"INSERT INTO {table} BY NAME {sql}", ()) for table, sql in (DECIDED if decided else {}).items()),
        *((f"DROP TABLE {table}", ()) for table in ("read_here", "disputed")),
    ]
    with store.attached(path, "other"):
        before = await asyncio.to_thread(_sizes, store)
        try:
            await store.write(statements=statements)
        except asyncio.CancelledError:
            store.interrupt()  # however much the other store holds
            raise
        return {table: size - before[table] for table, size in _sizes(store).items() if size > before[table]}


def _sizes(store: Store) -> dict[str, int]:
    return {table: int(store.value(f"SELECT count(*) FROM {table}")) for table in TAKEN}
