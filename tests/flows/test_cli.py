"""The `gsdp` command: its exit codes, its one-sentence errors, its help, and what each command shows."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import duckdb
import networkx as nx
import pytest

from flows import cli
from tasks.reports.counts import counts, rejects
from tasks.store.database import FILE_NAME
from tasks.store.latest import PAIR_COUNT, has_history
from tests.conftest import Demo
from tests.support.rehearsal import ROOT, content, folder_bytes, opened, query, write_toml

COMMANDS = (
    "demo",
    "run",
    "merge",
    "preset",
    "report",
    "evaluate",
    "compare",
    "verify-store",
    "quote",
    "doctor",
    "status",
    "graph",
    "publish",
    "explain",
    "check",
    "sandbox",
    "serve",
    "backup",
    "pairs",
    "push",
    "seeds",
    "compact",
)
NOBODY = "http://127.0.0.1:9/v1"

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """`gsdp` in this process: exit code, standard output, standard error."""

    def call(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["gsdp", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        shown = capsys.readouterr()
        return int(ended.value.code or 0), shown.out, shown.err

    former = signal.getsignal(signal.SIGTERM)
    yield call
    signal.signal(signal.SIGTERM, former)


def only_sentence(shown: tuple[int, str, str], code: int) -> str:
    """The one line on standard error, of a command that failed with `code` and printed nothing else."""
    assert shown[:2] == (code, ""), shown
    said = shown[2].removeprefix("starting\n")
    assert len(said.splitlines()) == 1, said
    assert said.startswith("gsdp: ")
    return said


# Help


def test_the_version_is_that_of_the_package(run: Run) -> None:
    assert run("--version")[:2] == (0, version("gsdp") + "\n")


def test_every_command_is_known_to_these_tests() -> None:
    assert {
        command.name or command.callback.__name__ for command in cli.app.registered_commands if command.callback
    } == set(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_help_says_what_a_command_does_and_shows_an_example(run: Run, command: str) -> None:
    code, out, _ = run(command, "--help")
    assert code == 0
    assert re.search(rf"Examples?: .*(gsdp {command}|`gsdp serve`)", " ".join(out.split())), out


def test_no_arguments_show_the_help(run: Run) -> None:
    code, out, err = run()
    assert code == 2
    assert all(command in out + err for command in COMMANDS)


def test_help_does_not_wait_for_prefect() -> None:
    code = "import flows.cli, sys; print([m for m in ('prefect', 'aiohttp', 'duckdb', 'sympy') if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert found.stdout == "[]\n"


# Errors


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("nonsense",), "nonsense"),
        (("run",), "SETTINGS"),
        (("demo", "--pairs", "0"), "pairs"),
        (("quote", "x.toml", "--seeds", "1"), "seeds"),
        (("status",), "WORKSPACE"),
        (("check", "--workers", "many", "x.jsonl"), "workers"),
    ],
)
def test_a_wrong_command_line_is_explained_with_exit_code_2(run: Run, arguments: tuple[str, ...], says: str) -> None:
    code, _, err = run(*arguments)
    assert code == 2
    assert says.lower() in err.lower()
    assert "Traceback" not in err


def broken_settings(folder: Path, **changes: Any) -> Path:
    return write_toml(folder / "settings.toml", content(folder / "work", NOBODY, 5, **changes))


def test_a_settings_file_that_is_missing(run: Run, tmp_path: Path) -> None:
    said = only_sentence(run("run", tmp_path / "none.toml"), 2)
    assert said == f"gsdp: {tmp_path / 'none.toml'} does not exist: give the path of a settings file.\n"


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        (
            "a.jsonl",
            '{"problem": "p"}',
            "holds rows, and no settings: name it as `path` under [[seeds]] of a TOML file.",
        ),
        ("a.toml", 'seeds = "a.jsonl"', "is no list of files: write `[[seeds]]` and below it `path = ...`."),
        (
            "a.toml",
            '[seeds]\npath = "a.jsonl"',
            "`[seeds]`, with single brackets, is no list of files: write `[[seeds]]`",
        ),
    ],
)
def test_seeds_that_are_named_in_another_way(name: str, text: str, said: str, run: Run, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text)
    assert said in only_sentence(run("run", tmp_path / name), 2)


def test_a_settings_file_that_is_not_toml(run: Run, tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_text("workspace = runs/mine\n")
    assert "is not valid TOML" in only_sentence(run("run", tmp_path / "bad.toml"), 2)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"target_pair": 5}, "unknown key 'target_pair'; did you mean 'target_pairs'?"),
        ({"review": {"treshold": 0.9}}, "unknown key 'review.treshold'; did you mean 'threshold'?"),
        ({"target_pairs": "many"}, "target_pairs: "),
        ({"seeds": []}, "seeds: "),
        ({"roles": {"composer": "rehearsel"}}, "no endpoint is called 'rehearsel'; did you mean rehearsal?"),
    ],
)
def test_a_wrong_setting_is_named_with_the_nearest_valid_one(
    run: Run, tmp_path: Path, changes: dict[str, Any], says: str
) -> None:
    assert says in only_sentence(run("run", broken_settings(tmp_path, **changes)), 2)
    assert not (tmp_path / "work").exists()


def test_an_override_wins_over_the_file_and_is_checked_like_it(run: Run, tmp_path: Path) -> None:
    settings = broken_settings(tmp_path)
    assert "target_pairs: " in only_sentence(run("run", settings, "--set", "target_pairs=0"), 2)
    assert "is not key=value" in only_sentence(run("run", settings, "--set", "target_pairs"), 2)


@pytest.mark.parametrize(
    ("command", "says"),
    [("evaluate", "There is nothing to evaluate on"), ("compare", "A comparison needs at least two arms")],
)
def test_what_cannot_be_measured_is_said_before_anything_starts(
    command: str, says: str, run: Run, tmp_path: Path
) -> None:
    code, out, err = run(command, broken_settings(tmp_path))
    assert (code, out) == (2, "")
    assert says in err
    assert "starting" not in err


def test_a_stage_that_is_none(run: Run, tmp_path: Path) -> None:
    said = only_sentence(run("run", broken_settings(tmp_path), "--until", "polish"), 2)
    assert "'polish' is no stage; the stages are ingest, extract," in said


def test_a_column_that_is_not_there_is_answered_with_those_that_are(
    prefect_server: str, run: Run, tmp_path: Path
) -> None:
    seeds = tmp_path / "seeds.jsonl"
    seeds.write_text(json.dumps({"stem": "What is 2 + 2?", "key": "4"}) + "\n")
    said = only_sentence(run("run", broken_settings(tmp_path, seeds=[{"path": str(seeds)}])), 2)
    assert "has no column 'problem' for the problem; its columns are: 'stem', 'key'." in said


def test_an_endpoint_that_is_down_fails_with_what_to_do(
    prefect_server: str, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tasks.stages.extract import extract

    monkeypatch.setattr(extract, "retry_delay_seconds", [0, 0])
    code, _, err = run("run", broken_settings(tmp_path), "--set", "endpoints.rehearsal.outage_patience=0.2")
    assert code == 1
    assert re.fullmatch(
        r"starting\ngsdp: Endpoint rehearsal at http://127\.0\.0\.1:9/v1 gives no answer \(.*\. [^\n]*\n", err
    ), err


def test_a_folder_without_a_store_has_no_status(run: Run, tmp_path: Path) -> None:
    assert f"There is no store in {tmp_path}" in only_sentence(run("status", tmp_path), 1)


def test_a_settings_file_is_no_workspace(run: Run, tmp_path: Path) -> None:
    file = write_toml(tmp_path / "settings.toml", {"workspace": "here"})
    assert f"{file} is a file: give the folder of the workspace." in only_sentence(run("status", file), 1)


# What the commands show


def test_status_of_a_finished_run_counts_the_store(run: Run, demo: Demo) -> None:
    code, out, _ = run("status", demo.workspace)
    assert code == 0
    assert "from the store (no run is at work)" in out
    assert re.search(r"^pairs +200 +200 of 200 wanted$", out, re.MULTILINE)
    calls = query(demo.workspace, "SELECT count(*) FROM calls WHERE stage = 'extract'")[0][0]
    assert re.search(rf"^extract +sandbox-extractor +{calls} ", out, re.MULTILINE)


def test_status_counts_alike_where_there_were_other_settings_before(demo: Demo, tmp_path: Path) -> None:
    shutil.copy(demo.workspace / FILE_NAME, tmp_path)
    with opened(tmp_path) as store:
        assert not has_history(store)
        alone = dict(counts(store))
        assert store.rows(PAIR_COUNT) == store.rows("SELECT count(*) FROM pairs") == [(alone["pairs"],)]
        rejected = rejects(store)
    with duckdb.connect(str(tmp_path / FILE_NAME)) as connection:
        connection.execute("INSERT INTO recipes SELECT uuid(), stage, uuid() FROM current_recipes")
    with opened(tmp_path) as store:
        assert has_history(store)
        assert dict(counts(store)) == alone
        assert rejects(store) == rejected
        assert min(alone.values()) > 0


def test_graph_prints_its_statistics(run: Run, demo: Demo) -> None:
    code, out, _ = run("graph", demo.workspace)
    points, edges = query(
        demo.workspace, "SELECT (SELECT count(*) FROM knowledge_points), (SELECT count(*) FROM edges)"
    )[0]
    assert code == 0
    assert re.search(rf"^points +{points}$", out, re.MULTILINE), out
    assert re.search(rf"^edges \(pairs that share a seed\) +{edges}, ", out, re.MULTILINE)
    drawn = query(demo.workspace, "SELECT count(*) FROM combinations WHERE relation = 'two_hop'")[0][0]
    assert re.search(rf"^  two_hop +[\d,]+ +{drawn}$", out, re.MULTILINE)
    assert all(relation in out for relation in ("one_hop", "two_hop", "three_hop", "community"))


READERS: dict[str, Callable[[Path], Any]] = {
    ".graphml": nx.read_graphml,
    ".gexf": nx.read_gexf,
    ".json": lambda path: nx.node_link_graph(json.loads(path.read_text(encoding="utf-8")), edges="edges"),
    ".parquet": lambda path: graph_of_tables(path, path.with_name(f"{path.stem}-points.parquet")),
}


def graph_of_tables(edges: Path, points: Path) -> nx.Graph:
    result = nx.Graph()
    with duckdb.connect() as engine:
        for node, name, community in engine.execute(f"SELECT id, name, community FROM '{points}'").fetchall():
            result.add_node(node, name=name, community=community)
        result.add_weighted_edges_from(engine.execute(f"SELECT a, b, weight FROM '{edges}'").fetchall())
    return result


@pytest.mark.parametrize("suffix", READERS)
def test_an_exported_graph_opens_again_with_every_point_and_weight(
    run: Run, demo: Demo, tmp_path: Path, suffix: str
) -> None:
    file = tmp_path / f"graph{suffix}"
    assert run("graph", demo.workspace, "--export", file)[0] == 0
    graph = READERS[suffix](file)
    points = {str(key): name for key, name in query(demo.workspace, "SELECT id, name FROM knowledge_points")}
    edges = query(demo.workspace, "SELECT a::VARCHAR, b::VARCHAR, weight FROM edges")
    assert {node: data.get("name", data.get("label")) for node, data in graph.nodes(data=True)} == points
    groups = dict(query(demo.workspace, "SELECT point_id::VARCHAR, community FROM communities"))
    assert dict(graph.nodes(data="community")) == groups
    assert {frozenset((a, b)): data["weight"] for a, b, data in graph.edges(data=True)} == {
        frozenset((a, b)): weight for a, b, weight in edges
    }


def test_a_graph_is_not_exported_to_a_format_we_do_not_know(run: Run, demo: Demo, tmp_path: Path) -> None:
    said = only_sentence(run("graph", demo.workspace, "--export", tmp_path / "graph.dot"), 2)
    assert "give one of .graphml, .gexf, .json, .parquet" in said
    said = only_sentence(run("graph", demo.workspace, "--coverage", "--export", tmp_path / "coverage.csv"), 2)
    assert "ends in .parquet" in said
    (tmp_path / "file").touch()
    for file in ("graph.parquet", "graph.json"):
        said = only_sentence(run("graph", demo.workspace, "--export", tmp_path / "file" / file), 2)
        assert "cannot be made (File exists)" in said


def test_an_export_makes_its_folder(run: Run, demo: Demo, tmp_path: Path) -> None:
    assert run("graph", demo.workspace, "--export", tmp_path / "new/folder/graph.json")[0] == 0
    assert (tmp_path / "new/folder/graph.json").exists()


def test_explain_tells_a_pair_from_its_seeds_to_the_votes(run: Run, demo: Demo) -> None:
    pair, problem, answer = query(demo.workspace, "SELECT id::VARCHAR, problem, answer FROM pairs ORDER BY position")[0]
    code, out, _ = run("explain", demo.workspace, pair[:8] + "…")
    assert code == 0
    assert " ".join(problem.split()) in " ".join(out.split())
    assert f"answer {answer}" in out
    assert re.search(r"^  edge       .+ - .+, in [1-9]\d* seeds: seeds.jsonl:\d+", out, re.MULTILINE)
    assert all(word in out for word in ("combination", "seeds.jsonl:", "review", "grade", "passed       screen"))
    assert out.endswith("This is a pair of the dataset.\n")


def test_explain_tells_why_a_problem_is_no_pair(run: Run, demo: Demo) -> None:
    rejected = query(demo.workspace, "SELECT subject_id::VARCHAR FROM rejects WHERE stage = 'review' ORDER BY 1")[0][0]
    code, out, _ = run("explain", demo.workspace, rejected)
    assert code == 0
    assert "rejected     review: low score (" in out
    assert "This is a pair" not in out


@pytest.mark.parametrize(("prefix", "says"), [("", "fits several problems"), ("zzzz", "fits no problem")])
def test_explain_wants_an_id_that_fits_one_problem(run: Run, demo: Demo, prefix: str, says: str) -> None:
    assert says in only_sentence(run("explain", demo.workspace, prefix), 2)


def test_publish_writes_the_dataset_of_the_run_again(run: Run, demo: Demo, tmp_path: Path) -> None:
    out = tmp_path / "somewhere" / "dataset"
    for _ in range(2):
        assert run("publish", demo.workspace, "--out", out)[0] == 0
        assert folder_bytes(out) == folder_bytes(demo.workspace / "dataset")


@pytest.mark.parametrize("theirs", ["README.md", "data/messages.jsonl"])
def test_publish_never_replaces_a_file_that_is_not_ours(run: Run, demo: Demo, tmp_path: Path, theirs: str) -> None:
    file = tmp_path / "home" / theirs
    file.parent.mkdir(parents=True)
    file.write_text("years of work")
    said = only_sentence(run("publish", demo.workspace, "--out", tmp_path / "home"), 1)
    assert "is not of a dataset of ours: choose another folder, or move the file away" in said
    assert folder_bytes(tmp_path / "home") == {theirs: b"years of work"}


def test_publish_into_the_current_folder(run: Run, demo: Demo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    assert run("publish", demo.workspace, "--out", ".")[0] == 0
    assert folder_bytes(tmp_path / "here") == folder_bytes(demo.workspace / "dataset")


def test_check_gives_each_row_a_verdict_and_the_totals_elsewhere(run: Run, tmp_path: Path) -> None:
    huge = "2^{" * 40 + "2" + "}" * 40
    rows = [
        {"gold": "\\frac{1}{2}", "prediction": "0.5", "id": "a"},
        {"gold": "3", "prediction": "4"},
        {"gold": huge, "prediction": huge + " + 1"},
    ]
    file = tmp_path / "answers.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    code, out, err = run("check", file)
    verdicts = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    assert [row["verdict"] for row in verdicts] == ["same", "different", "unknown"]
    assert [{key: row[key] for key in given} for row, given in zip(verdicts, rows, strict=True)] == rows
    assert re.fullmatch(r"3 rows: 1 same, 1 different, 1 unknown; \d+\.\d s\n", err)


@pytest.mark.parametrize(
    ("line", "says"), [("not json", ":1 is not JSON"), ('{"gold": "1"}', ":1 needs the fields gold and prediction")]
)
def test_check_names_the_line_it_cannot_read(run: Run, tmp_path: Path, line: str, says: str) -> None:
    (tmp_path / "answers.jsonl").write_text(line + "\n")
    code, out, errors = run("check", tmp_path / "answers.jsonl")
    assert (code, out) == (2, "")
    left_out, ended = errors.splitlines()
    assert left_out.startswith("left out: ")
    assert says in left_out
    assert "has no row that can be compared" in ended


LEAKS = """
import atexit, ctypes, sys
from concurrent.futures import ThreadPoolExecutor
import duckdb
idle = ThreadPoolExecutor(1)
idle.submit(int).result()
ctypes.pythonapi.Py_IncRef(ctypes.py_object(duckdb.connect()))
atexit.register(print, "exit handlers run")
sys.argv = ["gsdp", *sys.argv[1:]]
from flows.cli import program
program()
"""


@pytest.mark.parametrize(
    ("arguments", "words", "code"), [(["status", "/nowhere"], "gsdp: There is no", 1), (["no"], "No such", 2)]
)
def test_what_bindings_say_of_their_leaks_hides_no_error(arguments: list[str], words: str, code: int) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", LEAKS, *arguments], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
    )
    assert ended.returncode == code
    assert words in ended.stderr
    assert "leak" not in ended.stderr
    assert ended.stdout == "exit handlers run\n"
