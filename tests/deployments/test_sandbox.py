"""The rehearsal server: its roles, its honesty, its variety, its faults, and that it leaves no process behind."""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import os
import re
import signal
import struct
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import networkx as nx
import numpy as np
import pytest
from aiohttp.test_utils import TestClient, TestServer

from deployments.sandbox.answers import agrees, last_box
from deployments.sandbox.dice import Dice
from deployments.sandbox.faults import FAULTS, FaultPlan
from deployments.sandbox.problems import compose, read
from deployments.sandbox.roles import WEAK, ErrorRates, ask_of, block, is_weak, role_of
from deployments.sandbox.server import Behaviour, SandboxServer
from deployments.sandbox.vocabulary import (
    POINTS,
    embed,
    extract,
    hits,
    lookup,
    name_key,
    needed_literals,
    same_point,
    spellings,
)

ROOT = Path(__file__).parents[2]
SEEDS = [json.loads(line) for line in (ROOT / "deployments/demo/seeds.jsonl").read_text(encoding="utf-8").splitlines()]


def say(role: str, text: str, seed: int = 0, rates: ErrorRates | None = None) -> str:
    model = f"sandbox-{role}"
    answer = role_of(model)
    assert answer is not None
    return answer(ask_of(model, text, seed, 0.7), rates or ErrorRates())


def problem(number: int = 0, bad: float = 0.0) -> str:
    dice = Dice("a test's problem", number)
    return compose([dice.pick(POINTS).name, dice.pick(POINTS).name], dice, bad)


# The vocabulary


def test_the_vocabulary_is_large_and_no_name_means_two_points() -> None:
    assert len(POINTS) >= 300
    for point in POINTS:
        for name in (point.name, *point.synonyms, *spellings(point)):
            assert lookup(name) is point, name
    assert min(len(spellings(point)) for point in POINTS) >= 2


def cosine(one: str, other: str) -> float:
    return sum(a * b for a, b in zip(embed(one), embed(other), strict=True))


def test_vectors_separate_synonyms_look_alikes_and_strangers() -> None:
    synonyms = [cosine(p.name, way) for p in POINTS[::3] for way in spellings(p)]
    assert min(synonyms) >= 0.92
    alike = [cosine(p.name, q.name) for p, q in itertools.pairwise(POINTS) if p.family == q.family]
    assert sum(0.70 <= value <= 0.88 for value in alike) / len(alike) > 0.9
    strangers = [cosine(p.name, q.name) for p in POINTS[::7] for q in POINTS[::5] if p.family != q.family]
    assert max(strangers) < 0.7


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Pythagorean theorem", "Theorem of Pythagoras", True),
        ("CRT", "the Chinese remainder theorem", True),
        ("Triangle area", "Formula for the area of a triangle", True),
        ("Definite integral", "Indefinite integral", False),
        ("Law of sines", "Law of cosines", False),
        ("Zorn's lemma", "the Zorn's Lemmas", True),
        ("Zorn's lemma", "Pythagorean theorem", False),
    ],
)
def test_names_are_the_same_by_the_synonym_table(one: str, other: str, same: bool) -> None:
    assert same_point(one, other) is same
    assert same_point(other, one) is same


def test_the_prefilter_loses_no_trigger() -> None:
    texts = [" ".join(f"{s['problem']} {s['solution']}".lower().split()) for s in SEEDS]
    for point in POINTS:
        patterns = [re.compile(pattern) for pattern in point.patterns]
        for text in texts:
            if any(pattern.search(text) for pattern in patterns):
                assert hits(point, text), (point.name, text)


@pytest.mark.parametrize(
    ("pattern", "literals"),
    [
        (r"\bmiles? per hour", (" per hour",)),
        (r"x\^2[^$]{0,30}(\\le|\\ge)\d", ("\\le", "\\ge")),
        (r"increase[sd]? (by|of) \d+", ("increase",)),
        (r"\b(north|south)\b", ("north", "south")),
        (r"\d \\(times|cdot) \d", ("times", "cdot")),
        (r"\d+", ("",)),
    ],
)
def test_the_prefilter_asks_only_for_what_a_match_must_hold(pattern: str, literals: tuple[str, ...]) -> None:
    assert needed_literals(pattern) == literals


# Judges that are no judges


def test_one_judge_may_say_yes_to_all_and_one_may_believe_every_claim() -> None:
    flawed = next(text for number in range(99) if (text := problem(number, 1.0)) and read(text).flaw)  # type: ignore[union-attr]
    asked = f"<problem>\n{flawed}\n</problem>"
    wrong = f"{asked}\n<solution>\nSo $\\boxed{{-77}}$.\n</solution>"
    silent = f"{asked}\n<solution>\nI cannot tell.\n</solution>"
    rates = ErrorRates(yes_judge=2, credulous_judge=3)
    votes = [[say(f"judge-{number}", text, rates=rates) for text in (wrong, silent)] for number in (1, 2, 3)]
    assert [[int("1" in vote) for vote in row] for row in votes] == [[0, 0], [1, 1], [1, 0]]
    scores = [float(re.findall(r"[\d.]+", say(f"judge-{number}", asked, rates=rates))[0]) for number in (1, 2, 3)]
    assert [score >= 0.85 for score in scores] == [False, True, True]


# The demo seeds


def test_the_demo_seeds_make_a_graph_with_all_relations() -> None:
    graph = nx.Graph()
    for seed in SEEDS:
        names = [point.name for point in extract(seed["problem"], seed["solution"])]
        graph.add_nodes_from(names)
        graph.add_edges_from(itertools.combinations(names, 2))
    hubs = sorted(graph, key=lambda n: (-graph.degree(n), n))[: max(10, len(graph) // 100)]
    lengths = dict(nx.all_pairs_shortest_path_length(graph, cutoff=3))
    distances = Counter(d for reached in lengths.values() for d in reached.values())
    cliques = Counter(map(len, nx.enumerate_all_cliques(graph)))
    biggest = graph.subgraph(max(nx.connected_components(graph), key=len))
    assert len(graph) >= 60
    assert min(distances[1], distances[2], cliques[3], cliques[4]) >= 40
    assert sum(1 for hub in hubs for d in lengths[hub].values() if d == 3) >= 40
    assert nx.diameter(biggest) >= 4


def test_the_demo_seeds_are_solved_and_distinct() -> None:
    assert 60 <= len(SEEDS) <= 100
    assert len({seed["problem"] for seed in SEEDS}) == len(SEEDS)
    assert all(set(seed) == {"problem", "solution"} and last_box(seed["solution"]) for seed in SEEDS)


# The roles


def test_the_last_complete_block_counts() -> None:
    text = "Write <points>an example</points>. Now: <points>\nthe real one\n</points> and end with <points>"
    assert block(text, "points") == "the real one"
    assert block(text, "problem") is None


def test_the_extractor_names_points_of_foreign_text_in_varying_spellings() -> None:
    text = "<problem>Find the hypotenuse of a right triangle.</problem><solution>By Pythagoras, 5.</solution>"
    answers = {say("extractor", text, seed) for seed in range(40)}
    assert len(answers) > 3
    for answer in answers:
        names = (block(answer, "points") or "").splitlines()
        assert any((point := lookup(name)) and point.name == "Pythagorean theorem" for name in names)
    assert say("extractor", "<problem>Zzz</problem><solution>zzz</solution>") == "<points>\n</points>"


def test_the_curator_judges_names_pairs_and_classes() -> None:
    names = "<names>\n1. Law of sines\n2. problem-solving strategies\n3. Zorn's lemma\n</names> Answer in <verdicts>."
    assert say("curator", names) == "<verdicts>\n1 keep\n2 drop vague\n3 keep\n</verdicts>"
    pairs = "<pairs>\n1. CRT | Chinese Remainder Theorem\n2. Law of sines | Law of cosines\n</pairs>"
    assert say("curator", pairs) == "<verdicts>\n1 same\n2 different\n</verdicts>"
    assert say("curator", "<class>\nthe sine rule\nlaw of sines\n</class>") == "<name>Law of sines</name>"


def test_the_composer_carries_every_name_known_or_not() -> None:
    names = ["Law of cosines", "Modular inverse", "Zorn's lemma {of} 50% \\alpha"]
    for seed in range(60):
        text = block(say("composer", "<points>\n" + "\n".join(names) + "\n</points>", seed), "problem")
        assert text is not None
        assert all(name in text for name in names)
        assert read(text) is not None


def test_trimmed_and_neutralised_text_is_still_recognised() -> None:
    for i in range(300):
        text = problem(i)
        assert "<" not in text
        assert read(text) is not None
        assert read("  " + text.replace(" ", "\n", 3) + "\n") is not None


def test_solver_and_judges_agree_when_nobody_errs() -> None:
    for i in range(400):
        asked = f"<problem>{problem(i)}</problem>"
        solution = say("solver", asked, i)
        assert say("judge-1", f"{asked}<solution>{solution}</solution>", i) == "<verdict>1</verdict>", solution


def test_a_prompt_that_asks_for_a_tag_gets_one_and_the_judge_reads_it_without() -> None:
    for i in range(50):
        asked = f"<problem>{problem(i)}</problem>"
        solution = say("solver", f"Put the answer in <answer></answer>.\n{asked}", i)
        assert "boxed" not in solution
        assert re.search(r"Final answer: <answer>.+</answer>$", solution)
        kept = re.sub("</?answer>", "", solution)
        assert say("judge-1", f"{asked}<solution>{kept}</solution>", i) == "<verdict>1</verdict>", solution


def test_error_rates_are_as_set() -> None:
    rates = ErrorRates(wrong_solutions=0.3, noisy_judges=0.1)
    wrong: Counter[str] = Counter()
    noise = 0
    for i in range(1500):
        text = problem(i % 300)
        reading = read(text)
        assert reading is not None
        assert reading.truth is not None
        for role in ("solver", "strong_solver"):
            answer = say(role, f"<problem>{text}</problem>", i, rates)
            wrong[role] += not agrees(reading.truth, last_box(answer) or "")
        noise += "<logic>0.9" not in (r := say("judge-2", f"<problem>{text}</problem>", i, rates)) and ">1.0<" not in r
    assert 0.25 < wrong["solver"] / 1500 < 0.35
    assert 0.07 < wrong["strong_solver"] / 1500 < 0.13
    assert 0.07 < noise / 1500 < 0.13


def test_problems_of_weak_subjects_are_mostly_flawed_and_others_are_not() -> None:
    flawed: dict[bool, list[bool]] = {True: [], False: []}
    for seed, point in enumerate(POINTS):
        text = say("composer", f"<points>\n{point.name}\n</points>", seed, ErrorRates(weak_subjects=0.5))
        reading = read(text.split("<problem>")[1].split("</problem>")[0])
        assert reading is not None
        flawed[is_weak(point.name, 0.5)].append(reading.flaw is not None)
    assert not any(flawed[False])
    assert WEAK - 0.1 < sum(flawed[True]) / len(flawed[True]) < WEAK + 0.1
    for number, known in ((0, 0), (0.5, 3), (1, 6)):
        assert len({point.subject for point in POINTS if is_weak(point.name, number)}) == known


def test_judges_err_independently() -> None:
    rates = ErrorRates(noisy_judges=0.5)
    votes = [
        [say(f"judge-{j}", f"<problem>{problem(i)}</problem>", 0, rates)[7:10] for j in (1, 2)] for i in range(300)
    ]
    apart = sum((float(one) > 0.8) != (float(other) > 0.8) for one, other in votes)
    assert 90 < apart < 210


def test_flawed_problems_get_low_logic_and_no_accepted_answer() -> None:
    for i in range(200):
        text = problem(i, bad=1.0)
        reading = read(text)
        assert reading is not None
        logic = re.search(r"<logic>(.*)</logic>", say("judge-3", f"<problem>{text}</problem>"))
        assert logic is not None
        assert 0.2 <= float(logic[1]) <= 0.6
        if reading.flaw != "leaked":
            graded = say("judge-3", f"<problem>{text}</problem><solution>$\\boxed{{1}}$</solution>")
            assert graded == "<verdict>0</verdict>"


@pytest.mark.parametrize("role", ["solver", "strong_solver", "judge-1"])
def test_foreign_text_is_refused_honestly(role: str) -> None:
    for seed in SEEDS[:20]:
        answer = say(role, f"<problem>{seed['problem']}</problem>")
        assert "rehearsal" in answer
        assert "<" not in answer
        assert "boxed" not in answer


def test_difficulty_is_spread_over_all_levels() -> None:
    levels = Counter(say("rater", f"<problem>{problem(i)}</problem>") for i in range(500))
    assert min(levels[f"<difficulty>{level}</difficulty>"] for level in ("easy", "medium", "hard")) > 25


def test_an_answer_depends_on_model_messages_seed_and_temperature_only() -> None:
    text = "<points>\nLaw of sines\nFactorial\n</points>"
    assert say("composer", text, 1) == say("composer", text, 1)
    assert len({say("composer", text, seed) for seed in range(50)}) == 50


# Variety


def draws(count: int) -> list[str]:
    """Problems as a run would ask for them: each combination four times."""
    texts = []
    for i in range(count):
        combination = Dice("combination", i // 4)
        names = [combination.pick(POINTS).name for _ in range(combination.between(2, 4))]
        texts.append(compose(names, Dice("draw", i), 0.1))
    return texts


def shingles(texts: list[str]) -> list[Any]:
    ids: dict[tuple[str, str, str], int] = {}
    sets = []
    for text in texts:
        words = re.findall(r"\w+", text.lower())
        grams = {ids.setdefault(gram, len(ids)) for gram in zip(words, words[1:], words[2:], strict=False)}
        sets.append(np.array(sorted(grams), dtype=np.uint64))
    return sets


def near_duplicates(texts: list[str], bands: int = 24, rows: int = 4) -> set[int]:
    """Texts with Jaccard >= 0.6 to an earlier one: MinHash finds candidates (96 % of them at 0.6), sets verify."""
    sets = shingles(texts)
    starts = np.cumsum([0, *map(len, sets[:-1])])
    base = (np.concatenate(sets) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    base ^= base >> np.uint64(29)
    multipliers = iter(np.random.default_rng(7).integers(1, 2**62, bands * rows, dtype=np.uint64))
    found: set[int] = set()
    for _ in range(bands):
        key = np.zeros(len(texts), dtype=np.uint64)
        for _ in range(rows):
            hashed = base * (next(multipliers) * np.uint64(2) + np.uint64(1))
            key = key * np.uint64(1099511628211) ^ np.minimum.reduceat(hashed ^ hashed >> np.uint64(32), starts)
        groups: dict[int, list[int]] = defaultdict(list)
        for i in np.flatnonzero(np.isin(key, repeated(key))):
            groups[int(key[i])].append(int(i))
        for group in groups.values():
            found |= {b for a, b in itertools.combinations(group, 2) if b not in found and alike(sets[a], sets[b])}
    return found


def repeated(key: Any) -> Any:
    values, counts = np.unique(key, return_counts=True)
    return values[counts > 1]


def alike(one: Any, other: Any) -> bool:
    shared = len(np.intersect1d(one, other, assume_unique=True))
    return shared >= 0.6 * (len(one) + len(other) - shared)


@pytest.mark.slow
def test_fifty_thousand_problems_are_hardly_ever_near_duplicates() -> None:
    texts = draws(50_000)
    planted = [text.replace(" the ", " a ", 1) for text in texts[:50]]
    found = near_duplicates(texts + planted)
    assert len([i for i in found if i >= len(texts)]) >= 45
    assert len([i for i in found if i < len(texts)]) <= 500


# The server


@asynccontextmanager
async def served(**switches: Any) -> AsyncIterator[TestClient[Any, Any]]:
    async with TestClient(TestServer(SandboxServer(Behaviour(**switches)).application())) as client:
        yield client


def chat(text: str, role: str = "composer", **fields: Any) -> dict[str, Any]:
    return {"model": f"sandbox-{role}", "messages": [{"role": "user", "content": text}], **fields}


POINTS_BLOCK = "<points>\nLaw of sines\nFactorial\n</points>"


async def test_a_completion_has_the_usual_shape() -> None:
    async with served() as client:
        body = chat([{"type": "text", "text": POINTS_BLOCK}], seed=3)  # type: ignore[arg-type]
        answers = [await (await client.post("/v1/chat/completions", json=body)).json() for _ in range(2)]
        stats = await (await client.get("/stats")).json()
        models = await (await client.get("/v1/models")).json()
    assert answers[0] == answers[1]
    choice, usage = answers[0]["choices"][0], answers[0]["usage"]
    assert choice["finish_reason"] == "stop"
    assert "<problem>" in choice["message"]["content"]
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"] > 50
    assert usage["completion_tokens_details"] == {"reasoning_tokens": 0}
    assert stats["requests"] == {"sandbox-composer": 2}
    assert stats["total"] == 2
    assert {"sandbox-solver", "sandbox-embedder", "sandbox-judge-3"} <= {row["id"] for row in models["data"]}


async def test_embeddings_come_as_floats_and_as_base64() -> None:
    async with served() as client:
        body: dict[str, Any] = {"model": "sandbox-embedder", "input": ["CRT", "Zorn's lemma"]}
        floats = await (await client.post("/v1/embeddings", json=body)).json()
        packed = await (await client.post("/v1/embeddings", json=body | {"encoding_format": "base64"})).json()
    vector = floats["data"][1]["embedding"]
    assert len(vector) == 64
    assert sum(x * x for x in vector) == pytest.approx(1)
    raw = struct.unpack("<64f", base64.b64decode(packed["data"][1]["embedding"]))
    assert list(raw) == pytest.approx(vector, abs=1e-6)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{not json", 400),
        (b"[]", 400),
        (b'{"model": "gpt-5", "messages": []}', 404),
        (b'{"model": "sandbox-solver"}', 400),
        (b'{"model": "sandbox-solver", "messages": ["x"]}', 400),
    ],
)
async def test_bad_requests_get_an_error_body(body: bytes, status: int) -> None:
    async with served() as client:
        response = await client.post("/v1/chat/completions", data=body)
        assert response.status == status
        assert (await response.json())["error"]["message"]


async def test_a_key_is_asked_for_when_one_is_set() -> None:
    async with served(api_key="sesame") as client:
        refused = await client.post("/v1/chat/completions", json=chat(POINTS_BLOCK))
        headers = {"Authorization": "Bearer sesame"}
        granted = await client.post("/v1/chat/completions", json=chat(POINTS_BLOCK), headers=headers)
    assert (refused.status, granted.status) == (401, 200)


async def test_a_stream_carries_the_same_text() -> None:
    async with served() as client:
        whole = await (await client.post("/v1/chat/completions", json=chat(POINTS_BLOCK))).json()
        events = await (await client.post("/v1/chat/completions", json=chat(POINTS_BLOCK, stream=True))).text()
    lines = [line.removeprefix("data: ") for line in events.splitlines() if line]
    assert lines[-1] == "[DONE]"
    deltas = [choice["delta"] for line in lines[:-1] for choice in json.loads(line)["choices"]]
    assert "".join(delta.get("content", "") for delta in deltas) == whole["choices"][0]["message"]["content"]


async def test_thinking_precedes_the_answer() -> None:
    async with served(think=True) as client:
        answer = await (await client.post("/v1/chat/completions", json=chat(POINTS_BLOCK))).json()
    content = answer["choices"][0]["message"]["content"]
    assert content.startswith("<think>")
    assert "<problem>" in content.rpartition("</think>")[2]
    assert answer["usage"]["completion_tokens_details"]["reasoning_tokens"] > 0


async def test_too_many_at_once_are_refused() -> None:
    async with served(max_concurrent=2, latency=0.2) as client:
        calls = [client.post("/v1/chat/completions", json=chat(POINTS_BLOCK, seed=i)) for i in range(5)]
        statuses = Counter([response.status for response in await asyncio.gather(*calls)])
    assert statuses == {200: 2, 429: 3}


async def outcome(client: TestClient[Any, Any], body: dict[str, Any]) -> str:
    """What a careful client would note about one attempt."""
    try:
        async with client.post("/v1/chat/completions", json=body) as response:
            text = await response.text()
    except aiohttp.ClientError:
        return "connection"
    if response.status != 200:
        return f"{response.status} {response.headers.get('Retry-After', '-')}"
    try:
        content = json.loads(text)["choices"][0]["message"]["content"]
    except ValueError:
        return "not json"
    except TypeError:
        return "wrong shape"
    return (
        "null" if content is None else "open think" if "<think>" in content else "dripped" if text[0] == "\n" else "ok"
    )


@pytest.mark.parametrize(
    ("fault", "seen"),
    [
        ("429", "429 -"),
        ("429-retry-after", "429 1"),
        ("500", "500 -"),
        ("503", "503 -"),
        ("drop", "connection"),
        ("cut", "connection"),
        ("drip", "dripped"),
        ("think-leak", "open think"),
        ("null-content", "null"),
        ("html", "not json"),
        ("empty", "not json"),
        ("wrong-json", "wrong shape"),
    ],
)
async def test_each_fault_looks_like_itself_and_a_retry_succeeds(fault: str, seen: str) -> None:
    assert fault in FAULTS
    async with served(faults=FaultPlan(0.6, (fault,)), drip_seconds=0.05) as client:
        for seed in range(4):
            outcomes = [await outcome(client, chat(POINTS_BLOCK, seed=seed)) for _ in range(16)]
            assert set(outcomes) == {seen, "ok"}
        stats = await (await client.get("/stats")).json()
    assert stats["total"] == 64
    assert 25 < stats["faults"][fault] < 50


# The process


@pytest.fixture
def sandbox_command() -> list[str]:
    return [sys.executable, "-m", "deployments.sandbox", "--port", "0"]


@pytest.fixture
def process(sandbox_command: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(sandbox_command, cwd=ROOT, stdout=subprocess.PIPE) as server:
        yield server
        server.kill()


async def test_it_says_where_it_listens_and_ends_on_a_signal(process: subprocess.Popen[bytes]) -> None:
    assert process.stdout is not None
    ready = json.loads(process.stdout.readline())
    assert ready["pid"] == process.pid
    async with aiohttp.ClientSession() as session, session.get(ready["base_url"] + "/models") as response:
        assert response.status == 200
    process.send_signal(signal.SIGTERM)
    assert process.wait(5) == 0
    assert process.stdout.read() == b""


def test_it_ends_soon_after_its_parent(sandbox_command: list[str]) -> None:
    script = (
        "import os, subprocess, sys, time\n"
        f"server = subprocess.Popen({sandbox_command!r} + ['--parent-pid', str(os.getpid())], stdout=subprocess.PIPE)\n"
        "print(server.stdout.readline().decode(), flush=True)\n"
        "os._exit(0)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE, timeout=20, check=True)
    pid = json.loads(done.stdout.splitlines()[0])["pid"]
    deadline = time.monotonic() + 3
    while Path(f"/proc/{pid}").exists() and is_running(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not is_running(pid)


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    except (ProcessLookupError, FileNotFoundError):
        return False


def test_the_server_imports_nothing_heavy() -> None:
    script = (
        "import sys; import deployments.sandbox.__main__; "
        "print([m for m in ('pydantic', 'prefect', 'numpy', 'sympy', 'openai', 'duckdb') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE, check=True)
    assert done.stdout.strip() == b"[]"


def test_unknown_names_have_a_normal_form() -> None:
    assert name_key("The Lemmas of Zorn") == name_key("zorn lemma")
