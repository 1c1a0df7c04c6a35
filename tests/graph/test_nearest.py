"""Near pairs are those of the full cosine matrix; letters and initials find what vectors need not be asked about."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from graph.nearest import indexed_pairs, initial_pairs, near_pairs, nearest_pairs, spelled_pairs


@pytest.mark.parametrize("block", [1, 100, 1 << 24])
def test_near_pairs_are_exact(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("graph.nearest.BLOCK", block)
    vectors = np.random.default_rng(0).normal(size=(60, 4))
    vectors[7] = 3 * vectors[50]
    vectors[9] = 0
    unit = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    cosines = unit @ unit.T
    pairs = nearest_pairs(vectors, 0.9)
    assert [(i, j) for i, j, _ in pairs] == [(i, j) for i in range(60) for j in range(i + 1, 60) if cosines[i, j] > 0.9]
    assert all(abs(score - cosines[i, j]) < 1e-5 for i, j, score in pairs)
    assert (7, 50, 1.0) in pairs


def test_a_zero_vector_is_near_to_nothing() -> None:
    assert nearest_pairs(np.array([[0.0, 0], [0, 0], [1, 0]]), -1) == []


def test_vectors_must_be_a_finite_matrix() -> None:
    with pytest.raises(ValueError, match="finite"):
        nearest_pairs(np.array([[np.nan, 1.0]]), 0.5)
    with pytest.raises(ValueError, match="matrix"):
        nearest_pairs(np.zeros(3), 0.5)
    assert nearest_pairs(np.zeros((0, 3)), 0.5) == []


def clustered(items: int, seed: int = 0) -> NDArray[np.float64]:
    """Vectors of which every four or so are near to each other."""
    chance = np.random.default_rng(seed)
    centres = chance.normal(size=(items // 4, 32))
    return centres[chance.integers(0, len(centres), items)] + 0.3 * chance.normal(size=(items, 32))


def test_an_index_finds_nearly_all_pairs_and_scores_them_exactly() -> None:
    index = pytest.importorskip("usearch.index").Index
    vectors = clustered(2000)
    vectors[5] = 0
    exact, found = nearest_pairs(vectors, 0.8), indexed_pairs(vectors, 0.8, index)
    assert set(found) <= set(exact)
    assert len(found) >= 0.99 * len(exact) > 1000
    assert found == indexed_pairs(vectors, 0.8, index), "the same vectors give the same pairs"


def test_an_index_is_asked_again_for_items_with_many_neighbours() -> None:
    index = pytest.importorskip("usearch.index").Index
    vectors = np.concatenate([np.ones((150, 8)), -np.ones((3, 8))])
    vectors += 0.1 * np.random.default_rng(0).normal(size=vectors.shape)
    assert len(indexed_pairs(vectors, 0.9, index)) == len(nearest_pairs(vectors, 0.9)) == 150 * 149 // 2 + 3


def test_the_index_takes_over_where_there_are_many_items(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("usearch.index")
    monkeypatch.setattr("graph.nearest.EXACT_UNTIL", 99)
    monkeypatch.setattr("graph.nearest.nearest_pairs", None)
    assert len(near_pairs(clustered(100), 0.8)) > 10


def test_without_the_index_the_exact_way_is_taken_at_any_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("graph.nearest.EXACT_UNTIL", 99)
    monkeypatch.setattr("graph.nearest._index_class", lambda: None)
    assert near_pairs(clustered(100), 0.8) == nearest_pairs(clustered(100), 0.8)


def test_letters_find_spellings_and_not_synonyms() -> None:
    names = [
        "Triangle congruence",
        "Congruence of triangles",
        "Dot product",
        "Antiderivative",
        "等差数列求和公式",
        "等差数列的求和公式",
    ]
    pairs = spelled_pairs(names, 0.5)
    assert [(i, j) for i, j, _ in pairs] == [(0, 1), (4, 5)]
    assert all(0.5 <= score < 1 for _, _, score in pairs)
    assert [score for _, _, score in spelled_pairs(["Sine rule", "the sine rules"], 0.9)] == [1.0]
    assert spelled_pairs([], 0.5) == []
    assert spelled_pairs(["x"], 0.5) == []


def test_letters_give_the_same_pairs_in_any_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f"{first} {second} number" for first in ("sine", "sines", "cosine") for second in ("law", "laws", "lawn")]
    whole = spelled_pairs(names, 0.4)
    monkeypatch.setattr("graph.nearest.ROWS", 2)
    assert spelled_pairs(names, 0.4) == whole
    assert len(whole) > 5


@pytest.mark.parametrize(
    ("short", "long", "found"),
    [
        ("CRT", "Chinese remainder theorem", True),
        ("C.R.T.", "Chinese remainder theorem", True),
        ("GCD", "Greatest common divisors", True),
        ("PIE", "Principle of inclusion-exclusion", True),
        ("FTA", "The fundamental theorem of algebra", True),
        ("FTOA", "Fundamental theorem of algebra", True),
        ("crt", "Chinese remainder theorem", False),
        ("CRT", "Chinese remainder", False),
        ("S", "Sines", False),
        ("LCM", "GCD", False),
    ],
)
def test_initials(short: str, long: str, found: bool) -> None:
    assert initial_pairs([short, long]) == ([(0, 1)] if found else [])
    assert initial_pairs([long, short]) == ([(0, 1)] if found else [])
