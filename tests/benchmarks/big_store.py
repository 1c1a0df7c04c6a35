"""A store of N pairs and all of their calls, and what it costs to have one: disk, memory, seconds.

    python tests/benchmarks/big_store.py --pairs 2000000 --folder FOLDER [--publish]

A short run against the sandbox makes settings, graph and a small store. SQL then adds pairs that went through all
stages, ten calls each (one composed, two reviewed and one rated, three solved, three graded), with texts of words drawn
at random. Then, for the small store and the large one side by side: bytes on disk, seconds of `gsdp status`, and a run
that goes on for a few pairs more: seconds from its start to its first new call, its memory until then, and at its peak,
when new pairs have been compared with all others. Seconds of the processor stand beside those of the clock, since other
work on the machine disturbs them less. A Prefect server is there before.

With --publish, only `gsdp status` and the whole of `gsdp publish` (four formats, card and report) are measured. With
the same FOLDER again, what is there is measured and not made a second time.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

import duckdb
import psutil

sys.path.insert(0, str(Path(__file__).parents[2]))

from flows.orchestration.local_server import own_server
from flows.orchestration.started import PREFECT_DEFAULTS
from graph.records import content_id
from tasks.reports.agreement import panel
from tasks.store.database import FILE_NAME, open_store
from tasks.store.ids import id_sql
from tasks.store.latest import latest_identity, pair_count
from tests.support.rehearsal import Rehearsal, command, content, opened, query, rehearsal, write_toml

BASE = 40
MORE = 300
"""Pairs of the small store, and pairs that a run then adds."""
FORMATS = ["messages", "alpaca", "grpo", "verl"]
BLOCK = 100_000
"""Pairs written at a time."""


def main() -> None:
    """Make the stores and print what was measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=100_000)
    parser.add_argument("--folder", type=Path, help="where to work; a temporary folder if left out")
    parser.add_argument("--publish", action="store_true", help="measure what publishing takes, and no more")
    arguments = parser.parse_args()
    folder = arguments.folder or Path(tempfile.mkdtemp(prefix="gsdp-big-store-"))
    os.environ |= PREFECT_DEFAULTS
    with own_server() as wait, rehearsal() as server:
        wait()
        small, large = folder / "small", folder / "large"
        if not small.exists():
            subprocess.run(command("run", settings(small, server, BASE)), check=True)
        if not large.exists():
            fill(small, large, arguments.pairs)
        for workspace in (small, large):
            open_store(workspace).close()  # brings one that was made earlier to the newest schema
            if arguments.publish:
                publish(workspace)
            else:
                measure(workspace, server)
        for workspace in () if arguments.publish else (small, large):
            grow(workspace, server)


def settings(workspace: Path, server: Rehearsal, pairs: int) -> Path:
    """A settings file beside the workspace."""
    workspace.parent.mkdir(parents=True, exist_ok=True)
    return write_toml(workspace.with_suffix(".toml"), content(workspace, server.url, pairs))


def fill(small: Path, large: Path, pairs: int) -> None:
    """A copy of the small store with so many pairs more."""
    large.mkdir()
    shutil.copy(small / FILE_NAME, large)
    began = time.monotonic()
    with duckdb.connect(str(large / FILE_NAME), config={"memory_limit": "3GB"}) as store:
        for statement in PREPARE.split(";"):
            store.execute(statement)
        store.executemany("INSERT INTO roster VALUES (?, ?, ?, ?)", roster(small))
        store.execute(MEANS)
        for start in range(0, pairs, BLOCK):
            for statement in BLOCK_OF_PAIRS.split(";"):
                store.execute(statement.format(start=start, stop=min(pairs, start + BLOCK)))
            print(f"{min(pairs, start + BLOCK):,} pairs, {time.monotonic() - began:.0f} s", flush=True)
        for statement in FINISH.split(";"):
            store.execute(statement)


def roster(workspace: Path) -> list[tuple[int, str, str, str]]:
    """The ten calls of a pair: number, stage, who is asked, and what the id of the row is made with."""
    with opened(workspace) as store:
        identity = latest_identity(store)
    solve = identity["solve"]
    solver = str(content_id("player", solve["prompt.solve"], "solver", solve["solver"]))
    reviewers, graders = panel(identity, "review"), panel(identity, "grade")
    asked = [
        ("compose", "composer", ""),
        *(("review", judge, recipe) for judge, recipe in reviewers[:2]),
        ("review", "rater", "rater"),
        *[("solve", "solver", solver)] * 3,
        *(("grade", judge, recipe) for judge, recipe in graders),
    ]
    return [(number, *rest) for number, rest in enumerate(asked)]


def measure(workspace: Path, server: Rehearsal) -> None:
    """Print what a store costs."""
    pairs, calls = (query(workspace, f"SELECT count(*) FROM {table}")[0][0] for table in ("pairs", "calls"))
    size = (workspace / FILE_NAME).stat().st_size
    print(f"\n{workspace.name}: {pairs:,} pairs, {calls:,} calls, {size / 1e6:,.0f} MB on disk")
    print(f"status          {watched(command('status', workspace))}")
    served = server.served()
    more = settings(workspace, server, pairs + MORE)
    print(f"first new call  {watched(command('run', more), lambda: server.served() > served)}", flush=True)


def publish(workspace: Path) -> None:
    """Print what the dataset of all pairs takes, with its card and its report."""
    with closing(open_store(workspace)) as store:
        (kept,) = store.rows("SELECT settings FROM runs ORDER BY number DESC LIMIT 1")[0]
        wanted = json.loads(kept)
        wanted["target_pairs"] = pair_count(store)
        wanted["publish"]["formats"] = FORMATS
        sql = "UPDATE runs SET settings = ? WHERE number = (SELECT max(number) FROM runs)"
        asyncio.run(store.write(statements=[(sql, [json.dumps(wanted)])]))
        print(f"\n{workspace.name}: {wanted['target_pairs']:,} pairs", flush=True)
    print(f"status          {watched(command('status', workspace))}", flush=True)
    out = workspace.with_name(f"{workspace.name}-dataset")
    print(f"publish         {watched(command('publish', workspace, '--out', out))}")
    size = sum(file.stat().st_size for file in out.rglob("*") if file.is_file())
    print(f"its files       {len([*out.rglob('*.*')])}, {size / 1e6:,.0f} MB", flush=True)


def grow(workspace: Path, server: Rehearsal) -> None:
    """Print what the next pairs cost, which are compared with all there are."""
    pairs = query(workspace, "SELECT count(*) FROM pairs")[0][0]
    print(
        f"\n{workspace.name}, {MORE} pairs more: {watched(command('run', settings(workspace, server, pairs + MORE)))}"
    )
    print(f"pairs then      {query(workspace, 'SELECT count(*) FROM pairs')[0][0]:,}", flush=True)


def watched(words: list[str], done: Callable[[], bool] = lambda: False) -> str:
    """What a command takes until it has ended, or is killed when it has `done` something: time and peak memory."""
    began, peak, busy = time.monotonic(), 0, 0.0
    with subprocess.Popen(words, stdout=subprocess.DEVNULL) as process:
        seen = psutil.Process(process.pid)
        while process.poll() is None and not done():
            with suppress(psutil.Error):
                peak = max(peak, seen.memory_info().rss)
                busy = sum(seen.cpu_times()[:2])
            time.sleep(0.02)
        seconds = time.monotonic() - began
        process.kill()
    return f"{seconds:7.2f} s ({busy:.2f} s of the processor), {peak / 1e6:,.0f} MB"


PREPARE = """
    CREATE TEMP TABLE here AS SELECT stage, recipe FROM current_recipes;
    CREATE TEMP TABLE begin AS SELECT count(*) AS combinations FROM combinations;
    CREATE TEMP TABLE points AS SELECT list(id) AS ids, list(name) AS names FROM knowledge_points;
    CREATE TEMP TABLE roster (n INTEGER, stage VARCHAR, role VARCHAR, recipe VARCHAR);
    CREATE TEMP MACRO words(i, salt, n) AS
        list_aggregate(list_transform(range(n), lambda k:
            md5((hash(i * 1000 + salt * 100 + k) % 5000)::VARCHAR)[:3 + (i + k) % 6]), 'string_agg', ' ');
    CREATE TEMP MACRO recipe_of(wanted) AS (SELECT recipe FROM here WHERE stage = wanted)"""
"""What rows are made of. Ids that a run or a report computes again are hashed as the store does; others are any."""

MEANS = """
    CREATE TEMP TABLE means AS
        SELECT n, any_value(endpoint) AS endpoint, any_value(model) AS model, any_value(prompt) AS prompt,
            max(run_id) AS run_id, avg(input_tokens)::BIGINT AS input_tokens,
            avg(output_tokens)::BIGINT AS output_tokens, any_value(text) AS said
        FROM roster JOIN calls USING (stage, role) WHERE fault IS NULL GROUP BY n"""

BLOCK_OF_PAIRS = f"""
    CREATE OR REPLACE TEMP TABLE made AS
        SELECT i, md5('c' || i)::UUID AS combination, md5('p' || i)::UUID AS problem,
            words(i, 0, 45) || ' What is ' || i || '?' AS text, ['easy', 'medium'][1 + i % 2] AS difficulty
        FROM range({{start}}, {{stop}}) r(i);
    CREATE OR REPLACE TEMP TABLE chosen AS
        SELECT problem, {id_sql("solution", "problem", "recipe", "0")} AS solution FROM made, roster WHERE n = 4;
    CREATE OR REPLACE TEMP TABLE asked AS
        SELECT made.*, n, stage, role, md5('call' || n || i)::UUID AS call_id, solution,
            CASE stage WHEN 'compose' THEN problem WHEN 'review' THEN {id_sql("review", "problem", "recipe")}
                WHEN 'solve' THEN {id_sql("solution", "problem", "recipe", "n - 4")}
                ELSE {id_sql("grade", "solution", "recipe")} END AS subject
        FROM made JOIN chosen USING (problem), roster;
    INSERT INTO combinations BY NAME
        SELECT combination AS id, recipe_of('sample') AS recipe, i + (SELECT combinations FROM begin) AS position,
            ['one_hop', 'two_hop', 'three_hop', 'community'][1 + i % 4] AS relation,
            [ids[1 + i % len(ids)], ids[1 + (i + 1 + i * 7 % (len(ids) - 1)) % len(ids)]] AS points,
            [names[1 + i % len(ids)], names[1 + (i + 1 + i * 7 % (len(ids) - 1)) % len(ids)]] AS names,
            1.0 AS weight, 1 AS asks
        FROM made, points;
    INSERT INTO problems BY NAME
        SELECT subject AS id, recipe_of('compose') AS recipe, combination AS combination_id, 0 AS sample, text, call_id
        FROM asked WHERE n = 0;
    INSERT INTO reviews BY NAME
        SELECT subject AS id, problem AS problem_id, role AS judge, if(n = 3, NULL, 0.9 + (i % 7) / 70) AS logic,
            if(n = 3, NULL, 0.95 - (i % n) / 50) AS presentation, if(n = 3, difficulty, NULL) AS difficulty, call_id
        FROM asked WHERE stage = 'review';
    INSERT INTO solutions BY NAME
        SELECT subject AS id, problem AS problem_id, n - 4 AS sample,
            words(i, n, 40) || ' So the answer is ' || i || '.' AS text, i::VARCHAR AS answer, call_id
        FROM asked WHERE stage = 'solve';
    INSERT INTO grades BY NAME
        SELECT subject AS id, problem AS problem_id, solution AS solution_id, role AS judge,
            (hash(i + n) % 20 > 0)::INTEGER AS vote, call_id
        FROM asked WHERE stage = 'grade';
    INSERT INTO elections BY NAME
        SELECT md5('e' || i)::UUID AS id, recipe_of('grade') AS recipe, problem AS problem_id, 'votes' AS kind,
            3 AS asked, 1 AS spared, [3] AS classes, 1.0 AS share, 'easy' AS difficulty
        FROM made;
    INSERT INTO passes BY NAME
        SELECT {id_sql("pass", "stage", "problem", "recipe_of(stage)")} AS id,
            recipe_of(stage) AS recipe, stage, problem AS problem_id, 0.95 AS score, difficulty,
            if(stage = 'review', NULL, solution) AS solution_id
        FROM made JOIN chosen USING (problem), unnest(['review', 'grade', 'screen']) t(stage);
    INSERT INTO calls BY NAME
        SELECT call_id AS id, run_id, stage, role, subject AS subject_id, 0 AS sample, endpoint, model, prompt,
            'stop' AS finish_reason, 1 AS attempts, input_tokens + i % 50 AS input_tokens, 0 AS cached_tokens,
            output_tokens + i % 30 AS output_tokens, 0 AS reasoning_tokens, 1.0 + i % 7 AS seconds,
            CASE stage WHEN 'solve' THEN NULL WHEN 'compose' THEN '<problem>' || text || '</problem>'
                ELSE words(i, n, 10) || ' ' || said END AS text,
            TIMESTAMP '2026-01-01' + to_seconds(i) AS ended_at
        FROM asked JOIN means USING (n)"""

FINISH = """
    UPDATE frontier SET position = (SELECT count(*) FROM combinations);
    CHECKPOINT"""


if __name__ == "__main__":
    main()
