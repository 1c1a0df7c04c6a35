"""What the graph of a workspace looks like, and how well its pairs cover it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from uuid import UUID

import networkx as nx

from flows.commands.workspace import latest_settings
from graph.errors import UsageError
from graph.knowledge import KnowledgeGraph, to_networkx
from graph.plain import plain
from graph.summary import GraphStatistics, describe
from tasks.reports.coverage import Cover, communities, coverage, write_coverage
from tasks.store.database import Store
from tasks.store.graphs import (
    drawn_by_relation,
    load_graph,
    point_communities,
    point_names,
    sampled_graph,
    write_graph,
)
from tasks.store.latest import current_recipe
from tasks.store.looking import reading

SHOWN = 20
"""Rows of a long table that the terminal shows; all of them are in its export."""


def print_graph(workspace: Path) -> None:
    """The statistics of the knowledge graph of the latest run."""
    with reading(workspace) as store:
        settings, connected = latest_settings(store), current_recipe(store, "connect")
        graph = sampled_graph(store, settings.sample, connected, current_recipe(store, "extract"))
        names = point_names(store, connected)
        drawn = drawn_by_relation(store, current_recipe(store, "sample"))
    for line in told(describe(graph, settings.sample), names, drawn):
        print(line)


def told(found: GraphStatistics, names: Mapping[UUID, str], drawn: Mapping[str, int]) -> Iterator[str]:
    """The statistics in lines for a person."""
    about = "" if found.distances_are_exact else "about "
    least, _, median, _, most_have, _, most = found.degrees.values()
    spread = f"least {least:g}, median {median:g}, nine in ten at most {most_have:g}, most {most:g}"
    largest = ", ".join(f"{size:,}" for size in found.community_sizes[:5])
    yield from (
        f"{label:<34}{value}"
        for label, value in (
            ("points", f"{found.nodes:,}"),
            ("points that share no seed", f"{found.isolated:,}"),
            ("edges (pairs that share a seed)", f"{found.edges:,}, of total weight {found.total_weight:,}"),
            ("neighbours of a point", spread),
            ("components", f"{found.components:,}, the largest (the core) of {found.largest_component:,} points"),
            ("diameter of the core", f"{'' if found.diameter_is_exact else 'at least '}{found.diameter} edges"),
            ("pairs 1 edge apart", f"{found.pairs_at_one:,}"),
            ("pairs 2 edges apart", f"{about}{found.pairs_at_two:,}"),
            ("pairs 3 edges apart", f"{about}{found.pairs_at_three:,}"),
            ("pairs within 3 edges", f"{about}{found.within_three:.1%} of all pairs"),
            ("cliques of 3 points", f"{found.cliques_of_three:,}"),
            ("cliques of 4 points", _count(found.cliques_of_four)),
            (
                "walks, of a thousand",
                f"{found.walk_points:.1f} points on average, {found.walks_different:.0%} different",
            ),
            ("communities (Louvain)", f"{len(found.community_sizes):,}, the largest of {largest or 'no'} points"),
            ("modularity", f"{found.modularity:.3f} (0 is chance, above 0.3 is structure)"),
        )
    )
    yield f"\n{'hubs (points with most neighbours)':<52}{'neighbours':>12}"
    yield from (f"  {names[hub.id][:48]:<50}{hub.degree:>12,}" for hub in found.hubs[:SHOWN])
    if len(found.hubs) > SHOWN:
        yield f"  and {len(found.hubs) - SHOWN:,} more"
    yield f"\n{'combinations':<34}{'available':>18}{'drawn':>12}"
    for relation, number in found.available.items():
        yield f"  {relation:<32}{_count(number):>18}{drawn.get(relation, 0):>12,}"


def print_coverage(workspace: Path) -> None:
    """How much came of every community and of the points that are mentioned most."""
    with reading(workspace) as store:
        covers = coverage(store)
    whole = communities(covers)
    points = [cover for cover in covers if cover.point_id is not None]
    for title, rows in (("communities", whole), ("points", sorted(points, key=lambda cover: -cover.mentions))):
        print("\n".join(_table(title, rows)))
    unused = [cover for cover in points if not cover.combinations]
    print(
        f"{len(points) - len(unused):,} of {len(points):,} points are in a combination, "
        f"{sum(cover.pairs > 0 for cover in points):,} in a pair"
    )


def _table(title: str, rows: Sequence[Cover]) -> Iterator[str]:
    yield f"{title:<46}" + "".join(f"{head:>11}" for head in HEADS)
    for cover in rows[:SHOWN]:
        label = cover.name if cover.point_id else f"{'-' if cover.community is None else cover.community}: {cover.name}"
        numbers = (cover.seeds, cover.mentions, cover.combinations, cover.problems, cover.pairs)
        cells = [
            *(f"{number:,}" for number in numbers),
            "" if cover.pass_rate is None else f"{cover.pass_rate:.0%}",
            "" if cover.mean_difficulty is None else f"{cover.mean_difficulty:.2f}",
            f"{cover.duplicates:,}",
        ]
        yield f"  {label[:42]:<44}" + "".join(f"{cell:>11}" for cell in cells)
    if len(rows) > SHOWN:
        yield f"  and {len(rows) - SHOWN:,} more"
    yield ""


def export_coverage(workspace: Path, file: Path) -> None:
    """The whole table of coverage as Parquet. Raises UsageError for another suffix."""
    if file.suffix.lower() != ".parquet":
        raise UsageError(f"{file}: coverage is written as Parquet; give a name that ends in .parquet.")
    with reading(workspace) as store:
        write_coverage(store, _writable(file))
    print(f"the coverage of every point and community written to {file}")


def export_graph(workspace: Path, file: Path) -> None:
    """Write the graph for other programs; the suffix says how. Raises UsageError for a suffix we do not know."""
    suffix = file.suffix.lower()
    if suffix not in (*EXPORTS, ".parquet"):
        raise UsageError(f"{file}: the suffix says the format; give one of {', '.join((*EXPORTS, '.parquet'))}.")
    _make_folder(file)
    with reading(workspace) as store:
        graph, names = present_graph(store)
        groups = point_communities(store, current_recipe(store, "connect"))
        points = file.with_name(f"{file.stem}-points.parquet")
        if suffix == ".parquet":
            write_graph(store, current_recipe(store, "connect"), _writable(file), points)
    if suffix != ".parquet":
        try:
            EXPORTS[suffix](to_networkx(graph, {key: plain(name) for key, name in names.items()}, groups), file)
        except OSError as error:
            raise UsageError(f"{file} cannot be written ({error.strerror}).") from error
    points_too = f", the points next to it in {points.name}" if suffix == ".parquet" else ""
    print(f"{graph.nodes:,} points and {graph.edges:,} edges written to {file}{points_too}")


def present_graph(store: Store) -> tuple[KnowledgeGraph, dict[UUID, str]]:
    """The graph of the latest run, and the names of its points."""
    recipe = current_recipe(store, "connect")
    return load_graph(store, recipe), point_names(store, recipe)


def _make_folder(file: Path) -> None:
    """Make the folder that a file is to stand in. Raises UsageError."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"{file.parent} cannot be made ({error.strerror}).") from error


def _writable(file: Path) -> Path:
    """The file, once it is known that it can be written. Raises UsageError."""
    try:
        file.touch()
    except OSError as error:
        raise UsageError(f"{file} cannot be written ({error.strerror}).") from error
    return file


def _count(number: int | None) -> str:
    return "too many to list" if number is None else f"{number:,}"


def _write_json(graph: nx.Graph, file: Path) -> None:
    file.write_text(json.dumps(nx.node_link_data(graph, edges="edges"), ensure_ascii=False), encoding="utf-8")


EXPORTS: dict[str, Callable[[nx.Graph, Path], None]] = {
    ".graphml": nx.write_graphml,
    ".gexf": nx.write_gexf,
    ".json": _write_json,
}

HEADS = ("seeds", "mentions", "combined", "problems", "pairs", "pass rate", "difficulty", "duplicates")
