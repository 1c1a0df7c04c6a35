"""The layouts of the dataset's files: one function and one registry line each.

JSONL files are made of a published pair each; tables are queries on the pairs. What goes to a verifier holds verifiable
answers alone: a proof or an open answer has nothing that a program could compare.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from tasks.settings.sections import Format


class PublishedPair(NamedTuple):
    """What a row of a JSONL file is made of: a problem with a solution."""

    id: str
    problem: str
    solution: str
    answer: str | None
    """None for a proof."""
    answer_type: str
    verifiable: bool
    relation: str
    points: list[str]
    difficulty: str | None
    chosen: bool
    """False for a further solution of the same problem."""
    columns: Mapping[str, Any]
    """All of it, by column of the dataset."""


def messages(pair: PublishedPair) -> dict[str, Any]:
    """Chat turns, as most trainers take them."""
    turns = [{"role": "user", "content": pair.problem}, {"role": "assistant", "content": pair.solution}]
    return {"id": pair.id, "messages": turns, "answer": pair.answer}


def alpaca(pair: PublishedPair) -> dict[str, Any]:
    """Stanford Alpaca's three fields."""
    return {
        "id": pair.id,
        "instruction": pair.problem,
        "input": "",
        "output": pair.solution,
        "answer": pair.answer,
    }


def sharegpt(pair: PublishedPair) -> dict[str, Any]:
    """ShareGPT's conversations."""
    turns = [{"from": "human", "value": pair.problem}, {"from": "gpt", "value": pair.solution}]
    return {"id": pair.id, "conversations": turns, "answer": pair.answer}


def trl(pair: PublishedPair) -> dict[str, Any]:
    """Prompt and completion in turns, as TRL's trainer for fine-tuning takes them."""
    prompt, completion = messages(pair)["messages"]
    return {"id": pair.id, "prompt": [prompt], "completion": [completion]}


def grpo(pair: PublishedPair) -> dict[str, Any] | None:
    """A prompt, and the answer that a reward function compares with."""
    if not (pair.verifiable and pair.chosen):
        return None
    prompt = [{"role": "user", "content": pair.problem}]
    return {"id": pair.id, "prompt": prompt, "answer": pair.columns["ground_truth"]}


def verifiers(pair: PublishedPair) -> dict[str, Any] | None:
    """What environments of verifiers read: prompt, answer, and whatever else is known of it."""
    row = grpo(pair)
    info = {"answer_type": pair.answer_type, "relation": pair.relation, "points": pair.points}
    return row and {**row, "info": {**info, "difficulty": pair.difficulty}}


LineMaker = Callable[[PublishedPair], dict[str, Any] | None]
"""It gives None for a pair that has no place in its file."""

FORMATS: dict[Format, LineMaker] = {
    "messages": messages,
    "alpaca": alpaca,
    "sharegpt": sharegpt,
    "trl": trl,
    "grpo": grpo,
    "verifiers": verifiers,
}
CHAT = """[{{'role': 'user', 'content': problem}}, {{'role': 'assistant', 'content': solution}}]"""

TABLES: dict[Format, str] = {
    "messages": f"SELECT id, {CHAT} AS messages, answer FROM rows",
    "verl": """
        SELECT 'gsdp' AS data_source, [{{'role': 'user', 'content': problem}}] AS prompt, 'math' AS ability,
            {{'style': 'rule', 'ground_truth': ground_truth}} AS reward_model,
            {{'split': split, 'index': {before} + row_number() OVER () - 1, 'id': id, 'answer_type': answer_type,
                'question': problem}} AS extra_info
        FROM rows WHERE verifiable AND chosen""",
}
"""Formats that are written as Parquet: a query on `rows`, the pairs of a split; `before` rows stand in former files."""

LLAMA_FACTORY: dict[Format, dict[str, Any]] = {
    "messages": {
        "formatting": "sharegpt",
        "columns": {"messages": "messages"},
        "tags": {"role_tag": "role", "content_tag": "content", "user_tag": "user", "assistant_tag": "assistant"},
    },
    "alpaca": {"columns": {"prompt": "instruction", "query": "input", "response": "output"}},
    "sharegpt": {"formatting": "sharegpt", "columns": {"messages": "conversations"}},
}
"""How LLaMA-Factory's `dataset_info.json` describes a file of ours."""
