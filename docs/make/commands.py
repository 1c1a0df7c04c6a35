"""The page about the commands, from the command line's own parser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import typer.main

from docs.make.markdown import code, page, table
from flows.cli import app

INTRODUCTION = """\
`gsdp COMMAND --help` prints the same. Exit codes: 0 done, 1 failed, 2 wrong usage or settings, 3 ended below the
target, 130 interrupted."""
HEAD = ("argument", "default", "meaning")
EXAMPLES = re.compile(r"\s*Examples?:\s*")

Command = Any
"""A command of click, or of the copy of click that newer typers carry."""


def walk(command: Command, name: str = "gsdp") -> Iterator[tuple[str, Command]]:
    """Every command with its full name, in the order of `--help`."""
    below = getattr(command, "commands", None)
    if below is None:
        yield name, command
        return
    for each, child in below.items():
        yield from walk(child, f"{name} {each}")


def commands() -> str:
    """The page."""
    return page("Commands", INTRODUCTION, *(_section(*each) for each in walk(typer.main.get_command(app))))


def _section(name: str, command: Command) -> str:
    text, *examples = EXAMPLES.split(command.help or "")
    parts = [f"## {name}", f"```\n{_usage(name, command)}\n```", text.strip(), table(HEAD, _rows(command))]
    parts += [f"For example: {' '.join(example.split())}" for example in examples]
    return "\n\n".join(part for part in parts if part)


def _usage(name: str, command: Command) -> str:
    arguments = [_called(each) for each in command.params if each.param_type_name == "argument"]
    options = ["[OPTIONS]"] if any(each.param_type_name == "option" for each in command.params) else []
    return " ".join([name, *options, *arguments])


def _called(parameter: Command) -> str:
    name = (parameter.metavar or parameter.name.upper()).rstrip(".")
    name = f"{name}..." if parameter.nargs == -1 else name
    return name if parameter.required else f"[{name}]"


def _rows(command: Command) -> Iterator[tuple[str, str, str]]:
    for each in command.params:
        if each.name != "help":
            yield code(_names(each)), _default(each), each.help or ""


def _names(parameter: Command) -> str:
    return " / ".join(parameter.opts) if parameter.param_type_name == "option" else _called(parameter)


def _default(parameter: Command) -> str:
    if parameter.required:
        return "required"
    value = parameter.default
    if callable(value) or value is None or value is False or value in ((), []):
        return ""
    return code(str(getattr(value, "value", value)))
