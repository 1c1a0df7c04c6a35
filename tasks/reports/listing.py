"""Pairs and rejects as rows to be read one by one, the newest last."""

from __future__ import annotations

from typing import Any

from tasks.store.database import Store

ACCEPTED = """
    SELECT p.id::VARCHAR AS id, p.relation, p.points, p.problem, p.solution, p.answer, p.difficulty,
        e.difficulty AS measured_difficulty, p.agreement, p.review_score, p.position, p.sample AS number
    FROM pairs p LEFT JOIN current_elections e ON e.problem_id = p.id"""

REJECTED = """
    SELECT m.id::VARCHAR AS id, m.relation, m.names AS points, m.text AS problem, s.text AS solution, s.answer,
        r.stage AS gate, r.reason, r.detail, m.position, r.rowid AS number
    FROM rejects r JOIN current_problems m ON m.id = r.subject_id
    LEFT JOIN (SELECT problem_id, arg_min(text, sample) AS text, arg_min(answer, sample) AS answer
        FROM solutions GROUP BY 1) s ON s.problem_id = m.id
    WHERE r.stage IN ('review', 'grade', 'screen') AND r.recipe IN (SELECT recipe FROM current_recipes)"""

ORDER = {ACCEPTED: "position DESC, number DESC", REJECTED: "number DESC"}
"""Pairs are decided on in sampling order; rejects come as they come."""

COLUMNS = {
    ACCEPTED: (
        *("id", "relation", "points", "problem", "solution", "answer", "difficulty", "measured_difficulty"),
        *("agreement", "review_score", "position"),
    ),
    REJECTED: ("id", "relation", "points", "problem", "solution", "answer", "gate", "reason", "detail", "position"),
}
"""What a condition may name."""


def listed(store: Store, query: str, where: str | None, last: int) -> list[dict[str, Any]]:
    """The last rows of a query that meet a condition in SQL. Raises StoreError for one that cannot be read."""
    names = (*COLUMNS[query], "number")
    # A line of its own: the condition may end in a remark.
    sql = f"SELECT {', '.join(names)} FROM ({query}) WHERE (\n{where or 'true'}\n) ORDER BY {ORDER[query]} LIMIT ?"
    return [dict(zip(names, row, strict=True)) for row in reversed(store.rows(sql, [last]))]
