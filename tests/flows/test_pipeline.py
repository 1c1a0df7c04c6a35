"""The whole pipeline in one process, against a rehearsal server that errs: what it makes, and what it pays for."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import socket
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from flows import stages
from flows.commands.settings_file import make_settings
from flows.orchestration.started import check_target
from flows.produce import produce
from flows.synthesize import synthesize
from graph.errors import EndpointDown, EndpointRefused, GsdpError, SettingsError, TargetMissed
from tasks.endpoint import circuit
from tasks.reports.card import MERGING
from tasks.stages.extract import extract
from tasks.store.database import TABLES
from tests.conftest import Sandboxes
from tests.support.rehearsal import (
    NOISE,
    Rehearsal,
    content,
    folder_bytes,
    number,
    opened,
    query,
    rehearsal,
    settings,
)

PAIRS, MORE = 25, 60
KEY = "sk-rehearsal-5d1f0c9e7b"
FORMATS: dict[str, Callable[[dict[str, Any]], tuple[str, str]]] = {
    "messages": lambda row: (row["messages"][0]["content"], row["messages"][1]["content"]),
    "alpaca": lambda row: (row["instruction"], row["output"]),
    "sharegpt": lambda row: (row["conversations"][0]["value"], row["conversations"][1]["value"]),
}
"""How problem and solution are found in a line of each format."""


@pytest.fixture(scope="module")
def server() -> Iterator[Rehearsal]:
    """A rehearsal server that errs and wants a key."""
    with rehearsal(*NOISE, "--api-key", KEY) as started, pytest.MonkeyPatch.context() as patch:
        patch.setenv("REHEARSAL_KEY", KEY)
        yield started


def of(workspace: Path, server: Rehearsal, pairs: int = PAIRS, **changes: Any) -> Any:
    """Settings of a run on the module's server."""
    made = content(workspace, server.url, pairs, **changes)
    made["endpoints"]["rehearsal"]["api_key"] = "env:REHEARSAL_KEY"
    return make_settings(made)


@pytest.fixture(scope="module")
def finished(prefect_server: str, server: Rehearsal, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The workspace of a run that has ended. Tests read it; those that go on with it take a copy."""
    workspace = tmp_path_factory.mktemp("finished") / "work"
    result = asyncio.run(synthesize(of(workspace, server)))
    assert result == {"pairs": PAIRS, "workspace": str(workspace)}
    return workspace


@pytest.fixture
def copied(finished: Path, tmp_path: Path) -> Path:
    """A copy of the finished workspace."""
    return Path(shutil.copytree(finished, tmp_path / "work"))


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def ids(workspace: Path) -> list[str]:
    return [row["id"] for row in lines(workspace / "dataset/data/messages.jsonl")]


def repeated(workspace: Path) -> dict[str, int]:
    """Tables in which an id stands twice, and how often."""
    with opened(workspace) as store:
        tables = [table for kind, table in TABLES.items() if "id" in kind.model_fields]
        found = {table: store.rows(f"SELECT count(*) - count(DISTINCT id) FROM {table}")[0][0] for table in tables}
    return {table: twice for table, twice in found.items() if twice}


def paid(workspace: Path) -> int:
    """Requests that the ledger knows of."""
    return number(workspace, "SELECT coalesce(sum(attempts), 0)::BIGINT FROM calls")


# What a run makes


def test_the_parquet_file_and_every_format_hold_the_pairs_of_the_store_in_sampling_order(finished: Path) -> None:
    columns = "id::VARCHAR, problem, solution, answer, relation, points"
    wanted = query(finished, f"SELECT {columns} FROM pairs ORDER BY position, sample")
    assert len(wanted) == PAIRS
    file = finished / "dataset/data/pairs.parquet"
    with duckdb.connect() as engine:
        assert engine.execute(f"SELECT {columns} FROM '{file}'").fetchall() == wanted
        types = {row[0]: row[1] for row in engine.execute(f"DESCRIBE SELECT * FROM '{file}'").fetchall()}
        assert types["id"] == "VARCHAR", "loaders of datasets know no UUID"
    for name, read in FORMATS.items():
        rows = lines(finished / f"dataset/data/{name}.jsonl")
        assert [(row["id"], *read(row)) for row in rows] == [row[:3] for row in wanted], name


def test_every_relation_occurs_among_the_pairs_with_as_many_points_as_it_has(finished: Path) -> None:
    found = query(finished, "SELECT relation, min(len(points)), max(len(points)) FROM pairs GROUP BY 1 ORDER BY 1")
    assert [row[0] for row in found] == ["community", "one_hop", "three_hop", "two_hop"]
    assert all((low, high) == (2, 2) for relation, low, high in found if relation != "community")
    assert all(3 <= low <= high <= 4 for relation, low, high in found if relation == "community")


def test_the_cards_front_matter_names_files_that_exist(finished: Path) -> None:
    text = (finished / "dataset/README.md").read_text(encoding="utf-8")
    front = front_matter(text)
    paths = {config["config_name"]: config["data_files"][0]["path"] for config in front["configs"]}
    wanted = {"default": "data/pairs.parquet", "messages": "data/messages.parquet"}
    assert paths == wanted, "hubs read files of one kind only"
    assert all((finished / "dataset" / path).is_file() for path in paths.values())
    assert front["size_categories"] == ["n<1K"]
    assert front["pretty_name"] == "rehearsed"
    assert "license" not in front, "a licence is the user's to state"


def front_matter(text: str) -> dict[str, Any]:
    """The card's YAML, read as a hub reads it."""
    import yaml

    found: dict[str, Any] = yaml.safe_load(text.split("---\n")[1])
    return found


def table(card: str, title: str) -> list[list[str]]:
    """The rows of a table of the card."""
    section = card.split(f"## {title}\n", 1)[1].split("\n## ", 1)[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in section.splitlines() if line[:1] == "|"]
    return rows[2:]


def test_the_card_says_what_joins_names(finished: Path) -> None:
    """A cosine alone does not, whatever the paper says."""
    told = (finished / "dataset/README.md").read_text(encoding="utf-8").split("## The knowledge graph\n", 1)[1]
    assert MERGING in told.split("\n## ", 1)[0]
    assert "6 of 247 clusters join opposites" in MERGING


def test_the_cards_figures_are_the_stores(finished: Path) -> None:
    card = (finished / "dataset/README.md").read_text(encoding="utf-8")
    frontier = number(finished, "SELECT position FROM frontier")
    before = "(SELECT m.id FROM problems m JOIN combinations c ON c.id = m.combination_id WHERE c.position < ?)"
    passed = f"SELECT count(*) FROM passes WHERE stage = ? AND problem_id IN {before}"
    problems = number(finished, f"SELECT count(*) FROM {before}", [frontier])
    reviewed = number(finished, passed, ["review", frontier])
    graded = number(finished, passed, ["grade", frontier])
    seeds = number(finished, "SELECT count(*) FROM seeds")
    extracted = number(finished, "SELECT count(DISTINCT seed_id) FROM mentions")
    names = number(finished, "SELECT count(DISTINCT name) FROM mentions")
    points = number(finished, "SELECT count(*) FROM knowledge_points")
    assert table(card, "From seeds to pairs") == [
        [
            "extract (seeds with points)",
            f"{seeds}",
            f"{extracted}",
        ],
        ["connect (names to points)", f"{names}", f"{points}"],
        ["compose", f"{frontier}", f"{problems}"],
        ["review", f"{problems}", f"{reviewed}"],
        ["grade", f"{reviewed}", f"{graded}"],
        ["screen", f"{graded}", f"{PAIRS}"],
    ]
    relations = dict(query(finished, "SELECT relation, count(*)::VARCHAR FROM pairs GROUP BY 1"))
    assert {row[0]: row[1] for row in table(card, "Pairs by relation")} == relations
    covered = table(card, "Coverage of the graph")
    in_pairs = number(finished, "SELECT count(DISTINCT name) FROM (SELECT unnest(points) AS name FROM pairs)")
    assert f"{in_pairs:,} of {points:,} knowledge points are in a pair" in card
    assert all(int(row[2]) <= int(row[1]) and (row[2] == "0") == (row[3] == "0") for row in covered)
    kept_out = Counter({(row[0], row[1]): int(row[2]) for row in table(card, "What the gates kept out")})
    rejected = [sum(count for (stage, _), count in kept_out.items() if stage == gate) for gate in ("review", "grade")]
    assert rejected == [problems - reviewed, reviewed - graded]
    assert f"{PAIRS:,} problem-solution pairs, synthesized from {seeds:,} seed problems" in card


def test_every_item_that_entered_a_stage_left_it_or_has_a_reason(finished: Path) -> None:
    assert_sums(finished)


def assert_sums(workspace: Path) -> None:
    """What was asked for equals what came out plus what was rejected, stage by stage, for the finished part."""
    sums = query(
        workspace,
        """
        WITH done AS (SELECT * FROM combinations WHERE position < (SELECT position FROM frontier)),
            written AS (SELECT m.id FROM problems m JOIN done d ON d.id = m.combination_id),
            gone AS (SELECT stage, count(*) AS n FROM rejects WHERE subject_id IN (SELECT id FROM written) GROUP BY 1),
            through AS (SELECT stage, count(*) AS n FROM passes WHERE problem_id IN (SELECT id FROM written) GROUP BY 1)
        SELECT (SELECT count(*) FROM written), stage, through.n, coalesce(gone.n, 0)
        FROM through LEFT JOIN gone USING (stage) ORDER BY list_position(['review', 'grade', 'screen'], stage)""",
    )
    entered = sums[0][0]
    assert [row[1] for row in sums] == ["review", "grade", "screen"]
    for _, stage, through, gone in sums:
        assert through + gone == entered, stage
        entered = through
    asked, written, refused = query(
        workspace,
        """
        SELECT (SELECT sum(asks) FROM combinations WHERE position < (SELECT position FROM frontier)),
            (SELECT count(*) FROM problems WHERE combination_id IN
                (SELECT id FROM combinations WHERE position < (SELECT position FROM frontier))),
            (SELECT count(*) FROM rejects WHERE stage = 'compose')""",
    )[0]
    assert written <= asked <= written + refused
    assert query(workspace, "SELECT 1 FROM rejects WHERE reason = '' OR stage = ''") == []


def test_the_ledger_knows_every_request_that_the_server_answered(finished: Path, server: Rehearsal) -> None:
    by_model = dict(query(finished, "SELECT model, sum(attempts)::BIGINT FROM calls GROUP BY 1"))
    assert set(by_model) == set(server.stats()["requests"])
    assert all(server.stats()["requests"][model] >= asked for model, asked in by_model.items())
    assert repeated(finished) == {}


def test_no_pair_resembles_an_earlier_one_or_a_seed(finished: Path) -> None:
    problems = [row[0] for row in query(finished, "SELECT problem FROM pairs ORDER BY position")]
    known = [row[0] for row in query(finished, "SELECT problem FROM seeds")]
    shingled = [shingles(text) for text in (*known, *problems)]
    for at in range(len(known), len(shingled)):
        for other in shingled[:at]:
            assert len(shingled[at] & other) < 0.6 * len(shingled[at] | other)


def shingles(text: str) -> set[tuple[str, ...]]:
    words = re.findall(r"\w+", text.lower())
    return {tuple(words[at : at + 3]) for at in range(len(words) - 2)}


# What a run pays for


async def test_running_again_pays_nothing_and_changes_no_byte(
    prefect_server: str, finished: Path, copied: Path, server: Rehearsal
) -> None:
    calls = server.served()
    await synthesize(of(copied, server))
    assert folder_bytes(copied / "dataset") == folder_bytes(finished / "dataset")
    shutil.rmtree(copied / "dataset")
    await produce(of(copied, server))
    await stages.publish(of(copied, server))
    assert folder_bytes(copied / "dataset") == folder_bytes(finished / "dataset")
    assert server.served() == calls


async def test_a_higher_target_goes_on_after_the_pairs_that_are_there_and_a_lower_one_shows_the_first(
    prefect_server: str, finished: Path, copied: Path, server: Rehearsal
) -> None:
    first, calls, known = ids(copied), server.served(), paid(copied)
    await synthesize(of(copied, server, MORE))
    assert ids(copied)[:PAIRS] == first
    assert len(ids(copied)) == MORE
    assert server.served() - calls == paid(copied) - known > 0
    assert repeated(copied) == {}
    assert_sums(copied)
    await synthesize(of(copied, server))
    assert folder_bytes(copied / "dataset") == folder_bytes(finished / "dataset")


async def test_stages_run_alone_and_runs_up_to_a_stage_reach_the_same_dataset(
    prefect_server: str, finished: Path, tmp_path: Path, server: Rehearsal
) -> None:
    chosen = of(tmp_path / "work", server)
    calls = server.served()
    for stage in (stages.ingest, stages.extract, stages.connect, stages.sample, stages.compose):
        await stage(chosen)
    assert number(chosen.workspace, "SELECT count(*) FROM passes WHERE stage = 'review'") == 0
    await synthesize(chosen, until="review")
    assert number(chosen.workspace, "SELECT count(*) FROM passes WHERE stage = 'review'") > 0
    assert number(chosen.workspace, "SELECT count(*) FROM solutions") == 0
    assert not (tmp_path / "work/dataset").exists()
    # Nothing is solved yet: there is nothing to decide, and nothing may be decided.
    await stages.grade(chosen)
    assert query(chosen.workspace, "SELECT reason FROM rejects WHERE stage = 'grade'") == []
    await stages.solve(chosen)
    await stages.grade(chosen)
    await synthesize(chosen)
    assert folder_bytes(chosen.workspace / "dataset") == folder_bytes(finished / "dataset")
    assert server.served() - calls == paid(chosen.workspace)
    assert repeated(chosen.workspace) == {}


async def test_changed_identity_is_refused_until_accepted_and_a_threshold_pays_no_answer_again(
    prefect_server: str, copied: Path, server: Rehearsal
) -> None:
    changed = of(copied, server, review={"threshold": 0.93})
    calls, known, before = server.served(), paid(copied), ids(copied)
    with pytest.raises(
        SettingsError, match=r"(?s)review\.threshold: 0\.85 -> 0\.93.*Nothing would be paid.*accept-changes"
    ):
        await synthesize(changed)
    assert server.served() == calls
    await synthesize(changed, accept_changes=True)
    assert server.served() - calls == paid(copied) - known
    assert repeated(copied) == {}
    assert len(ids(copied)) == PAIRS
    assert ids(copied) != before
    good = "count(*) FILTER (WHERE (logic + presentation) / 2 > 0.93 - 1e-9)"
    few = f"SELECT problem_id FROM reviews GROUP BY 1 HAVING 2 * {good} <= count(logic)"
    assert number(copied, f"SELECT count(*) FROM pairs WHERE id IN ({few})") == 0


async def test_a_changed_model_is_named_with_what_it_would_pay_again(
    prefect_server: str, copied: Path, server: Rehearsal
) -> None:
    roles = content(copied, server.url, PAIRS)["roles"]
    roles["solver"]["temperature"] = 0.1
    solved = number(copied, "SELECT count(*) FROM calls WHERE stage = 'solve'")
    said = rf"in:\n  solve\.solver\.temperature: 0\.7 -> 0\.1\nPaid again.*: solve \({solved:,} calls so far\), grade"
    with pytest.raises(SettingsError, match=said):
        await synthesize(of(copied, server, roles=roles))


async def test_a_pair_that_stands_in_a_benchmark_is_removed_and_the_next_takes_its_place(
    prefect_server: str, copied: Path, server: Rehearsal, tmp_path: Path
) -> None:
    before = query(copied, "SELECT id::VARCHAR, problem FROM pairs ORDER BY position")
    victim, text = before[7]
    benchmark = tmp_path / "benchmark.jsonl"
    benchmark.write_text(json.dumps({"problem": f"From the exam: {text}"}) + "\n", encoding="utf-8")
    await synthesize(of(copied, server, benchmarks=[{"path": str(benchmark)}]), accept_changes=True)
    kept = [row[0] for row in before if row[0] != victim]
    assert ids(copied)[: PAIRS - 1] == kept
    assert len(ids(copied)) == PAIRS
    assert query(copied, "SELECT subject_id::VARCHAR FROM rejects WHERE reason = 'contaminated'") == [(victim,)]
    card = (copied / "dataset/README.md").read_text(encoding="utf-8")
    assert ["screen", "contaminated", "1"] in table(card, "What the gates kept out")
    listed = table(card, "Contamination")
    assert listed[0] == ["benchmark.jsonl", "1", "0", "0"]
    assert listed[3][:3] == ["problem", "benchmark.jsonl:1", "13-gram"]


# Servers that fail

FAULTS = "429,429-retry-after,500,503,drop,cut,think-leak,null-content,html,empty"


async def test_a_run_through_faults_ends_in_order_and_accounts_for_every_request(
    prefect_server: str, tmp_path: Path, sandboxes: Sandboxes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(circuit, "FIRST_WAIT", 0.05)
    stormy = sandboxes(*NOISE, "--fault-rate", "0.2", "--faults", FAULTS)
    workspace = tmp_path / "work"
    await synthesize(settings(workspace, stormy.url, 8))
    assert set(stormy.stats()["faults"]) == set(FAULTS.split(","))
    assert_sums(workspace)
    assert repeated(workspace) == {}
    assert paid(workspace) == stormy.served()
    assert number(workspace, "SELECT count(*) FROM calls WHERE fault IS NOT NULL") > 0
    assert len(ids(workspace)) == 8


async def test_a_run_without_a_pair_fails_and_writes_no_dataset(
    prefect_server: str, tmp_path: Path, sandboxes: Sandboxes
) -> None:
    rows = [{"problem": f"Problem {n}", "points": ["Vieta's formulas", "Geometric series"]} for n in range(3)]
    (tmp_path / "seeds.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    seeds = [{"path": str(tmp_path / "seeds.jsonl"), "columns": {"points": "points"}}]
    with pytest.raises(GsdpError, match="No pair came of it, so no dataset is written") as told:
        await synthesize(settings(tmp_path / "work", sandboxes("--bad-problems=1").url, 5, seeds=seeds))
    assert told.value.exit_code == 1
    assert not (tmp_path / "work/dataset").exists()
    assert query(tmp_path / "work", "SELECT DISTINCT stage, reason FROM rejects") == [("review", "low score")]


async def test_a_run_that_ends_below_its_target_says_why(
    prefect_server: str, tmp_path: Path, sandboxes: Sandboxes
) -> None:
    rows = [{"problem": f"Problem {n}", "points": ["Vieta's formulas", "Geometric series"]} for n in range(3)]
    (tmp_path / "seeds.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    seeds = [{"path": str(tmp_path / "seeds.jsonl"), "columns": {"points": "points"}}]
    chosen = settings(tmp_path / "work", sandboxes().url, 50, seeds=seeds)
    result = await synthesize(chosen)
    assert 0 < result["pairs"] < 50
    assert result["end"] == "no combination is left"
    with pytest.raises(TargetMissed, match="no combination is left"):
        check_target(result, chosen.target_pairs)


async def test_a_server_that_has_never_answered_ends_the_run_in_one_sentence_and_is_not_tried_again(
    prefect_server: str, tmp_path: Path
) -> None:
    chosen = content(tmp_path / "work", "http://127.0.0.1:9/v1", 5)
    chosen["endpoints"]["rehearsal"]["outage_patience"] = 0.3
    with pytest.raises(EndpointDown, match=r"^Endpoint rehearsal at http://127\.0\.0\.1:9/v1 gives no answer") as told:
        await synthesize(make_settings(chosen))
    assert "\n" not in str(told.value)
    assert not told.value.transient
    assert query(tmp_path / "work", "SELECT state, message FROM runs") == [("failed", str(told.value))]
    assert query(tmp_path / "work", "SELECT 1 FROM rejects") == [], "an outage is no seed's fault"


async def test_prefect_tries_a_chunk_again_when_the_endpoint_has_come_back(
    prefect_server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed = asyncio.Event()
    transient: Any = extract.retry_condition_fn  # type: ignore[attr-defined]

    def told(*of_the_failure: Any) -> bool:
        failed.set()
        return bool(transient(*of_the_failure))

    monkeypatch.setattr(extract, "retry_condition_fn", told)
    monkeypatch.setattr(extract, "retry_delay_seconds", [4, 4])
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    chosen = content(tmp_path / "work", f"http://127.0.0.1:{port}/v1", 5)
    chosen["endpoints"]["rehearsal"]["outage_patience"] = 0.3
    chosen["endpoints"]["rehearsal"]["concurrency"] = 4
    with rehearsal("--port", str(port), "--latency", "0.1") as server:
        run = asyncio.create_task(synthesize(make_settings(chosen), until="extract"))
        while server.served() < 4:  # noqa: ASYNC110 - the server is another process
            await asyncio.sleep(0.02)
    await asyncio.wait([run, asyncio.create_task(failed.wait())], return_when=asyncio.FIRST_COMPLETED)
    assert failed.is_set(), "the server was stopped too late"
    with rehearsal("--port", str(port)) as server:
        await run
    again = "SELECT subject_id FROM calls WHERE fault IS NULL GROUP BY 1 HAVING count(*) > 1"
    assert query(tmp_path / "work", again) == []
    faults = query(tmp_path / "work", "SELECT DISTINCT fault FROM calls WHERE fault IS NOT NULL")
    assert faults == [("endpoint failed",)], "the tries before are in the books"


async def test_a_wrong_key_and_an_unknown_model_end_the_run_at_once_and_show_no_key(
    prefect_server: str, tmp_path: Path, server: Rehearsal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REHEARSAL_KEY", "sk-wrong-0123456789")
    with pytest.raises(EndpointRefused, match=r"refuses the key \(401.*Check api_key") as refused:
        await synthesize(of(tmp_path / "key", server, 5))
    assert "sk-wrong" not in str(refused.value)
    monkeypatch.setenv("REHEARSAL_KEY", KEY)
    roles = content(tmp_path, server.url, 5)["roles"] | {"extractor": {"endpoint": "rehearsal", "model": "gpt-99"}}
    with pytest.raises(EndpointRefused, match=r"does not serve this model \(404.*gpt-99"):
        await synthesize(of(tmp_path / "model", server, 5, roles=roles))


# Keys


def test_no_key_is_ever_written_down(prefect_server: str, finished: Path) -> None:
    holding = [path for path in finished.rglob("*") if path.is_file() and KEY.encode() in path.read_bytes()]
    assert holding == []
    assert query(finished, "SELECT count(*) FROM runs WHERE settings LIKE '%env:REHEARSAL_KEY%'") == [(1,)]
    runs = asyncio.run(flow_runs())
    assert any("env:REHEARSAL_KEY" in run for run in runs)
    assert not any(KEY in run for run in runs)


async def flow_runs() -> list[str]:
    """All that Prefect's server knows of the flow runs, parameters included."""
    from prefect.client.orchestration import get_client

    async with get_client() as prefect:
        return [run.model_dump_json() for run in await prefect.read_flow_runs()]
