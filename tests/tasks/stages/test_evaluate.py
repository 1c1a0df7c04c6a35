"""Models answer benchmark items once: what is right, what is asked again and what never, and what a row must hold."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from flows.evaluate import first_of_each
from graph.errors import SeedError
from graph.evaluations import Attempt, BenchmarkItem, Mark
from graph.ledger import Call
from tasks.context.run_context import RunContext
from tasks.endpoint.faults import Failure
from tasks.endpoint.replies import ChatRequest, Reply
from tasks.reports.scores import WHOLE, scores
from tasks.stages.evaluate import chosen, evaluate, mark_again, open_items, read_items
from tests.support.contexts import open_context, plain, settings_for
from tests.support.scripted_curator import reply


class Pupil:
    """Answers from a table of problem -> texts, one a question, the last one for ever; keeps what it was asked."""

    def __init__(self, texts: Mapping[str, Sequence[str | Reply]]) -> None:
        self._texts = {problem: list(answers) for problem, answers in texts.items()}
        self.asked: list[ChatRequest] = []
        self.vain: Sequence[UUID] = ()

    async def complete(self, request: ChatRequest) -> Reply:
        self.asked.append(request)
        content = request.messages[-1]["content"]
        answers = next(answers for problem, answers in self._texts.items() if f"Problem:\n{problem}\n" in content)
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        return answer if isinstance(answer, Reply) else reply(answer)


GONE = replace(reply(""), failure=Failure("server_error", "gave up after 3 attempts: HTTP 500", gave_up=True))
CUT = replace(reply("so \\boxed{2"), failure=Failure("truncated", "truncated"))


def evaluation(folder: Path, rows: Sequence[Mapping[str, Any]], samples: int = 1, **file: Any) -> Any:
    """Settings that evaluate one model on these rows."""
    (folder / "items.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    columns = {"answer": "answer"} | file.pop("columns", {})
    benchmarks = [{"path": folder / "items.jsonl", "columns": columns, **file}]
    return settings_for(folder, seeds=[], benchmarks=benchmarks, evaluate={"models": ["local"], "samples": samples})


async def answered(work: RunContext) -> list[BenchmarkItem]:
    """Let the models of a run context answer whatever is open."""
    items = await read_items(work)
    for who in work.roles.examinees:
        pending = await open_items(work, who, items)
        await plain(evaluate)(0, who.name, [str(item.id) for item in pending])
    await mark_again(work, items)
    return items


@pytest.mark.parametrize(
    ("answer", "expected", "why"),
    [
        ("B", "B", "its letter"),
        ("(B)", "B", "in brackets"),
        ("\\text{B}", "B", "in LaTeX"),
        ("two", "B", "its text"),
        ("1", "B", "its number from 0, as MMLU has it"),
        ("C", None, "there is no third"),
        ("2", None, "nor by number"),
        ("three", None, "some other text"),
    ],
)
def test_the_letter_of_an_option(answer: str, expected: str | None, why: str) -> None:
    assert chosen(answer, ["one", "two"]) == expected, why


@pytest.mark.parametrize(
    ("row", "file", "expected"),
    [
        ({"problem": "p", "answer": "7"}, {}, "7"),
        ({"problem": "p", "answer": 7}, {}, "7"),
        ({"problem": "p", "answer": None, "solution": "so $\\boxed{8}$"}, {}, "8"),
        ({"problem": "p", "answer": "", "solution": "so\n#### 9"}, {}, "9"),
        ({"problem": "p", "answer": "", "solution": "so -> 9"}, {"answer_after": "->"}, "9"),
        ({"problem": "p", "answer": 1, "options": ["x", "y"]}, {"choices": "options"}, "B"),
        (
            {"problem": "p", "answer": "y", "options": {"label": ["1", "2"], "text": ["x", "y"]}},
            {"choices": "options"},
            "B",
        ),
    ],
)
async def test_where_the_answer_of_an_item_stands(
    row: dict[str, Any], file: dict[str, Any], expected: str, tmp_path: Path
) -> None:
    async with open_context(evaluation(tmp_path, [row], **file)) as work:
        assert [item.answer for item in await read_items(work)] == [expected]


@pytest.mark.parametrize(
    ("row", "file", "says"),
    [
        ({"problem": "p", "answer": None}, {}, "No item of .* has an answer"),
        ({"problem": "p", "answer": "z", "options": ["x", "y"]}, {"choices": "options"}, ":1: the answer 'z' is no"),
        ({"problem": "p", "answer": "1"}, {"level": "grade"}, "no column 'grade' for the level"),
    ],
)
async def test_a_file_that_cannot_be_evaluated_on_is_named(
    row: dict[str, Any], file: dict[str, Any], says: str, tmp_path: Path
) -> None:
    async with open_context(evaluation(tmp_path, [row], **file)) as work:
        with pytest.raises(SeedError, match=says):
            await read_items(work)


async def test_answers_are_marked_and_counted(tmp_path: Path) -> None:
    rows = [
        {"problem": "half", "answer": "1/2", "level": 1},
        {"problem": "seven", "answer": "7", "level": 1},
        {"problem": "silent", "answer": "1", "level": 2},
        {"problem": "wrong", "answer": "5", "level": 2},
    ]
    pupil = Pupil(
        {
            "half": ["\\boxed{0.5}", "\\boxed{\\frac12}"],
            "seven": ["\\boxed{7}", "\\boxed{8}"],
            "silent": ["I do not know."],
            "wrong": ["\\boxed{4}"],
        }
    )
    async with open_context(evaluation(tmp_path, rows, samples=2, level="level"), {"local": pupil}) as work:
        found = await scores(work, await answered(work))
    whole = next(row for row in found.rows if row.part == WHOLE)
    assert (whole.average.value, whole.average.items, whole.silent, found.open) == (3 / 8, 4, 2 / 8, 0)
    assert whole.passes[2].value == 2 / 4
    assert whole.majority.value == 2 / 4
    assert whole.reference is not None
    assert (whole.reference.value, whole.agreed) == (3 / 8, 1.0)
    assert {row.part: row.average.value for row in found.rows[1:]} == {"level 1": 3 / 4, "level 2": 0.0}


async def test_a_cut_answer_is_a_wrong_one_and_is_not_asked_for_again(tmp_path: Path) -> None:
    pupil = Pupil({"two": [CUT, "\\boxed{2}"]})
    settings = evaluation(tmp_path, [{"problem": "two", "answer": "2"}])
    for _ in range(2):
        async with open_context(settings, {"local": pupil}) as work:
            found = await scores(work, await answered(work))
            attempts = work.store.select(Attempt)
    assert [(row.answer, row.fault) for row in attempts] == [(None, "truncated")]
    assert len(pupil.asked) == 1
    assert (found.rows[0].average.value, found.rows[0].silent) == (0.0, 1.0)


async def test_where_the_server_gave_up_the_next_run_asks_again_in_the_same_way(tmp_path: Path) -> None:
    pupil = Pupil({"two": [GONE, "I do not know."]})
    settings = evaluation(tmp_path, [{"problem": "two", "answer": "2"}])
    opened = []
    for _ in range(2):
        async with open_context(settings, {"local": pupil}) as work:
            opened.append((await scores(work, await answered(work))).open)
            calls = work.store.select(Call)
    assert opened == [1, 0]
    assert len(calls) == len({call.id for call in calls}) == 2
    assert [request.temperature for request in pupil.asked] == [0.0, 0.0]
    assert pupil.asked[0].seed != pupil.asked[1].seed


async def test_a_mended_answer_is_marked_again_and_nothing_is_asked(tmp_path: Path) -> None:
    pupil = Pupil({"two": ["\\boxed{B}"]})
    right = []
    for answer in ("A", "B"):
        rows = [{"problem": "two", "answer": answer, "options": ["1", "2"]}]
        settings = evaluation(tmp_path, rows, choices="options")
        async with open_context(settings, {"local": pupil}, accept_changes=True) as work:
            found = await scores(work, await answered(work))
            right.append((found.rows[0].average.value, [mark.outcome for mark in work.store.select(Mark)]))
    assert right == [(0.0, ["different"]), (1.0, ["same"])]
    assert len(pupil.asked) == 1


async def test_more_samples_ask_only_for_those_that_are_missing(tmp_path: Path) -> None:
    pupil = Pupil({"two": ["I do not know."]})
    for samples in (2, 5):
        settings = evaluation(tmp_path, [{"problem": "two", "answer": "2"}], samples)
        async with open_context(settings, {"local": pupil}) as work:
            await answered(work)
    assert len(pupil.asked) == 5
    assert {request.temperature for request in pupil.asked} == {0.7}


async def test_options_are_shown_with_letters_and_a_letter_is_right(tmp_path: Path) -> None:
    pupil = Pupil({"which": ["It is \\boxed{\\text{B}}."]})
    rows = [{"problem": "which", "answer": 1, "options": ["$1$", "$2$"]}]
    async with open_context(evaluation(tmp_path, rows, choices="options"), {"local": pupil}) as work:
        found = await scores(work, await answered(work))
    assert "(A) $1$\n(B) $2$\n" in pupil.asked[0].messages[-1]["content"]
    assert found.rows[0].average.value == 1.0
    assert found.rows[0].reference is None, "math-verify is not asked about letters"


async def test_a_quote_asks_the_first_items_of_each_benchmark(tmp_path: Path) -> None:
    rows = [{"problem": f"p{number}", "answer": "1"} for number in range(9)]
    async with open_context(evaluation(tmp_path, rows)) as work:
        items = await read_items(work)
    assert [item.problem for item in first_of_each(items, 4)] == ["p0", "p1", "p2", "p3"]
