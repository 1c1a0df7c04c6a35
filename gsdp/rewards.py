"""Rewards made of the verifier: 1 where the answer is the gold answer, 0 where it is another one.

Neither TRL nor verl is imported: these are functions in the shape that they call.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gsdp.verification import Answer, verify, verify_batch

Completion = str | Sequence[Mapping[str, Any]]
"""What a model wrote: its text, or its messages."""


def trl_reward(
    completions: Sequence[Completion],
    answer: Sequence[Answer] | None = None,
    solution: Sequence[Answer] | None = None,
    prompts: Sequence[Completion] | None = None,
    **columns: Any,
) -> list[float | None]:
    """A reward function for TRL: `GRPOTrainer(..., reward_funcs=trl_reward)`.

    The gold answers are the dataset's column `answer`, or `solution` where there is none; the prompts tell whether a
    percentage is asked for. An unknown verdict gives None, which TRL takes as "no reward for this sample": it is not
    counted as wrong.
    """
    golds = answer if answer is not None else solution
    if golds is None:
        raise ValueError("trl_reward needs the gold answers: give the dataset a column answer or solution.")
    questions = [_text(prompt, "user") for prompt in prompts] if prompts is not None else None
    verdicts = verify_batch(golds, [_text(completion, "assistant") for completion in completions], questions)
    return [None if verdict.outcome == "unknown" else float(verdict.same) for verdict in verdicts]


def verl_reward(
    data_source: str, solution_str: str, ground_truth: Answer, extra_info: Mapping[str, Any] | None = None, **more: Any
) -> float:
    """A reward function for verl: `custom_reward_function.name=verl_reward`, its path being that of this file.

    `extra_info["question"]` is used where it is there. verl wants a number for every sample, so an unknown verdict
    gives 0; to leave such samples out, ask `verify` beforehand.
    """
    question = (extra_info or {}).get("question")
    return float(verify(ground_truth, solution_str, question if isinstance(question, str) else None).same)


def _text(written: Completion, role: str) -> str:
    """The text, or that of the last message of a role."""
    if isinstance(written, str):
        return written
    said = [str(message.get("content") or "") for message in written if message.get("role", role) == role]
    return said[-1] if said else ""
