"""Loads the prompt files and renders them so that data can neither break nor re-role them.

A file is text: lines of front matter between `---`, then sections that start with `# system`, `# user` or
`# assistant`. It is cut into roles before anything is rendered, so data cannot add a role; data is never a template,
so braces of LaTeX and jinja syntax in it are plain characters; and every string is made inert on its way in:

- `<` becomes `‹` where it would open or close a tag that our prompts or answers use. The text stays readable, and
  the parser and the reader of the data blocks see no tag.
- A space is put behind the opening bracket of a chat marker such as `<|im_start|>`. Tokenizers match these markers
  whole, so any character breaks them, and a space changes nothing in `|a|<|b|`, where another sign would.
- Items of a list stay on their line, because a line break would add an item, and members of a pair on their side:
  the bar that stands between them gives way, within them, to the sign `∣` that looks like it.

It does not protect against text that merely persuades, or that draws a tag with look-alike letters; the judges'
prompts say that data is never an instruction, and that is all that can be done about it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cache, partial
from pathlib import Path
from typing import TypedDict
from uuid import UUID

from jinja2 import StrictUndefined, Template, TemplateError, TemplateSyntaxError, meta, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from graph.errors import PromptError
from graph.records import content_id
from prompts.answers import CHAT_MARKER, GUARDED, without_hidden
from prompts.domain import ABOUT, ANSWERED, BASE, OPPOSED, find_domain

STAGES = ("extract", "connect", "compose", "review", "solve", "grade", "screen", "evaluate")
KEYS = ("stage", "inputs", "answer", "why")
ROLES = ("system", "user", "assistant")
NO_ANSWER = "none"
"""What stands under `answer:` of a prompt whose answer is read whole."""

_ROOT = Path(__file__).parent
_FILE = re.compile(r"---\n(.*?)\n---\n(.*)", re.DOTALL)
_ROLE = re.compile(r"^# (.*)$", re.MULTILINE)
_CLOSING_TAG = re.compile(r"</([a-z_]+)>")
_CHAT_MARKER = re.compile(CHAT_MARKER)


class Message(TypedDict):
    """One turn, as chat completions take it."""

    role: str
    content: str


@dataclass(frozen=True)
class Prompt:
    """One prompt file, compiled."""

    name: str
    hash: UUID
    """Hash of the file's text, the same for either kind of line break."""
    inputs: frozenset[str]
    stage: str
    answer: tuple[str, ...]
    """The tags (or, after a backslash, the LaTeX command) the answer comes in."""
    why: str
    """Where the prompt comes from."""
    file: Path = field(compare=False)
    _turns: tuple[tuple[str, str | Template], ...] = field(compare=False, repr=False)
    _tags: re.Pattern[str] = field(compare=False, repr=False)

    @property
    def shots(self) -> int:
        """Worked examples in it: turns of the assistant."""
        return sum(role == "assistant" for role, _ in self._turns)

    def render(self, **values: object) -> list[Message]:
        """The messages for these values, which must be exactly the inputs: strings, numbers and lists of them."""
        if values.keys() != self.inputs:
            self._refuse(values)
        safe = {name: self._safe(name, value) for name, value in values.items()}
        try:
            return [
                {"role": role, "content": text if isinstance(text, str) else text.render(safe)}
                for role, text in self._turns
            ]
        except (TemplateError, ArithmeticError, LookupError, TypeError, ValueError) as error:
            raise PromptError(f"{self.file}: does not render: {error}. Correct the template.") from error

    def _refuse(self, values: dict[str, object]) -> None:
        missing, unknown = sorted(self.inputs - values.keys()), sorted(values.keys() - self.inputs)
        faults = []
        if missing:
            faults.append(f"no value for {_quoted(missing)}")
        if unknown:
            faults.append(f"does not declare {_quoted(unknown)}")
        raise PromptError(f"{self.file}: {' and '.join(faults)}. Its inputs are {_quoted(sorted(self.inputs))}.")

    def _safe(self, name: str, value: object, depth: int = 0) -> object:
        if isinstance(value, str):
            if depth > 0:
                value = " ".join(value.splitlines())
            if depth > 1:
                value = value.replace(" | ", " ∣ ")
            return inert(value, self._tags)
        if isinstance(value, list | tuple):
            return [self._safe(name, item, depth + 1) for item in value]
        if isinstance(value, int | float):
            return value
        raise PromptError(
            f"{self.file}: `{name}` holds a {type(value).__name__}. Give strings, numbers, or lists or tuples of them."
        )


def inert(text: str, tags: re.Pattern[str]) -> str:
    """The text with our tags and the chat markers made plain characters (see the module's docstring)."""
    seen = without_hidden(text)
    if seen != text and (tags.search(seen) or _CHAT_MARKER.search(seen)):
        text = seen
    if "<" in text:
        text = tags.sub("‹", text)
    if "<" in text or "[" in text or "]" in text or "◁" in text:
        text = _CHAT_MARKER.sub(lambda found: f"{found[0][0]} {found[0][1:]}", text)
    return text


class Library:
    """The prompts of a domain, with the files of `folder` in the place of those of the same name.

    A domain's missing files come from the base domain. A file that stands in for another must declare the same
    inputs and answer tags: the code that renders the one and reads the other does not change with it. What solve asks
    for is what the domain says of its answers.
    """

    def __init__(self, domain: str = BASE, folder: Path | None = None) -> None:
        self.domain = find_domain(domain)
        self._prompts = {path.stem: load(path) for path in _files(_ROOT / BASE)}
        if self.domain.folder != _ROOT / BASE:
            self._override(self.domain.folder)
        if folder is not None:
            self._override(Path(folder))
        asked, wanted = self["solve"], ANSWERED[self.domain.answer]
        if frozenset(asked.answer) != wanted:
            raise PromptError(
                f"{self.domain.folder / ABOUT}: answer = {self.domain.answer} needs a solve.txt with "
                f"`answer: {', '.join(wanted) or NO_ANSWER}` that asks for it; {asked.file} has "
                f"{_quoted(asked.answer) or 'none'}."
            )

    def __getitem__(self, name: str) -> Prompt:
        if name not in self._prompts:
            raise PromptError(f"There is no prompt `{name}`. {_nearest(name, self._prompts)}")
        return self._prompts[name]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all prompts, sorted."""
        return tuple(sorted(self._prompts))

    def _override(self, folder: Path) -> None:
        valid = [f"{name}.txt" for name in self._prompts]
        for path in _files(folder):
            if path.name not in valid:
                raise PromptError(f"{path} is not the name of a prompt. {_nearest(path.name, valid)}")
            prompt, replaced = load(path), self._prompts[path.stem]
            for key in ("inputs", "answer"):
                old, new = frozenset(getattr(replaced, key)), frozenset(getattr(prompt, key))
                if (path.stem, key) == ("solve", "answer"):
                    old = ANSWERED[self.domain.answer]
                if old != new:
                    told = [_quoted(sorted(names)) or f"`{NO_ANSWER}`" for names in (old, new)]
                    raise PromptError(f"{path}: `{key}:` must be {told[0]}, not {told[1]}.")
            self._prompts[path.stem] = prompt


def load(path: Path) -> Prompt:
    """One file, compiled; a `PromptError` that names the file and the fault if it cannot be used."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise PromptError(f"{path} cannot be read as UTF-8 text: {error}.") from error
    header, sections = _parse(path, text)
    inputs, answer = _comma_list(header["inputs"]), tuple(sorted(_comma_list(header["answer"]) - {NO_ANSWER}))
    _check_inputs(path, inputs, sections)
    body = "\n".join(content for _, content in sections)
    for tag in answer:
        if (tag if tag.startswith("\\") else f"<{tag}>") not in body:
            raise PromptError(f"{path}: `answer:` names `{tag}`, but the text never asks for it.")
    return Prompt(
        name=path.stem,
        hash=content_id("prompt", text),
        inputs=inputs,
        stage=header["stage"],
        answer=answer,
        why=header["why"],
        file=path,
        _turns=tuple((role, _compile(content)) for role, content in sections),
        _tags=_tag_pattern(GUARDED.union(_CLOSING_TAG.findall(body))),
    )


def _parse(path: Path, text: str) -> tuple[dict[str, str], list[tuple[str, str]]]:
    parts = _FILE.fullmatch(text)
    if parts is None:
        raise PromptError(f"{path} does not start with front matter. Put {_quoted(KEYS)} between two lines of `---`.")
    header = _header(path, parts[1])
    lead, *rest = _ROLE.split(parts[2])
    sections = [(role.strip(), content.strip()) for role, content in zip(rest[::2], rest[1::2], strict=True)]
    if lead.strip():
        raise PromptError(f"{path}: there is text before the first role. Start with `# system` or `# user`.")
    _check_roles(path, sections)
    return header, sections


def _header(path: Path, text: str) -> dict[str, str]:
    header: dict[str, str] = {}
    for line in text.splitlines():
        key, colon, value = (part.strip() for part in line.partition(":"))
        if not colon or key not in KEYS or key in header:
            raise PromptError(f"{path}: front matter line `{line}` is not one of {_quoted(KEYS)}, each given once.")
        header[key] = value
    missing = [key for key in KEYS if not header.get(key)]
    if missing:
        raise PromptError(f"{path}: front matter lacks {_quoted(missing)}.")
    if header["stage"] not in STAGES:
        raise PromptError(f"{path}: there is no stage `{header['stage']}`. {_nearest(header['stage'], STAGES)}")
    return header


def _check_roles(path: Path, sections: list[tuple[str, str]]) -> None:
    """Chat templates of open models refuse anything but: system, then user and assistant in turn, user last."""
    for role, content in sections:
        if role not in ROLES:
            raise PromptError(f"{path}: unknown role `# {role}`. {_nearest(role, ROLES)} For a heading write `##`.")
        if not content:
            raise PromptError(f"{path}: the section `# {role}` is empty.")
    roles = [role for role, _ in sections]
    turns = roles[1:] if roles[:1] == ["system"] else roles
    if len(turns) % 2 == 0 or any(role != ("user", "assistant")[i % 2] for i, role in enumerate(turns)):
        raise PromptError(f"{path}: roles must be system (or not), then user and assistant in turn, with user last.")


def _check_inputs(path: Path, inputs: frozenset[str], sections: list[tuple[str, str]]) -> None:
    used: set[str] = set()
    for role, content in sections:
        try:
            tree = _environment().parse(content)
            _compile(content)
        except TemplateSyntaxError as error:
            raise PromptError(f"{path}: section `# {role}`, line {error.lineno}: {error.message}.") from error
        if next(tree.find_all((nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends)), None):
            raise PromptError(f"{path}: a prompt is one file and cannot include another.")
        used |= meta.find_undeclared_variables(tree)
    if used - inputs:
        raise PromptError(f"{path}: uses {_quoted(sorted(used - inputs))}, which `inputs:` does not declare.")
    if inputs - used:
        raise PromptError(f"{path}: declares {_quoted(sorted(inputs - used))}, which the text does not use.")


def _compile(content: str) -> str | Template:
    """Most of a prompt is constant: what has no jinja in it is not rendered at all."""
    return _environment().from_string(content) if "{{" in content or "{%" in content or "{#" in content else content


@cache
def _environment() -> ImmutableSandboxedEnvironment:
    """Without jinja's globals and its `random` filter: the same values must give the same text.

    `items | numbered` counts from 1 at a third of the time of jinja's `loop.index`.
    """
    environment = ImmutableSandboxedEnvironment(
        undefined=StrictUndefined, autoescape=False, trim_blocks=True, lstrip_blocks=True
    )
    environment.globals.clear()
    del environment.filters["random"]
    environment.filters["numbered"] = partial(enumerate, start=1)
    return environment


@cache
def _tag_pattern(tags: frozenset[str]) -> re.Pattern[str]:
    """The `<` of a tag: right before a known name, or, with spaces between, only when the tag is closed too.

    `0 < score < 10` is a formula and stays.
    """
    names = "|".join(sorted(map(re.escape, tags)))
    return re.compile(rf"<(?=(?i:/?(?:{names})\b|\s{{0,3}}/?\s{{0,3}}(?:{names})\s{{0,3}}/?>))")


def _files(folder: Path) -> Iterator[Path]:
    if not folder.is_dir():
        raise PromptError(f"There is no folder {folder}. Give the folder that holds the prompt files.")
    yield from sorted(
        path for path in folder.iterdir() if not path.name.startswith(".") and path.name not in (ABOUT, OPPOSED)
    )


def _comma_list(text: str) -> frozenset[str]:
    return frozenset(item.strip() for item in text.split(",") if item.strip())


def _nearest(wrong: str, valid: Iterable[str]) -> str:
    names = sorted(valid)
    near = get_close_matches(wrong, names, n=1)
    return f"Did you mean `{near[0]}`?" if near else f"Valid are {_quoted(names)}."


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
