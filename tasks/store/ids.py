"""Content-hash ids in SQL: what `graph.records.content_id` computes in Python, over columns."""

from __future__ import annotations


def id_sql(kind: str, *parts: str) -> str:
    """SQL of `content_id(kind, *parts)`, where each part is SQL of a UUID, an integer, or text in ASCII.

    Other text, and floating point numbers, are written differently by the two JSON writers.
    """
    return f"left(sha256(json_array('{kind}', {', '.join(parts)})::VARCHAR), 32)::UUID"
