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
    about: str | None


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
    return [(code(each.name), each.kind, each.about or "") for each in found if each.owner == owner]
