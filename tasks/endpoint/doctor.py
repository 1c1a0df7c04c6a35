"""What a model server can do, found out by asking it: some 20 short calls and a short ramp, for one model.

A 200 proves little, since servers ignore what they do not know; so a parameter counts as working when its effect is
seen. It does not judge the model, and what it says of a model that answers at random is about the server all the same.
Nothing is retried but a connection that broke: each check is one request, and one that fails says so.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any

from graph.errors import EndpointRefused
from tasks.endpoint.connection import connect
from tasks.endpoint.context import listed_context, read_room
from tasks.endpoint.dialect import LIMIT_NAMES
from tasks.endpoint.examination import QUESTION, SHORT, Examination, Heard
from tasks.endpoint.finishes import is_known
from tasks.endpoint.replies import read_vectors
from tasks.endpoint.thoughts import FIELDS, marks, parts, split_thinking
from tasks.settings.endpoints import Endpoint

RIDDLE = "Which is larger, 9.11 or 9.9? Think about it first, then answer with the number alone."
ENDLESS = 100_000_000
"""Output tokens that no context holds."""

RAMP = (1, 2, 4, 8, 16, 32, 64, 128, 256)
LEAST_GAIN = 1.15
"""What twice and four times as many at once must bring for the ramp to go on."""

LEAST_SAMPLE = 16
"""Calls from which a rate can be told."""


async def examine(endpoint: Endpoint, key: str | None, model: str | None) -> Examination:
    """Ask everything. Raises EndpointRefused where there is no model to ask for, SettingsError from `connect`."""
    connection = connect(endpoint, key)
    try:
        patient = Examination(connection, endpoint, model or "")
        if await _list(patient) and await _first(patient):
            for check in CHECKS:
                await check(patient)
        return patient
    finally:
        await connection.close()


async def _list(patient: Examination) -> bool:
    """The list of models; whether it makes sense to go on."""
    heard = await patient.send("/models")
    if heard.status == 0:
        patient.note("reachable", "bad", f"no: {heard.words}. Start the server, or correct the address.")
        return False
    patient.note("reachable", "good", f"in {heard.seconds * 1e3:.0f} ms")
    if heard.status in (401, 403):
        patient.note("key", "bad", f"refused ({heard.status}): {heard.words}")
        return False
    rows = heard.body.get("data") if isinstance(heard.body, dict) else None
    rows = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    names = [str(row.get("id")) for row in rows]
    patient.model = patient.model or (names[0] if names else "")
    if not patient.model:
        why = "" if heard.ok else f" ({heard.status} {heard.words})"
        raise EndpointRefused(f"{patient.connection.address} lists no models{why}: name one with --model.")
    if not names:
        patient.note("list of models", "note", f"none ({heard.status} {heard.words})".replace(" )", ")"))
    elif patient.model in names:
        patient.note("list of models", "good", f"{len(names)}, {patient.model} among them")
    else:
        patient.note("list of models", "note", f"without {patient.model}: {', '.join(names[:5])}")
    patient.context = listed_context(next((row for row in rows if row.get("id") == patient.model), {})) or None
    return True


async def _first(patient: Examination) -> bool:
    """The first answer: key, model, usage; whether it makes sense to go on."""
    heard = await patient.ask()
    if heard.status in (401, 403):
        patient.note("key", "bad", f"refused ({heard.status}): {heard.words}")
        return False
    read = heard.answer
    if not heard.ok or not (read.text or read.reasoning or read.usage.output):
        patient.note("model", "bad", f"{patient.model} gives no answer ({heard.status}): {heard.words}")
        return False
    stranger = await patient.ask(model="gsdp-no-such-model")
    patient.note("model", "good", f"{patient.model} answers in {heard.seconds:.2f} s")
    patient.note(
        "unknown model",
        "note" if stranger.ok else "good",
        "accepted: a misspelt name is not noticed" if stranger.ok else f"refused ({stranger.status})",
    )
    usage = read.usage
    told = usage.input > 0 and usage.output > 0
    patient.note("usage", "good" if told else "bad", f"{usage.input} in, {usage.output} out" if told else "not told")
    return True


async def _context(patient: Examination) -> None:
    """The size of the context: from the list of models, else from the refusal of an answer that no context holds."""
    if patient.context is None:
        heard = await patient.ask(**{patient.limit_name: ENDLESS})
        if not heard.ok:
            patient.context = read_room(heard.words).context or None
    size = patient.context
    patient.note("context", "good" if size else "note", f"{size:,} tokens" if size else "not told")


async def _token_limit(patient: Examination) -> None:
    """Which parameter limits the output, by its effect."""
    works, told, seen = [], [], False
    for name in LIMIT_NAMES:
        heard = await patient.ask(**{other: SHORT if other == name else None for other in LIMIT_NAMES})
        refused = not heard.ok
        tokens, held = heard.tokens, heard.answer.finish_reason == "length" and heard.tokens <= SHORT + 1
        over = tokens > SHORT + 1
        works += [name] if held else []
        seen |= over or refused
        effect = "works" if held else "has no effect" if over else "is not seen to work: the answer is short"
        told.append(f"{name} " + (f"is refused ({heard.status})" if refused else effect))
    if works:
        patient.limit_name = works[0]
    patient.note("token limit", "good" if works else "bad" if seen else "note", ", ".join(told))


async def _sampling(patient: Examination) -> None:
    """Whether equal seeds give equal answers, and others other ones."""
    same, again, other = [(await patient.ask(24, temperature=1.0, seed=seed)).answer for seed in (7, 7, 8)]
    if "seed" in patient.left_out or not (same.text or same.reasoning):
        patient.note("seed", "note", "refused" if "seed" in patient.left_out else "no answer to compare")
    elif same.text != again.text:
        patient.note("seed", "note", "has no effect: the same seed gives other answers")
    elif same.text == other.text:
        patient.note("seed", "note", "no effect seen: every seed gives the same answer")
    else:
        patient.note("seed", "good", "works")
    await patient.ask(top_p=0.9)
    if left := sorted(patient.left_out):
        patient.note("parameters", "note", f"refused, and left out from now on: {', '.join(left)}")


async def _several(patient: Examination) -> None:
    """Whether n = 2 brings two answers."""
    heard = await patient.ask(n=2)
    count = len(heard.choices)
    told = f"{count} answer{'s' * (count != 1)}" if count else f"refused ({heard.status})"
    patient.note("n = 2", "good" if count == 2 else "note", told)


async def _stop(patient: Examination) -> None:
    """Whether a stop text that the answer holds ends it."""
    whole = (await patient.ask(24)).answer
    text = whole.text or whole.reasoning
    mark = text[len(text) // 2 :][:3].strip()
    if not mark:
        patient.note("stop", "note", "not told: too short an answer")
        return
    heard = await patient.ask(24, stop=[mark])
    cut = heard.answer.text or heard.answer.reasoning
    works = heard.ok and mark not in cut and len(cut) < len(text)
    patient.note("stop", "good" if works else "note", "works" if works else f"has no effect ({heard.status})")


async def _system(patient: Examination) -> None:
    """Whether a system message is taken, and read."""
    messages = [{"role": "system", "content": "You are terse. " * 20}, {"role": "user", "content": QUESTION}]
    plain, heard = await patient.ask(), await patient.ask(messages=messages)
    if not heard.ok:
        patient.note("system role", "bad", f"refused ({heard.status}): {heard.words}")
        return
    more = heard.answer.usage.input - plain.answer.usage.input
    patient.note("system role", "good" if more > 0 else "note", f"read ({more} tokens)" if more > 0 else "accepted")


async def _thinking(patient: Examination) -> None:
    """Where a thought comes back, when a question provokes one."""
    heard = await patient.ask(512, messages=[{"role": "user", "content": RIDDLE}])
    choice = heard.choices[0] if heard.choices and isinstance(heard.choices[0], dict) else {}
    told = choice.get("message")
    message: dict[str, Any] = told if isinstance(told, dict) else {}
    places = [name for name in FIELDS if any(parts(message.get(name)))]
    content, apart = parts(message.get("content"))
    known = marks(patient.endpoint.thought_tags)
    split = split_thinking(content, known)
    if apart:
        places.append("parts of the content")
    if split.thought or split.is_open:
        tag = known.any.search(content)
        places.append(f"the text, between tags such as {tag[0]}" if tag else "the text, in channels")
    counted = heard.answer.usage.reasoning
    found = f"in {' and '.join(places)}, {counted} tokens" if places else "none seen"
    if heard.answer.fault and places:
        found += "; 512 tokens were too few: give the roles thinking_tokens"
    patient.note("thinking", "note" if heard.answer.fault and places else "good", found)


async def _finish(patient: Examination) -> None:
    """Whether the reason why an answer ends is a known one."""
    finish = (await patient.ask()).answer.finish_reason
    if not is_known(finish):
        patient.note("finish reason", "note", f"{finish!r:.40} is no known word: such an answer counts as whole")


async def _stream(patient: Examination) -> None:
    """Whether answers come in pieces, with usage."""
    heard = await patient.ask(24, stream=True, stream_options={"include_usage": True})
    if b"data:" not in heard.raw:
        patient.note("stream", "note", f"not offered ({heard.status})")
        return
    usage = heard.answer.usage.output > 0
    patient.note("stream", "good" if usage else "note", "works" + ("" if usage else ", without usage"))


async def _first_token(patient: Examination) -> None:
    """How long one token takes, and each further one."""
    one, many = await patient.ask(1), await patient.ask(33)
    if not many.tokens > one.tokens > 0:
        patient.note("first token", "note", f"{one.seconds * 1e3:.0f} ms for a shortest answer")
        return
    each = max(0.0, many.seconds - one.seconds) / (many.tokens - one.tokens)
    patient.note("first token", "good", f"{one.seconds * 1e3:.0f} ms, then {each * 1e3:.1f} ms each")


async def _embeddings(patient: Examination) -> None:
    """Whether this model embeds."""
    heard = await patient.send("/embeddings", {"model": patient.model, "input": ["a", "b"], "encoding_format": "float"})
    found = read_vectors(heard.body, 2) if heard.ok else None
    if found is None or found.fault:
        patient.note("embeddings", "note", f"none ({heard.status})")
    else:
        patient.note("embeddings", "good", f"vectors of {len(found.vectors[0])} numbers")


async def _ramp(patient: Examination) -> None:
    """From how many requests at once more bring nothing."""
    rates: dict[int, float] = {}
    end = ""
    for at_once in [step for step in RAMP if step <= patient.endpoint.concurrency]:
        began = time.monotonic()
        turns = await asyncio.gather(*(_in_turn(patient, 1 + LEAST_SAMPLE // at_once) for _ in range(at_once)))
        heard = [one for turn in turns for one in turn]
        refused = sum(not one.ok for one in heard)
        if refused:
            end = f"; {refused} of {len(heard)} refused at {at_once}"
            break
        rates[at_once] = len(heard) / (time.monotonic() - began)
        if at_once > 2 and rates[at_once] < LEAST_GAIN * max(rates[at_once // 2], rates[at_once // 4]):
            break
    if not rates:
        patient.note("at once", "bad", f"nothing{end}")
        return
    best = max(rates.values())
    patient.concurrency = next(at_once for at_once, rate in rates.items() if rate > best / LEAST_GAIN)
    told = ", ".join(f"{at_once}: {rate:.1f}/s" for at_once, rate in rates.items())
    patient.note("at once", "good", f"{patient.concurrency} ({told}){end}")


async def _in_turn(patient: Examination, count: int) -> list[Heard]:
    return [await patient.ask() for _ in range(count)]


CHECKS = (
    _context,
    _token_limit,
    _sampling,
    _several,
    _stop,
    _system,
    _finish,
    _thinking,
    _stream,
    _first_token,
    _embeddings,
    _ramp,
)
"""In this order, for a model that answers."""
