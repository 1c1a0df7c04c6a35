"""An id computed in SQL is the id that Python computes."""

from __future__ import annotations

from uuid import UUID

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.records import content_id
from tasks.store.ids import id_sql

ASCII = st.text(st.characters(max_codepoint=0x7E, min_codepoint=0x20))


@pytest.fixture(scope="module")
def connection() -> duckdb.DuckDBPyConnection:
    return duckdb.connect()


@given(kind=st.sampled_from(["solution", "call once more", "review"]), key=st.uuids(), text=ASCII,
       number=st.integers(-(2**63), 2**63 - 1))  # fmt: skip
def test_sql_and_python_agree(
    connection: duckdb.DuckDBPyConnection, kind: str, key: UUID, text: str, number: int
) -> None:
    sql = f"SELECT {id_sql(kind, '?::UUID', '?::VARCHAR', '?::BIGINT')}"
    found = connection.execute(sql, [key, text, number]).fetchone()
    assert found == (content_id(kind, key, text, number),)
