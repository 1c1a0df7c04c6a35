"""One function per role: what the rehearsal answers. Each is a pure function of the request and the set rates.

The data stand in tagged blocks of the messages; of each tag the last complete block counts, so that an example in a
system prompt does not mislead. Solver, rater and judges refuse text that was not written here: a rehearsal that
guessed would look like a model.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from deployments.sandbox.answers import agrees, last_box
from deployments.sandbox.dice import Dice, digest, share
from deployments.sandbox.problems import ProblemReading, compose, read, slip
from deployments.sandbox.vocabulary import POINTS, VAGUE, WRONG, extract, lookup, name_key, same_point, spell

REFUSAL = "I am a rehearsal server, not a model: this text was not written by me, so I cannot"


@dataclass(frozen=True, slots=True)
class ErrorRates:
    """How often the rehearsal errs on purpose, each in 0-1."""

    bad_problems: float = 0.0
    wrong_solutions: float = 0.0
    noisy_judges: float = 0.0
    yes_judge: int = 0
    """The number of a judge that is content with everything; 0: none is."""
    credulous_judge: int = 0
    """The number of a judge that believes what it reads: a text to be a sound problem, a stated answer to be right."""
    weak_subjects: float = 0.0
    """Share of the subjects of which the composer knows little: `WEAK` of its problems there are flawed."""


WEAK = 0.8


@dataclass(frozen=True, slots=True)
class SandboxRequest:
    """What a role is given: who is asked, all messages joined, and the dice of this request."""

    model: str
    text: str
    seed: str
    dice: Dice


def block(text: str, tag: str) -> str | None:
    """The content of the last complete block of a tag."""
    end = text.rfind(f"</{tag}>")
    start = text.rfind(f"<{tag}>", 0, end) if end >= 0 else -1
    return text[start + len(tag) + 2 : end].strip() if start >= 0 else None


def _lines(body: str) -> list[str]:
    return [line.strip() for line in body.splitlines() if line.strip()]


def _numbered(body: str) -> list[tuple[str, str]]:
    """Lines `1. text` as (number, text); a line without a number takes its place as number."""
    rows = []
    for place, line in enumerate(_lines(body), 1):
        match = re.match(r"(\d+)[.):]?\s+(.*)", line)
        rows.append((match[1], match[2]) if match else (str(place), line))
    return rows


def extractor(ask: SandboxRequest, rates: ErrorRates) -> str:
    """Knowledge points of any text, in varying spellings, and now and then a vague one."""
    points = extract(block(ask.text, "problem") or "", block(ask.text, "solution") or "")
    names = [spell(point, ask.dice) for point in points]
    if names and ask.dice.chance(0.02):
        names.append(ask.dice.pick(VAGUE))
    return "<points>\n" + "".join(f"{name}\n" for name in names) + "</points>"


_VAGUE_KEYS = frozenset(map(name_key, VAGUE))
_WRONG_KEYS = frozenset(map(name_key, WRONG))


def _verdict_on_name(name: str) -> str:
    key = name_key(name)
    if lookup(name) is not None:
        return "keep"
    if key in _VAGUE_KEYS or not key:
        return "drop vague"
    if key in _WRONG_KEYS:
        return "drop wrong"
    return "drop detailed" if len(key.split()) > 9 else "keep"


def _verdict_on_pair(pair: str) -> str:
    one, _, other = pair.partition("|")
    return "same" if same_point(one.strip(), other.strip()) else "different"


def curator(ask: SandboxRequest, rates: ErrorRates) -> str:
    """Keeps or drops names, tells whether pairs are the same, or names a class: by which block is there."""
    pairs, names = block(ask.text, "pairs"), block(ask.text, "names")
    if pairs is not None:
        rows = [f"{number} {_verdict_on_pair(pair)}\n" for number, pair in _numbered(pairs)]
    elif names is not None:
        rows = [f"{number} {_verdict_on_name(name)}\n" for number, name in _numbered(names)]
    else:
        return _class_name(block(ask.text, "class"))
    return "<verdicts>\n" + "".join(rows) + "</verdicts>"


def _class_name(body: str | None) -> str:
    members = _lines(body or "")
    if not members:
        return f"{REFUSAL} name it: there is no class in it."
    known = [point for name in members if (point := lookup(name))]
    best = known[0].name if known else min(members, key=lambda name: (len(name), name))
    return f"<name>{best}</name>"


def is_weak(name: str, share_of_subjects: float) -> bool:
    """Whether a point is of a weak subject. A name that is not known is a subject of its own."""
    point = lookup(name)
    if point is None:
        return share("weak", name_key(name)) < share_of_subjects
    ranked = sorted(
        {each.subject for each in POINTS if each.subject != "physics"}, key=lambda subject: digest("weak", subject)
    )
    return point.subject in ranked[: round(share_of_subjects * len(ranked))]


def composer(ask: SandboxRequest, rates: ErrorRates) -> str:
    """A new problem for the given points."""
    names = [re.sub(r"^[-*\d.)\s]+(?=\D)", "", line) for line in _lines(block(ask.text, "points") or "")]
    before = ask.dice.pick(("", "", "Here is a new problem.\n\n", "One problem that needs all of them:\n\n"))
    weak = rates.weak_subjects and any(is_weak(name, rates.weak_subjects) for name in names)
    bad = max(rates.bad_problems, WEAK if weak else 0)
    return f"{before}<problem>\n{compose(names, ask.dice, bad)}\n</problem>"


def _problem(ask: SandboxRequest) -> tuple[str, ProblemReading | None]:
    """The problem in its block; in evaluations it has none and stands before the request, behind a heading."""
    text = block(ask.text, "problem")
    if text is None:
        text = ask.text.rpartition("Problem:\n")[2].rpartition("\n\n")[0]
    return text, read(text)


def rater(ask: SandboxRequest, rates: ErrorRates) -> str:
    """Difficulty by kind and size of numbers; foreign text by its length, which is said to be all there is to it."""
    text, reading = _problem(ask)
    if reading is None:
        level = 1 + (len(text) > 200) + (len(text) > 500)
    else:
        size = max((abs(n) for n in (reading.numbers or {}).values()), default=0)
        level = min(3, reading.kind.level + (size > 400))
    return f"<difficulty>{('easy', 'medium', 'hard')[level - 1]}</difficulty>"


_STARTS = (
    "Let us go step by step.",
    "We work it out directly.",
    "First, collect what is given.",
    "Start from the data.",
)
_ENDS = (
    "Therefore the answer is $\\boxed{%s}$.",
    "So we get $\\boxed{%s}$.",
    "Hence the final answer: $\\boxed{%s}$",
    "The result is $$\\boxed{%s}.$$",
)


_TAGGED_END = "Final answer: "
"""Before the answer where a prompt asks for a tag; the tag itself is not kept with the solution."""


def _solve(ask: SandboxRequest, wrong_rate: float) -> str:
    _, reading = _problem(ask)
    if reading is None:
        return f"{REFUSAL} solve it."
    dice = ask.dice
    if reading.numbers is None or reading.work is None:
        guess = dice.between(1, 60)
        return f"The data do not determine the result. If one has to guess, take $\\boxed{{{guess}}}$."
    steps, answer = reading.work
    if dice.chance(wrong_rate):
        steps, text = _wrong_work(reading, dice)
    else:
        text = answer.text if dice.chance(0.6) else dice.pick(answer.forms)
    end = dice.pick(_ENDS) % text
    if "<answer>" in ask.text and r"\boxed" not in ask.text:
        end = f"{_TAGGED_END}<answer>{text}</answer>"
    return "\n\n".join((dice.pick(_STARTS), *steps, end))


def _wrong_work(reading: ProblemReading, dice: Dice) -> tuple[tuple[str, ...], str]:
    assert reading.numbers is not None
    assert reading.work is not None
    slipped = slip(reading.kind, reading.numbers, dice)
    if slipped is not None:
        return slipped[0], slipped[1].text
    steps, answer = reading.work
    shifted = next(text for text in ("0", "1", "A", "B") if not agrees(answer, text))
    return steps[:1], shifted


def solver(ask: SandboxRequest, rates: ErrorRates) -> str:
    """A worked solution, wrong at the set rate."""
    return _solve(ask, rates.wrong_solutions)


def strong_solver(ask: SandboxRequest, rates: ErrorRates) -> str:
    """A worked solution, wrong at a third of the set rate."""
    return _solve(ask, rates.wrong_solutions / 3)


def judge(ask: SandboxRequest, rates: ErrorRates) -> str:
    """Reviews a problem, or grades a solution when there is one, by the truth; noise flips the opinion.

    A judge that always says yes and one that believes claims are switches; they know no truth and no noise.
    """
    problem, reading = _problem(ask)
    solution = block(ask.text, "solution")
    if reading is None:
        return f"{REFUSAL} judge it."
    number = ask.model.rpartition("-")[2]
    if number == str(rates.yes_judge) or (number == str(rates.credulous_judge) and _claims(solution)):
        return _review(ask, sound=True) if solution is None else "<verdict>1</verdict>"
    flipped = share("noise", ask.model, problem, solution, ask.seed) < rates.noisy_judges
    if solution is None:
        return _review(ask, sound=(reading.flaw is None) != flipped)
    stated = last_box(solution) or solution.partition(_TAGGED_END)[2] or None
    truth = reading.truth if reading.flaw is None else None
    right = truth is not None and stated is not None and agrees(truth, stated)
    return f"<verdict>{int(right != flipped)}</verdict>"


def truth(ask: SandboxRequest, rates: ErrorRates) -> str:
    """A judge that never errs: for audits of what the others decided, and for benchmark items in other words."""
    item = block(ask.text, "item")
    if item is None:
        return judge(ask, ErrorRates())
    text = block(ask.text, "text") or ""
    ours, theirs = read(text), read(item)
    if ours is None or theirs is None:
        same = name_key(text) == name_key(item)
    else:
        same = (ours.kind.name, ours.numbers) == (theirs.kind.name, theirs.numbers)
    return f"<verdict>{int(same)}</verdict>"


def _claims(solution: str | None) -> bool:
    """Whether a text claims to be right: a problem by being one, a solution by stating an answer."""
    return solution is None or last_box(solution) is not None


def _review(ask: SandboxRequest, *, sound: bool) -> str:
    logic = ask.dice.between(90, 100) if sound else ask.dice.between(20, 60)
    presentation = ask.dice.between(88, 100) if sound else ask.dice.between(60, 95)
    return f"<logic>{logic / 100}</logic>\n<presentation>{presentation / 100}</presentation>"


def ask_of(model: str, text: str, seed: object, temperature: object) -> SandboxRequest:
    """The request as a role sees it; the same four values always give the same dice."""
    return SandboxRequest(model, text, str(seed), Dice(model, text, seed, temperature))


def request_id(model: str, text: str, seed: object, temperature: object) -> str:
    """A short id of the request, the same for every attempt at it."""
    return f"{digest('id', model, text, seed, temperature):016x}"


def role_of(model: str) -> RoleAnswer | None:
    """The role that a model name asks for: `sandbox-judge-7` is as good a judge as `sandbox-judge-1`."""
    return ROLES.get(re.sub(r"^sandbox-(judge)-\d+$", r"sandbox-\1", model))


RoleAnswer = Callable[[SandboxRequest, ErrorRates], str]

ROLES: dict[str, RoleAnswer] = {
    "sandbox-extractor": extractor,
    "sandbox-curator": curator,
    "sandbox-composer": composer,
    "sandbox-rater": rater,
    "sandbox-solver": solver,
    "sandbox-strong_solver": strong_solver,
    "sandbox-judge": judge,
    "sandbox-truth": truth,
}
MODELS = (*(name for name in ROLES if name != "sandbox-judge"), "sandbox-embedder")
JUDGES = ("sandbox-judge-1", "sandbox-judge-2", "sandbox-judge-3")
