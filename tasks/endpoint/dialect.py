"""How a server wants to be asked: which parameters of a request it takes, and under which names.

Servers differ, and most say so only when they refuse: `max_tokens` or `max_completion_tokens`, no `temperature` but
the default, no `seed`. A refusal that names a parameter is obeyed once and remembered for that model of the endpoint.
Only what we add on our own is left out; a field of `extra_body` is the user's, and its refusal stays a refusal.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tasks.endpoint.codes import FaultCode
from tasks.endpoint.context import read_room
from tasks.endpoint.profiles import Profile
from tasks.endpoint.replies import ChatRequest, well_formed
from tasks.settings.endpoints import Endpoint

ADAPTABLE: frozenset[FaultCode] = frozenset({"request_refused", "context_length"})
"""Refusals that may be of how a call was worded, or of how long an answer it leaves room for."""

LIMIT_NAMES = ("max_tokens", "max_completion_tokens")

OPTIONAL = ("seed", "top_p", "temperature", "stream_options", "encoding_format", *LIMIT_NAMES)
"""What may be left out, or renamed, without asking for something else."""

UNWANTED = re.compile(
    # Moonshot, OpenAI: of a temperature. Bedrock: of two that exclude each other.
    r"only \S+ (is|are) (allowed|supported)|cannot both|"
    r"unsupported|not support|unrecogni[sz]ed|unknown|unexpected|extra_forbidden|extra inputs|not permitted|not allowed"
    r"|only the default|not available|deprecated|invalid (field|param|argument)|is not a valid (field|param)"
    r"|use '?\"?`?max_(completion_)?tokens",
    re.IGNORECASE,
)
"""Words of a refusal that mean the parameter itself, and not its value or the prompt."""


FIRST_DENSITY, MARGIN = 0.5, 1.05
"""Tokens a byte before a server has counted any, and what is added to its count: prompts differ."""
TEMPLATE = 64
"""Tokens of a chat template around the prompt."""
LEAST_ANSWER = 64
"""Output tokens below which nothing worth having fits."""


def _size(messages: Sequence[Mapping[str, Any]]) -> int:
    return sum(len(str(text).encode()) for message in messages for text in message.values())


@dataclass(slots=True)
class Habits:
    """What one model of an endpoint takes."""

    limit_name: str
    left_out: set[str] = field(default_factory=set)
    context: int = 0
    """Tokens of prompt and answer together; 0 where nobody has told."""
    longest_answer: int = 0
    measured: bool = False
    density: float = FIRST_DENSITY
    """Tokens a byte of a prompt, at most; learnt from what was refused."""

    def fit(self, limit: int | None, messages: Sequence[Mapping[str, Any]]) -> int | None:
        """What of a limit of output tokens there is room for behind a prompt."""
        if limit is None or not (self.context or self.longest_answer):
            return limit
        room = self.context - int(_size(messages) * self.density) - TEMPLATE if self.context else limit
        return max(LEAST_ANSWER, min(limit, room, self.longest_answer or limit))


class Dialect:
    """Makes the bodies of requests to one endpoint, and learns from what it refuses."""

    def __init__(self, endpoint: Endpoint, profiles: Mapping[str, Profile]) -> None:
        """`profiles`, by model, are what is known beforehand."""
        self._endpoint = endpoint
        self._habits = {
            model: Habits(
                profile.token_limit_parameter or endpoint.token_limit_parameter,
                set(profile.left_out),
                profile.context or 0,
            )
            for model, profile in profiles.items()
        }
        self._listed: Mapping[str, int] = {}

    def hear_contexts(self, listed: Mapping[str, int]) -> None:
        """Take in the contexts in the server's list of models; what a refusal or the doctor told is surer."""
        self._listed = listed
        for model, habits in self._habits.items():
            habits.context = habits.context or self._listed_for(model)

    def _listed_for(self, model: str) -> int:
        """The context of a model. A server of a single model often takes any name for it."""
        only = next(iter(self._listed.values())) if len(self._listed) == 1 else 0
        return self._listed.get(model, only)

    def chat(self, request: ChatRequest) -> dict[str, Any]:
        """The body of a chat completion."""
        habits = self._of(request.model)
        optional: dict[str, Any] = {
            "temperature": request.temperature,
            "top_p": request.top_p,
            habits.limit_name: habits.fit(request.max_tokens, request.messages),
            "seed": request.seed,
        }
        if self._endpoint.stream:
            optional |= {"stream": True, "stream_options": {"include_usage": True}}
        body: dict[str, Any] = {
            "model": request.model,
            "messages": [{name: well_formed(text) for name, text in message.items()} for message in request.messages],
        }
        body |= {k: value for k, value in optional.items() if value is not None and k not in habits.left_out}
        body.update(self._endpoint.extra_body)
        body.update(request.extra_body)
        return body

    def embeddings(self, model: str, texts: list[str], extra_body: Mapping[str, Any]) -> dict[str, Any]:
        """The body of an embeddings request."""
        body: dict[str, Any] = {"model": model, "input": texts}
        if "encoding_format" not in self._of(model).left_out:
            body["encoding_format"] = "float"
        return body | self._endpoint.extra_body | dict(extra_body)

    def adapt(self, body: Mapping[str, Any], own: Mapping[str, Any], words: str) -> tuple[str, bool]:
        """Learn from the words of a refusal of `body`: the parameter it named, if any, and whether that is news.

        `own` holds the fields that the user asked for, which stay. A body that was made before the last
        lesson is only outdated: it is made again, and nothing more is learnt.
        """
        habits = self._of(str(body["model"]))
        before = habits.context, habits.longest_answer
        if fitted := self._make_room(habits, body, own, words):
            return fitted, before != (habits.context, habits.longest_answer)
        asked_for = {*own, *self._endpoint.extra_body}
        refused = refuses(words, [name for name in body if name not in asked_for])
        if not refused:
            return "", False
        if refused in habits.left_out:
            return refused, False
        if refused in LIMIT_NAMES:
            other = LIMIT_NAMES[refused == LIMIT_NAMES[0]]
            if other in habits.left_out:
                return "", False  # without any limit an answer may cost whatever it likes
            habits.limit_name = other
        habits.left_out.add(refused)
        return refused, True

    def _make_room(self, habits: Habits, body: Mapping[str, Any], own: Mapping[str, Any], words: str) -> str:
        """Learn how much room there is; the name of the limit where it can be made to fit, else nothing."""
        told = read_room(words)
        name = next((name for name in LIMIT_NAMES if name in body and name not in own), "")
        if not name or name in self._endpoint.extra_body or not (told.context or told.longest_answer):
            return ""
        size = _size(body["messages"])
        habits.context = told.context or habits.context
        habits.longest_answer = told.longest_answer or habits.longest_answer
        if told.prompt and size:
            habits.density = max(habits.density if habits.measured else 0.0, MARGIN * told.prompt / size)
            habits.measured = True
        fitted = habits.fit(body[name], body["messages"]) or 0
        return name if LEAST_ANSWER < fitted < body[name] else ""

    def _of(self, model: str) -> Habits:
        habits = self._habits.get(model)
        if habits is None:
            habits = self._habits[model] = Habits(self._endpoint.token_limit_parameter, context=self._listed_for(model))
        return habits


def refuses(words: str, sent: Collection[str]) -> str:
    """Which of the parameters that were sent these words of a refusal are about; empty when about none."""
    named = (name for name in OPTIONAL if name in sent and _names(words, name))
    return next(named, "") if UNWANTED.search(words) else ""


def _names(words: str, parameter: str) -> bool:
    """Whether the parameter itself is named, rather than offered in its place."""
    for found in re.finditer(rf"(?<![\w]){parameter}(?![\w])", words):
        if not re.search(r"\b(use|try)\s+['\"`]?$", words[: found.start()], re.IGNORECASE):
            return True
    return False
