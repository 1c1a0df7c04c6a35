"""Texts near a benchmark item in meaning are read by the verifier, and kept out where it says that they are one."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from deployments.sandbox.roles import ErrorRates, ask_of, truth
from graph.errors import BudgetReached, SettingsError
from graph.records import Overlap, Reject
from prompts.library import Library
from tasks.context.run_context import RunContext
from tasks.endpoint.replies import ChatRequest, Reply
from tasks.judging.paraphrases import HEAD
from tasks.reports.card import card
from tasks.settings.run import RunSettings
from tasks.stages.ingest import ingest
from tasks.stages.screen import Screen
from tests.support.contexts import open_context, plain, settings_for
from tests.support.scripted_curator import EMBEDDER, REFUSED, Curator, reply
from tests.tasks.stages.test_screening import benchmark, graded, outcomes

EXAM = "How many sheep graze on the meadow when each of nine shepherds brings seven?"
OTHER = "What is the sum of the inner angles of a polygon that has eleven corners?"
SAME = "Seven animals come with every one of the nine herdsmen. Count the flock."
TOPIC = "Eight drivers carry six crates each. Count the crates."
VAGUE = "A crowd of herdsmen and their flock."
AFAR = "Differentiate the sine at the origin."


@dataclass
class Reader(Curator):
    """An embedder, and a verifier that says of (item, text) what the table says: 0 if nothing."""

    votes: dict[tuple[str, str], str] = field(default_factory=dict)
    read: list[tuple[str, str]] = field(default_factory=list)
    funds: int = 1000
    """Questions until the budget is reached."""

    async def complete(self, request: ChatRequest) -> Reply:
        if len(self.read) >= self.funds:
            raise BudgetReached("reached")
        content = request.messages[-1]["content"]
        item, text = (content.split(f"<{tag}>\n")[1].split(f"\n</{tag}>")[0] for tag in ("item", "text"))
        self.read.append((item, text))
        return reply(self.votes.get((item, text), "<verdict>0</verdict>"))


def near(**changed: Any) -> Reader:
    """Two items far from each other; three texts near the first, one of them the same, and one near none."""
    degrees = {EXAM: 0, OTHER: 90, SAME: 10, TOPIC: 20, VAGUE: 12, AFAR: 200}
    votes = {(EXAM, SAME): "<verdict>1</verdict>", (EXAM, VAGUE): "Hm."}
    return Reader(degrees=degrees, votes=votes, **changed)


def looked_at(folder: Path, **changes: Any) -> RunSettings:
    exam = {**benchmark(folder, {"question": EXAM}, {"question": OTHER}), "columns": {"problem": "question"}}
    return settings_for(folder, benchmarks=[exam], screen={"second_look": 0.8}, **EMBEDDER, **changes)


async def said(work: RunContext) -> list[tuple[str, str, str, float]]:
    rows = work.store.select(Overlap, "true ORDER BY part, coverage")
    return [(row.part, row.item, row.rule, round(row.coverage, 2)) for row in rows]


async def test_a_problem_that_is_an_item_in_other_words_is_kept_out_with_the_evidence(tmp_path: Path) -> None:
    settings, reader = looked_at(tmp_path), near()
    async with open_context(settings, {"local": reader}) as work:
        await graded(work, [SAME, TOPIC, VAGUE, AFAR], solution=AFAR)
        await Screen(work).advance(4)
        assert outcomes(work) == ["contaminated", "", "contamination unjudged", ""]
        assert await said(work) == [("problem", "exam.jsonl:1", "meaning", 0.98)]
        assert {text for _, text in reader.read} == {SAME, TOPIC, VAGUE}, "what is near no item costs nothing"
        told = card(work.store, work.settings, 0)
        calls = work.store.rows("SELECT DISTINCT stage, role FROM calls WHERE role <> 'embedder'")
    assert calls == [("screen", "verifier")]
    assert "| problem | exam.jsonl:1 | meaning | 98% |  |" in told
    assert EXAM not in told, "a card that holds the test is a leak itself"
    assert "compared by meaning" in told


async def test_an_item_with_a_word_changed_is_read_wherever_its_vector_is(tmp_path: Path) -> None:
    changed, other = EXAM.replace("meadow", "hill"), EXAM.replace("meadow", "deck")
    reader = near()
    reader.degrees = {**reader.degrees, changed: 200, other: 200}
    reader.votes[EXAM, changed] = "<verdict>1</verdict>"
    async with open_context(looked_at(tmp_path), {"local": reader}) as work:
        await graded(work, [changed, other], solution=AFAR)
        await Screen(work).advance(2)
        assert outcomes(work) == ["contaminated", ""]
        assert await said(work) == [("problem", "exam.jsonl:1", "one word changed", 0.93)]
    assert {text for _, text in reader.read} == {changed, other}


async def test_a_solution_that_gives_an_item_away_is_kept_out(tmp_path: Path) -> None:
    async with open_context(looked_at(tmp_path), {"local": near()}) as work:
        await graded(work, [AFAR], solution=SAME)
        await Screen(work).advance(1)
        assert outcomes(work) == ["contaminated solution"]


async def test_what_the_verifier_has_said_is_not_asked_again(tmp_path: Path) -> None:
    settings, first, second = looked_at(tmp_path), near(funds=1), near()
    async with open_context(settings, {"local": first}) as work:
        await graded(work, [SAME, TOPIC, AFAR], solution=AFAR)
        assert await Screen(work).advance(3) == 0
        assert outcomes(work) == [], "at the end of the budget nothing is decided"
    async with open_context(settings, {"local": second}) as work:
        await Screen(work).advance(3)
        assert outcomes(work) == ["contaminated", "", ""]
    assert set(first.read) & set(second.read) == set()
    assert second.embedded == [], "nor is a text embedded again"


async def test_seeds_are_looked_at_too(tmp_path: Path) -> None:
    rows = [{"problem": problem, "solution": AFAR} for problem in (SAME, TOPIC, VAGUE)]
    (tmp_path / "seeds.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    async with open_context(looked_at(tmp_path), {"local": near()}) as work:
        for _ in range(2):
            counts = await plain(ingest)()
            assert counts["rejected"] == 2
        assert work.store.rows("SELECT problem FROM current_seeds") == [(TOPIC,)]
        found = {(row.reason, row.detail) for row in work.store.select(Reject, "stage = 'ingest'")}
        assert await said(work) == [("seed problem", "exam.jsonl:1", "meaning", 0.98)]
    assert found == {
        ("contaminated", f"seeds.jsonl:1: seed problem: exam.jsonl:1: meaning: {EXAM}"),
        ("contamination unjudged", f"seeds.jsonl:3: seed problem: exam.jsonl:1: meaning: {EXAM}"),
    }


async def test_a_text_without_a_vector_is_not_cleared(tmp_path: Path) -> None:
    long = "x" * (HEAD + 1)
    reader = near(unfit={long[:HEAD]: REFUSED})
    async with open_context(looked_at(tmp_path), {"local": reader}) as work:
        await graded(work, [long, AFAR], solution=AFAR)
        await Screen(work).advance(2)
        assert outcomes(work) == ["contamination unjudged", ""]


async def test_an_item_that_has_no_vector_is_told_of_and_stops_nobody(tmp_path: Path) -> None:
    exam = {**benchmark(tmp_path, {"question": EXAM}), "columns": {"problem": "question"}}
    settings = settings_for(tmp_path, benchmarks=[exam], screen={"second_look": 0.8}, **EMBEDDER)
    async with open_context(settings, {"local": near(unfit={EXAM: REFUSED})}) as work:
        await graded(work, [AFAR], solution=AFAR)
        await Screen(work).advance(1)
        assert outcomes(work) == [""]
        assert work.store.rows("SELECT reason, detail FROM rejects WHERE stage = 'connect'") == [
            ("not embedded", f"{EXAM}: refused request: no")
        ]


@pytest.mark.parametrize("name", ["semantic", "second_look"])
def test_meanings_need_an_embedder(name: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=f"screen.{name} compares vectors: name an embedder"):
        settings_for(tmp_path, screen={name: 0.9})


TEXTS = {
    "other words around the same numbers": (
        "The number $x$ that Ngozi looks for satisfies $\\log_{5} (x - 17) = 2$. Find $x$.",
        "A cousin in Hobart set this puzzle. The number $x$ that Ana looks for satisfies $\\log_{5} (x - 17) = 2$. "
        "Find $x$.",
        1,
    ),
    "other numbers": (
        "The number $x$ that Ngozi looks for satisfies $\\log_{5} (x - 17) = 2$. Find $x$.",
        "The number $x$ that Ngozi looks for satisfies $\\log_{5} (x - 18) = 2$. Find $x$.",
        0,
    ),
    "texts of others, alike": ("What is 2 + 2?", "what is 2 + 2", 1),
    "texts of others": ("What is 2 + 2?", "What is 2 + 3?", 0),
}


@pytest.mark.parametrize(("item", "text", "vote"), TEXTS.values(), ids=TEXTS)
def test_the_truth_of_the_sandbox_knows_an_item_again(item: str, text: str, vote: int) -> None:
    messages = Library()["contamination"].render(item=item, text=text)
    asked = "\n".join(message["content"] for message in messages)
    assert truth(ask_of("sandbox-truth", asked, 1, 0), ErrorRates()) == f"<verdict>{vote}</verdict>"
