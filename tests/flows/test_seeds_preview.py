"""A preview reads what ingest reads, says what it leaves out and what may come, and leaves nothing behind."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from flows.commands.seeds import print_seeds
from flows.reporting.stage_lines import StageLines
from graph.errors import SeedError
from tasks.settings.run import RunSettings
from tasks.stages.ingest import ingest
from tests.support.contexts import open_context, plain, settings_for

PROBLEM = "A farmer has {} hens and {} geese. How many birds are there?"


def rows(count: int, points: Sequence[str] = ()) -> list[dict[str, Any]]:
    return [
        {"problem": PROBLEM.format(n, n + 1), "solution": f"{n} + {n + 1} = {2 * n + 1}", "answer": 2 * n + 1}
        | ({"points": points} if points else {})
        for n in range(count)
    ]


def written(path: Path, *lines: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{line if isinstance(line, str) else json.dumps(line)}\n" for line in lines))
    return path


@pytest.fixture
def settings(tmp_path: Path) -> RunSettings:
    written(tmp_path / "seeds/a.jsonl", *rows(6), "half a {", {"problem": [1]}, rows(1)[0])
    written(tmp_path / "seeds/b.jsonl", {"question": "How many?", "answer": "2+2 = <<2+2=4>>4\n#### 4"})
    written(tmp_path / "seeds/notes.md", "Read me.")
    benchmark = written(tmp_path / "bench.jsonl", rows(6)[5])
    return settings_for(
        tmp_path, seeds=[{"path": tmp_path / "seeds"}], benchmarks=[{"path": benchmark}], target_pairs=5000
    )


SAID = (
    "a.jsonl: 5 seeds of 9 rows, 5 with a final answer, 0 with knowledge points of their own\n",
    "b.jsonl: 1 seed of 1 row, 1 with a final answer, 0 with knowledge points of their own; read as GSM8K\n",
    "seeds/notes.md, since they hold no rows of a known kind",
    "seed       a.jsonl:1\nproblem    A farmer has 0 hens and 1 geese. How many birds are there?\n"
    "solution   0 + 1 = 1\nanswer     1\n",
    "seed       b.jsonl:1\nproblem    How many?\nsolution   2+2 = 4\n           #### 4\nanswer     4\n",
    "left out: 4 rows\n",
    "  a.jsonl:6  contaminated: ",
    "  a.jsonl:7  not a row: not JSON",
    "  a.jsonl:8  not text: column 'problem' holds a list: name an element, such as problem[0]\n",
    "  a.jsonl:9  duplicate: the same problem stands in an earlier row\n",
    "combinations (a guess from the number of seeds)\n",
    "6 seeds can give about 18 pairs (a guess from their number alone); 5,000 are wanted: bring more seeds",
)


async def test_a_preview_says_what_a_run_would_read(settings: RunSettings, capsys: pytest.CaptureFixture[str]) -> None:
    print_seeds(settings)
    told = capsys.readouterr().out
    assert [part for part in SAID if part not in told] == [], told
    assert not settings.workspace.exists(), "nothing is kept"
    async with open_context(settings) as work:
        counts = await plain(ingest)()
        assert (counts["new"], counts["rejected"]) == (7, 4), "of which one is contaminated"
        lines = list(StageLines(work)._of_seeds(counts, settings))
    assert [line for line in lines if line.startswith("a.jsonl:7: not JSON")]
    assert [line for line in lines if "notes.md" in line]
    assert lines[-1].startswith("6 seeds can give about 18 pairs")


def test_rows_left_out_for_one_reason_are_one_line_and_none_left_is_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(tmp_path / "a.jsonl", *({"problem": f"What is {n}?", "worked": "1"} for n in range(60)))
    with pytest.raises(SeedError, match="No row makes a seed; why is said above"):
        print_seeds(settings_for(tmp_path, seeds=[{"path": path}]))
    told = capsys.readouterr().out
    assert "left out: 60 rows\n  a.jsonl:1 and 59 more  " in told
    assert "worked" in told.splitlines()[-1], "its columns are named"


def test_points_that_are_known_are_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(tmp_path / "a.jsonl", *rows(3, ["Sum", "Counting by one", "Addition of hens"]))
    file = {"path": path, "columns": {"points": "points"}}
    print_seeds(settings_for(tmp_path, seeds=[file], target_pairs=1))
    told = capsys.readouterr().out
    assert "points     Sum\n           Counting by one" in told
    assert "about one_hop 3, two_hop 0, three_hop 0, community 1 combinations (by the points of 3 seeds" in told
    assert "about 2 can come of them; 1 are wanted" in told
