"""Text of models and strangers acts on nothing that shows it."""

from __future__ import annotations

import csv
import io
import xml.etree.ElementTree as ET

import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.plain import PlainOutput, bare, cell, of_cell, plain

ACTS = {
    "\x1b]52;c;cm0gLXJm\x07": r"\x1b]52;c;cm0gLXJm\x07",
    "\x1b[2J\x1b[31mred": r"\x1b[2J\x1b[31mred",
    "\x9b31m": r"\x9b31m",
    "safe\u202eexe.txt": r"safe\u202eexe.txt",
    "a\rb": r"a\rb",
    "\u2066hidden\u2069": r"\u2066hidden\u2069",
    "\ud800": r"\ud800",
}
STAYS = ("two\nlines\tand a tab", "π ≤ ½ · 正弦定理", "👩‍🔬", r"\frac{1}{2}", "", "עברית")


@pytest.mark.parametrize("text", ACTS)
def test_what_acts_is_written_out(text: str) -> None:
    assert plain(text) == ACTS[text]


@pytest.mark.parametrize("text", STAYS)
def test_what_does_not_act_stays(text: str) -> None:
    assert plain(text) == text


@given(st.text())
def test_plain_text_stays_plain_and_fits_into_xml(text: str) -> None:
    assert plain(plain(text)) == plain(text)
    file = io.BytesIO()
    nx.write_graphml(nx.Graph([(plain(text), "other")]), file)
    ET.fromstring(file.getvalue())


@given(st.text())
def test_a_cell_is_no_formula_and_comes_back(text: str) -> None:
    file = io.StringIO(newline="")
    csv.writer(file).writerow([cell(text)])
    file.seek(0)
    (row,) = csv.reader(file)
    assert not row[0].lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r"))
    assert of_cell(row[0]) == text


def test_a_stream_writes_plain_text_and_knows_the_one_behind_it() -> None:
    behind = io.StringIO()
    stream = PlainOutput(behind)
    print("\x1b[31mred", file=stream)
    assert behind.getvalue() == "\\x1b[31mred\n"
    assert bare(stream) is behind  # type: ignore[arg-type]
    assert bare(behind) is behind
