"""evaluate: let models answer benchmark items, and mark what they answer.

Each answer is an attempt of its own, asked for once: an answer that is cut off or states nothing is a wrong one, and
asking again would flatter the model. Where the server gave up, there is no answer yet, and the next run asks again.
Marks rest on the attempt, the right answer and the rule of equivalence: after a change of a file or of the rule,
answers are marked again at no cost. Next to our mark stands math-verify's own on the whole text.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal
from uuid import UUID

from graph.errors import SeedError
from graph.evaluations import Attempt, BenchmarkItem, Examinee, Mark
from graph.records import content_id
from tasks.answers.equivalence import AT_ONCE
from tasks.answers.extraction import final_answer, stated_answer
from tasks.answers.reference import reference
from tasks.context.run_context import RunContext, run_context, together
from tasks.inputs.benchmarks import BenchmarkRow, benchmark_rows, labels, problem_alone
from tasks.inputs.layouts import answer_of, solution_of
from tasks.inputs.multiple_choice import Options, options_in, right_option, right_value
from tasks.inputs.values import NotText, text_at
from tasks.settings.roles import ResolvedRole
from tasks.settings.sections import BenchmarkFile
from tasks.stages.chunk_task import chunk_task
from tasks.store.database import Store

EVALUATE = "evaluate"
CHOICE = "evaluate_choice"
"""The prompt of items with options, whatever the template of the others."""
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
MARKED_AT_ONCE = 500
"""Attempts whose texts are read from the store together."""
_LETTER = re.compile(r"(?:\\text(?:bf)?\s*\{)?\s*\(?\s*([A-Z])\s*\)?\s*[.:]?\s*\}?")


TEXTS = "SELECT id, text FROM calls WHERE id IN (SELECT unnest(?::UUID[]))"
FORGET = "DELETE FROM marks WHERE attempt_id IN (SELECT unnest(?::UUID[]))"
"""An attempt has one mark."""


async def read_items(work: RunContext) -> list[BenchmarkItem]:
    """The items of the settings' benchmarks, which take the places of those in the store.

    Raises SeedError where a file has no item with an answer, or a row's answer is none of its options.
    """
    settings = work.settings
    found: dict[UUID, BenchmarkItem] = {}
    for file, label in zip(settings.benchmarks, labels(settings.benchmarks), strict=True):
        items = [item for item in items_of(work.store, file, label) if item.id not in found][: settings.evaluate.limit]
        if not items:
            raise SeedError(
                f"No item of {file.path} has an answer: name its column as `columns.answer` or, where it stands in the "
                "solution, what is before it as `answer_after`."
            )
        found |= {item.id: item for item in items}
    await work.store.write(*found.values(), statements=[("DELETE FROM benchmark_items", ())])
    return list(found.values())


def items_of(store: Store, file: BenchmarkFile, label: str) -> Iterator[BenchmarkItem]:
    """The items of a file that have an answer. Raises SeedError as `read_items` does."""
    for found in benchmark_rows(store, file, evaluated=True):
        row, columns = found.row, found.file.columns
        if not isinstance(row, dict) or not (problem := problem_alone(row, columns, found.layout)):
            continue  # `read_benchmarks` has refused it
        try:
            options = _options(row, found)
            answer = _answer(row, found, options)
        except NotText as error:
            raise SeedError(f"{file.path}:{found.line}: {error}: mend or remove the row.") from None
        choices = tuple(options.texts) if options else ()
        if answer:
            yield BenchmarkItem(
                id=content_id("item", problem, list(choices)),
                benchmark=label,
                line=found.line,
                problem=problem,
                choices=choices,
                answer=answer,
                level=_text(row, file.level),
                subject=_text(row, file.subject),
            )


def _options(row: Mapping[str, Any], found: BenchmarkRow) -> Options | None:
    """What may be chosen, in the settings' column or by the layout. Raises NotText."""
    if column := found.file.choices:
        return options_in(value) if (value := row.get(column)) not in (None, "", []) else None
    return found.layout.options(row) if found.layout and found.layout.options else None


def _answer(row: Mapping[str, Any], found: BenchmarkRow, options: Options | None) -> str | None:
    """The right answer, of multiple choice its letter. Raises NotText."""
    columns, layout = found.file.columns, found.layout
    if options is None:
        answer = answer_of(row, columns, layout)
    else:
        answer = right_option(text_at(row, columns.answer) if columns.answer else right_value(row), options)
    stated = answer or stated_answer(solution_of(row, columns, layout), found.file.answer_after)
    return right_option(stated, options) if options and stated and not answer else stated


def _text(row: Mapping[str, Any], column: str | None) -> str | None:
    value = row.get(column) if column else None
    return None if value is None else str(value).strip() or None


def chosen(answer: str, choices: Sequence[str]) -> str | None:
    """The letter of an option by its letter, its text, or its number from 0; None where it is none of them."""
    if (found := _LETTER.fullmatch(answer.strip())) and found[1] in LETTERS[: len(choices)]:
        return found[1]
    if answer in choices:
        return LETTERS[choices.index(answer)]
    return LETTERS[int(answer)] if answer.isdecimal() and int(answer) < len(choices) else None


async def name_examinees(work: RunContext) -> None:
    """Write down which models this run evaluates, and by which recipes."""
    used = (CHOICE, work.settings.evaluate.template)
    rows = [
        Examinee(run_id=work.run_id, position=place, name=who.name, model=who.model, prompt=prompt, recipe=recipe)
        for place, who in enumerate(work.roles.examinees)
        for prompt, recipe in who.recipes.items()
        if prompt in used
    ]
    await work.store.write(*rows)


def prompt_for(work: RunContext, item: BenchmarkItem) -> str:
    """The name of the prompt that an item is asked with."""
    return CHOICE if item.choices else work.settings.evaluate.template


def asked_with(item: BenchmarkItem) -> dict[str, object]:
    """What the prompt of an item is filled with."""
    options = {"choices": list(zip(LETTERS, item.choices, strict=False))} if item.choices else {}
    return {"problem": item.problem, **options}


def attempt_id(recipe: UUID, item_id: UUID, sample: int) -> UUID:
    """Id of a model's answer to an item."""
    return content_id("attempt", str(recipe), str(item_id), sample)


async def open_items(work: RunContext, who: ResolvedRole, items: Sequence[BenchmarkItem]) -> list[BenchmarkItem]:
    """The items of which a model still owes an answer."""
    wanted = {each: item for item in items for each in _wanted(work, who, item)}
    there = await work.store.existing(Attempt, wanted)
    still = {wanted[each].id for each in wanted.keys() - there}
    return [item for item in items if item.id in still]


def _wanted(work: RunContext, who: ResolvedRole, item: BenchmarkItem) -> list[UUID]:
    recipe = who.recipes[prompt_for(work, item)]
    return [attempt_id(recipe, item.id, sample) for sample in range(work.settings.evaluate.samples)]


@chunk_task("evaluate", "evaluate-{name}-{number:04d}")
async def evaluate(number: int, name: str, item_ids: Sequence[str]) -> int:
    """Let a model answer some items, and mark its answers; how many it gave."""
    work = run_context()
    who = next(each for each in work.roles.examinees if each.name == name)
    items = await work.store.of(BenchmarkItem, {UUID(text) for text in item_ids})
    wanted = {each: (item, sample) for item in items for sample, each in enumerate(_wanted(work, who, item))}
    there = await work.store.existing(Attempt, wanted)
    asked = [_attempt(work, who, *wanted[each]) for each in wanted if each not in there]
    return sum(await together(asked))


async def _attempt(work: RunContext, who: ResolvedRole, item: BenchmarkItem, sample: int) -> bool:
    prompt = prompt_for(work, item)
    recipe = who.recipes[prompt]
    subject = attempt_id(recipe, item.id, sample)
    answer = await work.ask(EVALUATE, who, work.library[prompt], asked_with(item), subject, str, tries=1)
    if answer.failure and answer.failure.gave_up:
        await work.store.write(answer.call)
        work.lost.add(answer.call.id)
        work.counts.rejected[EVALUATE, answer.failure.group] += 1
        return False
    text = answer.value or ""
    attempt = Attempt(
        id=subject,
        recipe=recipe,
        item_id=item.id,
        sample=sample,
        answer=final_answer(text),
        fault=answer.failure.group if answer.failure else None,
        call_id=answer.call.id,
    )
    # What was paid for is safe before anybody thinks about it: a mark may take a worker's seconds.
    await work.store.write(answer.call, attempt)
    await work.store.write(await _mark(work, item, attempt, text))
    work.counts.note(EVALUATE, done=1)
    return True


async def mark_again(work: RunContext, items: Sequence[BenchmarkItem]) -> int:
    """Mark the attempts that have no mark by the present answers and rule; how many these were."""
    by_id = {item.id: item for item in items}
    attempts = [row for row in work.store.select(Attempt) if row.item_id in by_id]
    marks = {_mark_id(work, by_id[row.item_id], row.id): row for row in attempts}
    there = await work.store.existing(Mark, marks)
    pending = [row for each, row in marks.items() if each not in there]
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(attempt: Attempt, text: str) -> Mark:
        async with gate:
            return await _mark(work, by_id[attempt.item_id], attempt, text)

    for start in range(0, len(pending), MARKED_AT_ONCE):
        block = pending[start : start + MARKED_AT_ONCE]
        texts = dict(await work.store.fetch(TEXTS, [[row.call_id for row in block]]))
        made = [one(row, texts.get(row.call_id) or f"\\boxed{{{row.answer or ''}}}") for row in block]
        await work.store.write(*await asyncio.gather(*made), statements=[(FORGET, [[row.id for row in block]])])
    return len(pending)


async def _mark(work: RunContext, item: BenchmarkItem, attempt: Attempt, text: str) -> Mark:
    by_reference = (
        None if item.choices or attempt.answer is None else await reference(work.equivalence, item.answer, text)
    )
    return Mark(
        id=_mark_id(work, item, attempt.id),
        attempt_id=attempt.id,
        outcome=await outcome(work, item, attempt.answer),
        reference=by_reference,
    )


async def outcome(
    work: RunContext, item: BenchmarkItem, answer: str | None
) -> Literal["same", "different", "unknown", "none"]:
    """Whether an answer is an item's: same, different, unknown, or none where there is no answer."""
    if answer is None:
        return "none"
    if item.choices:
        return "same" if chosen(answer, item.choices) == item.answer else "different"
    return (await work.equivalence.compare(item.answer, answer, item.problem)).outcome


def _mark_id(work: RunContext, item: BenchmarkItem, attempt: UUID) -> UUID:
    rule = work.settings.equivalence.identity
    return content_id("mark", str(attempt), item.answer, rule)
