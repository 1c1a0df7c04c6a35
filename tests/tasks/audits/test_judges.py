"""The audit of the judges: how right each is about labelled items, and the weights that follow."""

from __future__ import annotations

import json
import tomllib
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from deployments.sandbox.answers import last_box
from deployments.sandbox.dice import Dice
from deployments.sandbox.problems import compose, read
from deployments.sandbox.vocabulary import POINTS
from flows.commands.audit_judges import judge_lines, print_judges
from flows.commands.settings_file import make_settings
from graph.errors import EndpointDown, GsdpError, UsageError
from graph.evaluations import Trial
from tasks.audits.judges import Calibrated, JudgeTally, calibrate, proposed, read_labelled
from tasks.endpoint.replies import ChatRequest, Reply
from tasks.settings.sections import Role
from tests.support.contexts import open_context, settings_for
from tests.support.rehearsal import number, write_toml
from tests.support.scripted_curator import reply

REVIEWED, GRADED = 60, 60


def labelled(folder: Path, rows: Sequence[Mapping[str, Any]]) -> Path:
    path = folder / "labelled.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def rehearsed() -> list[dict[str, str]]:
    """Problems of the sandbox, half of them flawed, and solutions of sound ones, half of them wrong."""
    rows = []
    for place in range(REVIEWED):
        dice = Dice("labelled", place)
        rows.append({"problem": compose([dice.pick(POINTS).name], dice, 1.0 if place % 2 else 0.0)})
        rows[-1]["label"] = "bad" if place % 2 else "good"
    for place in range(GRADED):
        dice = Dice("graded", place)
        problem = compose([dice.pick(POINTS).name], dice, 0.0)
        reading = read(problem)
        assert reading
        assert reading.truth
        answer = "\\text{none}" if place % 2 else reading.truth.text
        solution = f"It is $\\boxed{{{answer}}}$."
        assert last_box(solution) == answer
        rows.append({"problem": problem, "solution": solution, "label": "bad" if place % 2 else "good"})
    return rows


def test_a_rehearsed_panel_is_seen_through(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content = {
        "workspace": str(tmp_path / "work"),
        "sandbox": ["--noisy-judges=0.15", "--yes-judge=2"],
        "seeds": [{"path": str(tmp_path / "seeds.jsonl")}],
        "endpoints": {"local": {"base_url": "sandbox"}},
    }
    settings = write_toml(tmp_path / "settings.toml", content)
    print_judges(settings, labelled(tmp_path, rehearsed()))
    lines = capsys.readouterr().out.splitlines()
    rows = [line.split() for line in lines if line.startswith("sandbox-judge")]
    assert [row[0] for row in rows] == ["sandbox-judge-1", "sandbox-judge-2", "sandbox-judge-3"] * 2
    for row in rows:
        accuracy, false_accepts = (float(cell.rstrip("%")) for cell in (row[2], row[8]))
        if row[0] == "sandbox-judge-2":
            assert (accuracy, false_accepts) == (50.0, 100.0), "it says yes to everything"
        else:
            assert 70 < accuracy < 98, "it errs in 15 of 100"
    snippet = "\n".join(lines[lines.index("[roles]   # of the settings, in place of the judges there") :])
    found = make_settings(content | tomllib.loads(snippet)).roles.judges
    assert [judge.model for judge in found] == ["sandbox-judge-1", "sandbox-judge-3"]
    assert max(judge.weight for judge in found) == 1
    assert lines[-1].startswith("# This is a rehearsal")
    assert number(tmp_path / "work", "SELECT count(*) FROM calls WHERE stage = 'audit'") == 3 * (REVIEWED + GRADED)


class Words:
    """Judges that answer from a table, in this process; `left` answers until the endpoint is down."""

    def __init__(self, said: Mapping[tuple[str, str], str], left: int = 1000) -> None:
        self.said = said
        self.left = left
        self.asked: list[tuple[str, str]] = []

    async def complete(self, request: ChatRequest) -> Reply:
        if not self.left:
            raise EndpointDown("down")
        self.left -= 1
        text = request.messages[-1]["content"]
        subject = next(name for model, name in self.said if f"\n{name}\n" in text)
        self.asked.append((str(request.model), subject))
        return reply(self.said[str(request.model), subject])


def vote(digit: int) -> str:
    return f"<verdict>{digit}</verdict>"


SOLUTIONS = {"s1": "good", "s2": "good", "s3": "bad", "s4": "bad"}
VOTES = {"a": "1100", "b": "1110", "c": "?011"}
"""What each judge says of each solution; ? is nothing that could be understood."""
SAID = {
    (judge, solution): "I would rather not say." if said == "?" else vote(int(said))
    for judge, votes in VOTES.items()
    for solution, said in zip(SOLUTIONS, votes, strict=True)
}
ROWS = [{"problem": "p", "solution": solution, "label": label} for solution, label in SOLUTIONS.items()]


def panel(folder: Path) -> Any:
    judges = [{"endpoint": "local", "model": name} for name in VOTES]
    return settings_for(folder, roles={"judges": judges}, samples_per_item=2)


async def calibrated(folder: Path, words: Words) -> tuple[Calibrated, list[Trial]]:
    async with open_context(panel(folder), {"local": words}) as work:
        rows = read_labelled(work.store, labelled(folder, ROWS))
        return await calibrate(work, rows), work.store.select(Trial)


async def test_judges_are_counted_against_the_labels(tmp_path: Path) -> None:
    words = Words(SAID)
    found, trials = await calibrated(tmp_path, words)
    (task,) = found.tasks
    assert (task.task, task.items, len(trials)) == ("grade", 4, 12)
    assert [(row.judge, row.tally, row.unjudged) for row in task.judges] == [
        ("a", JudgeTally(2, 0, 2, 0), 0),
        ("b", JudgeTally(2, 0, 1, 1), 0),
        ("c", JudgeTally(0, 1, 0, 2), 1),
    ]
    assert Counter(words.asked)["c", "s1"] == 2, "asked once more, then left out"
    assert [row.bias and round(row.bias, 3) for row in task.judges] == [-0.25, 0.125, 0.167]
    assert task.alpha is not None
    assert task.panel == JudgeTally(2, 0, 1, 1), "two of three say that s3 is right"
    assert found.weights[0] == 1
    assert found.weights[0] > found.weights[1] > found.weights[2] == 0
    assert task.weighted == JudgeTally(2, 0, 2, 0), "the best judge outweighs the others"


async def test_an_interrupted_audit_goes_on_where_it_stopped(tmp_path: Path) -> None:
    with pytest.raises(GsdpError):
        await calibrated(tmp_path, Words(SAID, left=5))
    paid = number(tmp_path / "work", "SELECT count(*) FROM trials")
    assert paid > 0
    words = Words(SAID)
    first, _ = await calibrated(tmp_path, words)
    assert len(words.asked) == len(SAID) + 1 - paid, "one answer could not be understood and was asked for again"
    idle = Words(SAID, left=0)
    assert (await calibrated(tmp_path, idle))[0] == first
    assert idle.asked == []


BROKEN = [
    ([{"problem": "p", "label": "fine"}], r"labelled.jsonl:1 needs a problem, and good or bad as its label", "label"),
    ([{"problem": "", "label": "good"}], r"labelled.jsonl:1 needs a problem", "problem"),
    ([{"problem": "p", "label": "good"}, {"problem": "q", "label": "Good"}], "items of one label alone", "one label"),
    ([{"text": "p", "label": "good"}], "has no column 'problem'", "column"),
]


@pytest.mark.parametrize(("rows", "says", "why"), BROKEN, ids=[row[2] for row in BROKEN])
async def test_a_file_that_is_not_labelled_is_one_sentence(
    rows: list[dict[str, str]], says: str, why: str, tmp_path: Path
) -> None:
    async with open_context(panel(tmp_path)) as work:
        with pytest.raises(UsageError, match=says):
            read_labelled(work.store, labelled(tmp_path, rows))


def test_weights_stand_in_proportion() -> None:
    assert proposed([2.0, 1.0, 0.5]) == [1.0, 0.5, 0.25]
    assert proposed([2.0, 0.0, -1.0]) == [1.0, 0.0, 0.0]
    assert proposed([0.0, -1.0]) == [0.0, 0.0]
    assert list(judge_lines((Role(endpoint="a"),), [0.0])) == [
        "# No judge knows better than chance: there are no weights to propose."
    ]


def test_the_snippet_keeps_what_the_judges_had() -> None:
    judges = (
        Role(endpoint=("a", "b"), temperature=0.5, extra_body={"top k": {"deep": [1, True]}, "stop": 'a "quoted" \\n'}),
        Role(endpoint="c", model="模型", weight=3.0),
    )
    told = tomllib.loads("\n".join(judge_lines(judges, [0.25, 1.0])))["roles"]["judges"]
    assert [Role.model_validate(judge) for judge in told] == [
        judges[0].model_copy(update={"weight": 0.25}),
        judges[1].model_copy(update={"weight": 1.0}),
    ]
