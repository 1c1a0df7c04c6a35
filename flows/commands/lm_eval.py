"""`gsdp evaluate --lm-eval`: the tasks of lm-evaluation-harness that confirm an evaluation, and how to run them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from flows.commands.auditing import audited
from flows.evaluate import folder_of, write
from graph.errors import SettingsError
from graph.evaluations import BenchmarkItem
from tasks.context.run_context import RunContext
from tasks.reports.harness import EVALUATION, task_files, task_name
from tasks.settings.addresses import SANDBOX
from tasks.settings.run import RunSettings
from tasks.stages.evaluate import asked_with, prompt_for, read_items


def print_commands(settings: RunSettings) -> None:
    """Write the task files, and print the command of each model."""

    async def written(work: RunContext) -> list[str]:
        return write_tasks(work, await read_items(work))

    for line in audited(settings, written)[0]:
        print(line)


def write_tasks(work: RunContext, items: Sequence[BenchmarkItem]) -> list[str]:
    """Task files for the benchmarks; the command of each model that runs them.

    Raises SettingsError for a template with worked examples: the harness has its own way to show some.
    """
    if work.library[work.settings.evaluate.template].shots:
        raise SettingsError("--lm-eval needs a template of one message: set evaluate.template to evaluate.")
    folder = work.settings.workspace / EVALUATION / "lm_eval"
    names = list(dict.fromkeys(item.benchmark for item in items))
    most = max(who.max_tokens for who in work.roles.examinees)
    for benchmark in names:
        there = [item for item in items if item.benchmark == benchmark]
        asked = [work.library[prompt_for(work, item)].render(**asked_with(item))[-1]["content"] for item in there]
        for name, text in task_files(benchmark, there, asked, most).items():
            write(folder / name, text)
    return _commands(work, folder, ",".join(map(task_name, names)))


def _commands(work: RunContext, folder: Path, tasks: str) -> list[str]:
    found = []
    for who in work.roles.examinees:
        endpoint = work.settings.endpoints[who.endpoint]
        address = "http://127.0.0.1:PORT/v1" if endpoint.base_url == SANDBOX else endpoint.base_url.rstrip("/")
        asked = f"model={who.model},base_url={address}/chat/completions,num_concurrent={min(16, endpoint.concurrency)}"
        found.append(
            f"cd {folder} && lm_eval --model local-chat-completions --model_args {asked} --tasks {tasks} "
            f"--include_path . --apply_chat_template --output_path {folder_of(who.name)}"
        )
    return found
