"""Files of whatever size and depth: what is too much of them is a reason or a sentence, and never in memory."""

from __future__ import annotations

import base64
import gzip
import json
import subprocess
import sys
import zlib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import duckdb
import pytest

from flows.commands.settings_file import read_settings
from graph.errors import SeedError, SettingsError
from tasks.inputs.rows import read_rows
from tasks.store import parquet
from tasks.store.database import Store, open_store
from tests.support.rehearsal import ROOT

BOMB = (
    "c-jka3^EjD5$!l}fn8L^N0dpFfq`K*vryHKrHm?vz8uMJbjWLx^Alwd<q#Fn5p56vs$~;pV_@iJY+!5<U|<IFxkQDa8o8Mo7=e@_GamI0GBOMd"
    "Fbo6=Kr8^nAdL)6U<_iiK!h-qGq8Xa0<}0m_zqy*3>;v#D3hd(DT4%WN@;R-N>Y4raz<)yq9_Z4D32<G1babIeo{_qt||kB&rzJ8Q(BUlp9d5W"
    "YY>o>k<?LRkP+pP6lIZwD;DJdN{L+o29H>UnvWWXj6?%d;>ZR`qd|};#vsNt8VsW;Au&-%h(S^ZSjsVoGBE%N79b_|fKfD#fdNsNz)KoPX%Zlo"
    "ptgolt$|TSg3%C&z=;XW5){NVY#$TIFtH^kfkjY*fEtI`4MqkH4HsYu=i;PLmReK{G*_X_NY6meKtUs^G&3hfA;r`rIVmaCI3-O}QU_Fa0?S5e"
    "RtAOuU||mc%OTX|"
)
"""1,024 rows of one problem of 8 MB, in a Parquet file of 1,521 bytes:
COPY (SELECT repeat('a', 8000000) AS problem, '1' AS solution FROM range(1024)) TO 'bomb.parquet'
(FORMAT parquet, COMPRESSION brotli, STRING_DICTIONARY_PAGE_SIZE_LIMIT 16000000)"""
SMALL = 1 / 1024
"""Megabytes."""


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with closing(open_store(tmp_path_factory.mktemp("store"))) as opened:
        yield opened


READS = """
import sys
from pathlib import Path
from tasks.inputs.rows import read_rows
from tasks.store.database import open_store
store = open_store(Path(sys.argv[1]).parent)
rows = [row for row in read_rows(store, Path(sys.argv[1]))]
# The most that this program held; what getrusage says may be its parent's.
peak = next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(len(rows), rows[0][1], int(peak) // 1024, sep="|")
"""


def test_two_kilobytes_that_stand_for_eight_gigabytes_stay_under_500_mb(tmp_path: Path) -> None:
    path = tmp_path / "bomb.parquet"
    path.write_bytes(zlib.decompress(base64.b85decode(BOMB)))
    assert path.stat().st_size < 2048
    ended = subprocess.run(
        [sys.executable, "-c", READS, str(path)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    count, row, megabytes = ended.stdout.strip().split("|")
    assert (count, row.partition(";")[0]) == ("1024", "longer than 4 MB")
    assert int(megabytes) < 500


def test_long_values_of_parquet_are_read_a_few_at_a_time(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet, "AT_ONCE", 3000)
    path = tmp_path / "rows.parquet"
    nested = "{'a': [repeat('y', i)], 'b': MAP {'k': 'v'}} AS more, CASE WHEN i % 2 THEN NULL ELSE i END AS odd"
    with duckdb.connect() as made:
        made.execute(
            f"COPY (SELECT repeat('x', i) AS problem, {nested} FROM range(700) r(i)) TO '{path}' (FORMAT parquet)"
        )
    rows = list(read_rows(store, path, SMALL))
    assert [number for number, _ in rows] == list(range(1, 701))
    for number, row in rows:
        i = number - 1
        if 2 * i + 18 > 1024:
            assert isinstance(row, str)
            assert row.startswith("longer than 0.000977 MB")
        else:
            assert row == {
                "problem": "x" * i,
                "more": {"a": ["y" * i], "b": {"k": "v"}},
                "odd": None if i % 2 else i,
            }


ONE, THREE = '{"problem": 1}', '{"problem": 3}'
LONG = "a" * 2000
DEEP = '{"a":' * 100 + "1" + "}" * 100
LINES = [
    ("a long line", "rows.jsonl", f'{ONE}\n{{"problem": "{LONG}"}}\n{THREE}\n', "longer than 0.000977 MB"),
    ("a line without end", "rows.jsonl", f"{ONE}\n{LONG * 3}", "longer than 0.000977 MB"),
    ("a deep line", "rows.jsonl", f"{ONE}\n{DEEP}\n{THREE}\n", "nested deeper than 64"),
    (
        "one far too deep",
        "rows.jsonl",
        f"{ONE}\n{'[' * 20_000}\n{THREE}\n",
        "nested deeper than 64",
    ),
    ("a deep element", "rows.json", f"[{ONE}, {DEEP}, {THREE}]", "nested deeper than 64"),
    ("a long field", "rows.csv", f"problem,solution\n1,2\n{'a' * 1020},2\n3,2\n", ""),
]


@pytest.mark.parametrize(("why", "name", "content", "reason"), LINES, ids=[each[0] for each in LINES])
@pytest.mark.parametrize("packed", [False, True])
def test_a_row_that_is_too_much_is_one_row_with_a_reason(
    why: str, name: str, content: str, reason: str, packed: bool, store: Store, tmp_path: Path
) -> None:
    path = tmp_path / (f"{name}.gz" if packed else name)
    path.write_bytes(gzip.compress(content.encode()) if packed else content.encode())
    largest = SMALL if "longer" in reason or not reason else None
    rows = [row for _, row in read_rows(store, path, largest)]
    if not reason:
        assert len(rows) == 3
        return
    assert reason in str(rows[1]), why
    assert [row["problem"] for row in rows if isinstance(row, dict)] == ([1, 3] if len(rows) == 3 else [1])


FILES = [
    ("a quotation that never ends", "rows.csv", 'problem,solution\n"1,2\n' + "3,2\n" * 1000, "Is a quotation mark"),
    ("a row of many fields", "rows.csv", "problem,solution\n" + "1," * 2000, "holds a row longer than"),
    ("a long array", "rows.json", json.dumps([{"problem": LONG}] * 20), "a .json file is read whole"),
    ("a deep file", "rows.json", "[" * 10_000, "nested deeper than 64"),
]


@pytest.mark.parametrize(("why", "name", "content", "words"), FILES, ids=[each[0] for each in FILES])
def test_a_file_that_is_too_much_is_one_sentence(
    why: str, name: str, content: str, words: str, store: Store, tmp_path: Path
) -> None:
    path = tmp_path / name
    path.write_text(content)
    with pytest.raises(SeedError, match=words):
        list(read_rows(store, path, SMALL))


def test_a_parquet_file_whose_lists_are_too_long_is_one_sentence(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet, "MOST_VALUES", 99)
    path = tmp_path / "lists.parquet"
    with duckdb.connect() as made:
        made.execute(f"COPY (SELECT range(100) AS problem) TO '{path}' (FORMAT parquet)")
    with pytest.raises(SeedError, match="100 values of one column"):
        list(read_rows(store, path))


SETTINGS = [
    ("arrays within arrays", f"seeds = {'[' * 10_000}{']' * 10_000}\n"),
    ("a few too many", f"seeds = {'[' * 100}{']' * 100}\n"),
    ("tables within tables", f"[{'.'.join('a' * 100)}]\nb = 1\n"),
]


@pytest.mark.parametrize(("why", "content"), SETTINGS, ids=[each[0] for each in SETTINGS])
def test_settings_that_are_nested_too_deep_are_one_sentence(why: str, content: str, tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text(content)
    with pytest.raises(SettingsError, match="nested deeper than 64"):
        read_settings(path)
