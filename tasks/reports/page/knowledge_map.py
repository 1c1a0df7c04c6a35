"""The knowledge graph as a map: every point with its place, its community and what became of it, and the edges."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import numpy as np

from graph.communities import communities
from graph.knowledge import KnowledgeGraph
from tasks.reports.coverage import Cover
from tasks.store.database import Store
from tasks.store.graphs import load_graph
from tasks.store.latest import current_recipe

MOST_EDGES = 80_000
"""Edges that the map holds, the heaviest: more are a grey cloud, and the file is to stay small."""
SEEDS_EACH = 40
"""Seeds of each point that the map names."""
SEED_TEXT = 400
MOST_TEXT = 8_000_000
"""Characters of a seed that the map tells, and about how many of all of them."""


class PointNumbers(dict[UUID, int]):
    """The number that stands for each knowledge point in the report."""


def knowledge_map(store: Store, covers: Sequence[Cover]) -> tuple[dict[str, Any], PointNumbers]:
    """The map, and the numbers of its points. The table `told` must be there."""
    from graph.layout import layout  # loads Fourier transforms, for which no run should wait when it starts

    recipe = current_recipe(store, "connect")
    graph = load_graph(store, recipe)
    numbers = PointNumbers((point, number) for number, point in enumerate(graph.ids))
    by_point = {cover.point_id: cover for cover in covers if cover.point_id is not None}
    found = communities(graph)
    places = layout(graph, found)
    relations = {point: (used, float(tokens)) for point, used, tokens in store.rows(_RELATIONS)}
    seeds, of_point = _seeds(store, numbers)
    points = []
    for number, point in enumerate(graph.ids):
        cover = by_point[point]
        used, tokens = relations.get(point, ([], 0.0))
        points.append(
            {
                "name": cover.name,
                "x": float(places[number, 0]),
                "y": float(places[number, 1]),
                "field": -1 if cover.community is None else cover.community,
                "degree": int(graph.degree[number]),
                "seeds": cover.seeds,
                "problems": cover.problems,
                "pairs": cover.pairs,
                "passed": cover.pass_rate,
                "tokens": round(tokens / cover.pairs) if cover.pairs else None,
                "relations": used,
                "from": of_point.get(number, []),
            }
        )
    fields = [
        {"name": cover.name, "number": cover.community, "pairs": cover.pairs, "problems": cover.problems}
        for cover in covers
        if cover.point_id is None and cover.community is not None
    ]
    edges = drawn_edges(graph)
    return {"points": points, "fields": fields, "edges": edges, "edges_in_all": graph.edges, "seeds": seeds}, numbers


def drawn_edges(graph: KnowledgeGraph) -> list[int]:
    """Ends and weight of each edge, one after another; the heaviest first."""
    once = np.flatnonzero(graph.sources < graph.indices)
    heaviest = once[np.argsort(-graph.weights[once], kind="stable")[:MOST_EDGES]]
    rows = np.column_stack((graph.sources[heaviest], graph.indices[heaviest], graph.weights[heaviest]))
    flat: list[int] = rows.ravel().tolist()
    return flat


def _seeds(store: Store, numbers: PointNumbers) -> tuple[list[list[Any]], dict[int, list[int]]]:
    """Some seeds as (source, line, text), and which of them each point comes from."""
    place: dict[tuple[str, int], int] = {}
    seeds: list[list[Any]] = []
    of_point: dict[int, list[int]] = {}
    long = min(SEED_TEXT, MOST_TEXT // max(1, int(store.value("SELECT count(*) FROM current_seeds"))))
    for point, source, line, problem in store.rows(_SEEDS, [long, SEEDS_EACH]):
        if (source, line) not in place:
            place[source, line] = len(seeds)
            seeds.append([source, line, problem])
        of_point.setdefault(numbers[point], []).append(place[source, line])
    return seeds, of_point


_RELATIONS = """
    SELECT point, list(DISTINCT relation ORDER BY relation), sum(tokens) FROM (
        SELECT unnest(points) AS point, relation, tokens FROM told) GROUP BY point"""

_SEEDS = """
    WITH occurs AS (
        SELECT DISTINCT o.point_id, s.source, s.line, s.id FROM occurrences o JOIN seeds s ON s.id = o.seed_id),
    first AS (
        SELECT *, row_number() OVER (PARTITION BY point_id ORDER BY source, line) AS place FROM occurs)
    SELECT f.point_id, f.source, f.line, left(s.problem, ?) FROM first f JOIN seeds s ON s.id = f.id
    WHERE f.place <= ? ORDER BY f.point_id, f.place"""
