"""The latest run of a workspace: its settings say which rows are present, all others are history."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from graph.errors import StoreError
from tasks.store.database import Store
from tasks.store.files import log_of


def recipe_of(stage: str) -> str:
    """SQL of the recipe of a stage in the latest run."""
    return f"(SELECT recipe FROM current_recipes WHERE stage = '{stage}')"


def current_recipe(store: Store, stage: str) -> UUID:
    """The recipe of a stage in the latest run. Raises StoreError before the first one."""
    recipe: UUID = _one(store, "SELECT recipe FROM current_recipes WHERE stage = ?", [stage])
    return recipe


PAIR_COUNT = f"SELECT count(*) FROM passes WHERE stage = 'screen' AND recipe = {recipe_of('screen')}"
"""What the view `pairs` counts, without joining together what each pair is made of."""


def pair_count(store: Store) -> int:
    """How many pairs there are."""
    return int(store.value(PAIR_COUNT))


def findings(store: Store) -> list[str]:
    """What was said of the graph of the latest run."""
    return store.column(f"SELECT text FROM findings WHERE recipe = {recipe_of('sample')} ORDER BY place")


def has_run(store: Store) -> bool:
    """Whether any run has begun."""
    return bool(store.rows("SELECT 1 FROM runs LIMIT 1"))


def has_history(store: Store) -> bool:
    """Whether any stage has had another recipe before, or a probe was taken in: not every row is the latest run's."""
    if store.rows("SELECT 1 FROM quotes LIMIT 1"):
        return True
    return bool(store.rows("SELECT 1 FROM recipes GROUP BY stage HAVING count(DISTINCT recipe) > 1 LIMIT 1"))


def latest_identity(store: Store) -> dict[str, Any]:
    """What shaped the answers of the latest run, as it was recorded with it. Raises StoreError before the first one."""
    identity: dict[str, Any] = json.loads(latest(store, "identity"))
    return identity


def latest(store: Store, column: str) -> str:
    """What the latest run says in a column of its row. Raises StoreError before the first one."""
    return str(_one(store, f"SELECT {column} FROM runs ORDER BY number DESC, id LIMIT 1"))


def _one(store: Store, sql: str, parameters: Sequence[str] = ()) -> Any:
    found = store.rows(sql, parameters)
    if not found:
        if (store.path.parent / "status.json").exists():
            raise StoreError(
                f"{store.path} lacks its log, {log_of(store.path).name}: a run has worked here, and the store holds "
                "nothing of it. They go together: copy both, or restore a copy."
            )
        raise StoreError(f"{store.path} has seen no run yet: run `gsdp run` with this workspace first.")
    return found[0][0]
