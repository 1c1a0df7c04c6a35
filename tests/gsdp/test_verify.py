"""The verifier by itself: what it says, from where it can be called, what it loads, and the rewards made of it."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from gsdp import (
    Outcome,
    Policy,
    Verdict,
    Verifier,
    averify,
    averify_batch,
    trl_reward,
    verify,
    verify_batch,
    verl_reward,
)
from gsdp.rewards import Completion

ROOT = Path(__file__).parents[2]

ROWS: list[tuple[str | int | float, str | int | float, str | None, Outcome, str]] = [
    ("1/2", r"so it is \boxed{0.5}", None, "same", "a whole solution"),
    ("#### 18", "She pays $18.\n#### 18", None, "same", "two whole solutions"),
    (18, "18", None, "same", "a number"),
    (0.5, r"\frac12", None, "same", "a number with decimals"),
    ("3", r"3 \text{ million}", None, "different", "a scale word"),
    ("12 students", "12 people", None, "unknown", "two counted things"),
    (r"25\%", "25", None, "different", "percent is a hundredth"),
    (r"25\%", "25", "What percent of 8 is 2?", "same", "the question wants percent"),
    ("25, 50", r"25\%, 50\%", "What percentage of each is red?", "same", "in a list as well"),
    ("12", "12 zorgs", None, "unknown", "an unknown word"),
    ("12", "12 zorgs", "How many zorgs are left?", "same", "the question knows the word"),
    ("12", "12 million zorgs", "How many zorgs are left?", "different", "a scale word stays one"),
    (r"\sin 2x", r"2\sin x\cos x", None, "same", "algebra"),
    ("(10^9)!", "(10^9+1)!", None, "unknown", "too large"),
]


@pytest.mark.parametrize(("gold", "prediction", "question", "expected", "why"), ROWS, ids=[row[-1] for row in ROWS])
def test_a_verdict_does_not_depend_on_the_direction(
    gold: str | int | float, prediction: str | int | float, question: str | None, expected: Outcome, why: str
) -> None:
    assert verify(gold, prediction, question).outcome == expected, why
    assert verify(prediction, gold, question).outcome == expected, why


def test_only_the_same_is_the_same() -> None:
    assert verify("1/2", "0.5").same
    assert not verify("1/2", "0.3").same
    assert not verify("12 students", "12 people").same


def test_no_answer_is_no_wrong_answer() -> None:
    assert verify("5", None) == Verdict("unknown", "missing")
    assert verify_batch(["5", None, "7"], ["5.0", "6", "8"]) == [
        Verdict("same", "number"),
        Verdict("unknown", "missing"),
        Verdict("different", "number"),
    ]


def test_a_batch_is_its_rows_in_order() -> None:
    golds, predictions, questions, expected, _ = (list(column) for column in zip(*ROWS, strict=True))
    found = verify_batch(golds, predictions, questions)
    assert [verdict.outcome for verdict in found] == expected
    with pytest.raises(ValueError, match="argument 2 is"):
        verify_batch(["1", "2"], ["1"])


async def test_it_is_called_from_a_loop_awaited_and_not() -> None:
    assert (await averify("x+1", "1+x")).same
    assert [verdict.same for verdict in await averify_batch(["1", r"e^{i\pi}"], ["2", "-1"])] == [False, True]
    assert verify(r"e^{i\pi}", "-1").same  # needs a worker, while this loop runs
    together = await asyncio.gather(*(averify(r"\sin 2x", rf"{n}\sin x\cos x") for n in range(1, 5)))
    assert [verdict.same for verdict in together] == [False, True, False, False]


def test_a_policy_decides() -> None:
    assert verify("100", "100.5", policy=Policy(tolerance=0.01)).same
    assert not verify("5 cm", "5", policy=Policy(units="required")).same
    assert verify(r"25\%", "25", policy=Policy(percent="ignored")).same
    with pytest.raises(ValueError, match="tolerance"):
        Policy(tolerance=2)


def test_a_verifier_can_be_closed_and_used_again() -> None:
    with Verifier() as verifier:
        assert verifier.verify(r"e^{i\pi}", "-1").same
        verifier.close()
        assert verifier.verify(r"\sin 2x", r"2\sin x\cos x").same


def test_what_runs_too_long_is_given_up_and_the_next_one_is_answered() -> None:
    with Verifier(timeout=0.05) as verifier:
        assert verifier.verify(r"\int_0^1 x^x dx", r"\int_0^1 x^{x+1} dx").outcome == "unknown"
        assert verifier.verify("1", "1.0").same


def test_a_plain_script_needs_no_guard_around_its_calls(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text('from gsdp import verify\nprint(verify(r"e^{i\\pi}", "-1").outcome)\n')
    ended = subprocess.run(
        [sys.executable, "-W", "error", str(script)],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.stdout, ended.stderr) == ("same\n", "")


def test_importing_it_loads_neither_the_pipeline_nor_algebra() -> None:
    heavy = {"prefect", "duckdb", "openai", "pydantic", "numpy", "sympy", "math_verify", "pebble", "flows", "asyncio"}
    script = f"import sys; from gsdp import verify; print(sorted({heavy!r} & set(sys.modules)), len(sys.modules))"
    ended = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded, count = ended.stdout.rsplit(" ", 1)
    assert loaded == "[]"
    assert int(count) < 150, "modules in all, Python's own among them: what keeps the import short on any machine"


def test_a_cheap_verdict_starts_no_process_and_no_thread() -> None:
    script = (
        "import sys, threading; from gsdp import verify; assert verify('1/2', '0.5').same; "
        "print(sorted({'sympy', 'duckdb', 'prefect', 'openai'} & set(sys.modules)), threading.active_count())"
    )
    ended = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ended.stdout == "[] 1\n"


def test_the_reward_for_trl() -> None:
    completions: list[Completion] = [r"\boxed{4}", [{"role": "assistant", "content": "The answer is 5."}], "12 people"]
    assert trl_reward(completions, answer=["4", "4", "12 students"], extra=[1, 2, 3]) == [1.0, 0.0, None]
    assert trl_reward([r"\boxed{4}"], solution=[r"Thus \boxed{4}."]) == [1.0]
    prompt = [{"role": "system", "content": "Solve."}, {"role": "user", "content": "What percent of 8 is 2?"}]
    assert trl_reward([r"25\%"], answer=["25"], prompts=[prompt]) == [1.0]
    with pytest.raises(ValueError, match="answer or solution"):
        trl_reward(["4"])


def test_the_reward_for_verl() -> None:
    assert verl_reward("math", r"so \boxed{\frac12}", "0.5") == 1.0
    assert verl_reward("math", r"so \boxed{2}", "0.5") == 0.0
    assert verl_reward("math", "12 people", "12 students") == 0.0
    assert verl_reward("math", "25", r"25\%", {"question": "What percent of 8 is 2?", "index": 3}) == 1.0
