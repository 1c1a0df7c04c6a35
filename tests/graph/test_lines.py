"""What of a line is the name of a knowledge point, and which lines hold none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.lines import NO_NAME, name_in

NAMES = [
    ("Heron's formula", "Heron's formula"),
    ("- **Heron's formula**", "Heron's formula"),
    ("Heron's formula: gives the area of a triangle", "Heron's formula"),
    ("**Heron's formula**: the area of a triangle from its sides", "Heron's formula"),
    ("Heron's formula (used to find the area)", "Heron's formula"),
    ("Heron's formula (which needs all sides)", "Heron's formula"),
    ("Heron's formula – used for the area", "Heron's formula"),
    ("Theorem: Pythagorean theorem", "Pythagorean theorem"),
    ("Knowledge point 2: Vieta's formulas", "Vieta's formulas"),
    ("<li>Vieta's formulas</li>", "Vieta's formulas"),
    ("勾股定理：直角三角形三边的关系", "勾股定理"),
    # What looks like an explanation and is none.
    ("3:4:5 triangle", "3:4:5 triangle"),
    ("Cross-ratio (A, B; C, D)", "Cross-ratio (A, B; C, D)"),
    ("Chinese remainder theorem (CRT)", "Chinese remainder theorem (CRT)"),
    ("List<Item>", "List<Item>"),
    ("Theorems of Sylow", "Theorems of Sylow"),
    ("No-cloning theorem", "No-cloning theorem"),
    ("Null hypothesis", "Null hypothesis"),
    ("|x| as a distance", "|x| as a distance"),
    ("|a||b| = |ab|", "|a||b| = |ab|"),
    ("None-or-all law", "None-or-all law"),
    ("[0, 1] is compact", "[0, 1] is compact"),
    ("Key exchange", "Key exchange"),
    ("Arithmetic mean - geometric mean inequality", "Arithmetic mean - geometric mean inequality"),
    ("Concept drift", "Concept drift"),
]

NONE = [
    "none", "None.", "N/A", "n/a", "无", "没有知识点", "nil", "Not applicable",
    "There are no specific theorems used here.", "No knowledge points",
    "I'm sorry, but I cannot help with that.", "As an AI language model, I", "Sorry, no", "抱歉，我无法回答",
    "Here are the knowledge points:", "Sure! Here they are", "Knowledge points:", "Key concepts", "The following facts",
    "Theorems", "Definitions", "Properties", "Formula", "定理", "知识点：",
    "<ul>", "</li>", "<br/>", "| # | Name |", "|---|---|", "| 1 | Heron's formula |", "---",
    '["Heron\'s formula", "area"]', '{"points": ["a"]}', "name of one point", "name of the next point",
]  # fmt: skip


@pytest.mark.parametrize(("line", "name"), NAMES)
def test_the_name_in_a_line(line: str, name: str) -> None:
    assert name_in(line) == (name, None)


@pytest.mark.parametrize("line", NONE)
def test_what_is_no_name_is_no_point(line: str) -> None:
    assert name_in(line)[1] in (NO_NAME, "empty")


@given(st.text(alphabet="ab1.*_-$\\(){}'\"• :#`|<>li", max_size=24))
def test_any_line_is_read_to_an_end(line: str) -> None:
    name, fault = name_in(line)
    assert fault is not None or name
