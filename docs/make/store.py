"""The page about the store: its tables, views and columns with the comments that the migrations gave them."""

from __future__ import annotations

from typing import NamedTuple

import duckdb

from docs.make.markdown import code, page, table
from tasks.store.schema import migrations

INTRODUCTION = """\
A workspace has one DuckDB file, `gsdp.duckdb`. Open it with any DuckDB client while no run is at work; while one is,
read a copy made by `gsdp backup`. [The architecture](../architecture.md) says which row is written when. Rows of
former settings stay as history: the views whose names begin with `current_`, and `pairs`, show the present ones
alone.

Why problems were lost, and what each stage asked of each model:

```sql
SELECT stage, reason, count(*) FROM current_rejects GROUP BY ALL ORDER BY ALL;
SELECT stage, model, count(*), sum(input_tokens), sum(output_tokens) FROM calls GROUP BY ALL ORDER BY ALL;
```"""

EVERYWHERE = {
    "id": "Hash of what the row is made of: the same work has the same id",
    "recipe": "Hash of all that shaped the row but its data (see recipes)",
    "run_id": "The run that wrote it",
    "call_id": "The call that brought it",
    "seed_id": "The seed it is about",
    "problem_id": "The problem it is about",
    "solution_id": "The solution it is about",
    "combination_id": "The combination it was asked for",
    "text": "The text as it was read from the answer",
}
"""What columns of these names hold in every table: a migration that adds one need not say it again."""

LISTED = """
    SELECT r.name, r.comment, c.column_name, c.data_type, c.comment
    FROM (
        SELECT table_name AS name, comment FROM duckdb_tables() WHERE NOT internal AND {0}
        UNION ALL SELECT view_name, comment FROM duckdb_views() WHERE NOT internal AND {1}
    ) r JOIN duckdb_columns() c ON c.table_name = r.name AND c.schema_name = 'main'
    ORDER BY r.name, c.column_index"""


class Column(NamedTuple):
    """A column of a table or view, with what is said of both."""

    owner: str
    about_owner: str | None
    name: str
    kind: str
    comment: str | None

    @property
    def about(self) -> str:
        """What it holds."""
        return self.comment or EVERYWHERE.get(self.name, "")


def columns(views: bool) -> list[Column]:
    """All columns of the views, or of the tables, of a store that has just been made."""
    with duckdb.connect() as connection:
        for _, sql in migrations():
            connection.execute(sql)
        found = connection.execute(LISTED.format(*("false", "true") if views else ("true", "false"))).fetchall()
    return [Column(*row) for row in found]


def store() -> str:
    """The page."""
    return page(
        "The store", INTRODUCTION, "## Tables", *_sections(columns(False)), "## Views", *_sections(columns(True))
    )


def _sections(found: list[Column]) -> list[str]:
    owners = {column.owner: column.about_owner or "" for column in found}
    return [
        f"### {owner}\n\n{about}.\n\n{table(('column', 'type', 'holds'), _rows(found, owner))}"
        for owner, about in owners.items()
    ]


def _rows(found: list[Column], owner: str) -> list[tuple[str, str, str]]:
    return [(code(each.name), each.kind, each.about) for each in found if each.owner == owner]
