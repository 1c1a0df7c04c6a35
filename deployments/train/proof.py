"""The smallest proof that the chain from seeds to a better model holds together, on a processor.

    uv run --group train python -m deployments.train.proof FOLDER --model qwen2.5-coder-0.5b-instruct.gguf

It rehearses the arms of a comparison, trains the same small model on each at equal volume and equal steps, lets `gsdp
evaluate` ask every one the same held-out combinations, and writes `proof.md` with means and intervals over training
seeds. The same command goes on where it stopped: pairs, models and scores that are there are not made again.

It proves the path, not the method: the pairs are the sandbox's, whose problems are templates. One thing must come out
whatever the method is worth: a model trained on shuffled answers does worse than one trained on the right ones, or the
evaluation is broken.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import fmean, stdev
from typing import Any, NamedTuple

from scipy.stats import t as student

from deployments.train.model_card import file_hash
from deployments.train.proof_data import chat, is_small, join, question, questions, shuffled, trained_on

ROOT = Path(__file__).parents[2]
SEEDS = ROOT / "deployments/demo/seeds.jsonl"
QUOTAS = {
    "one_hop": {"one_hop": 1},
    "implicit": {"one_hop": 1, "two_hop": 1, "three_hop": 1, "community": 1},
    "random": {"random": 1},
}
ARMS = ("seeds", *QUOTAS, "shuffled")
BASE = "base"
SPARE = 8
"""Pairs made for each that is trained on: few have small numbers, and some of these are held out."""
REPEATS = 8
"""Problems on one combination: the seeds of the demo have few edges, and `one_hop` has no other combinations."""


class Size(NamedTuple):
    """How large a proof is made."""

    model: str
    pairs: int
    items: int
    steps: int
    batch: int
    learning_rate: float
    seeds: int
    arms: tuple[str, ...]


def command(*given: object) -> None:
    """Run a module of this repository in a process of its own. Raises CalledProcessError."""
    subprocess.run([sys.executable, "-m", *map(str, given)], cwd=ROOT, check=True)


def make_pairs(folder: Path, size: Size) -> Path:
    """The workspaces of the arms, published."""
    content = {
        "workspace": str(folder / "pairs"),
        "target_pairs": size.pairs * SPARE,
        "seeds": [{"path": str(SEEDS)}],
        "endpoints": {"rehearsal": {"base_url": "sandbox"}},
        "publish": {"formats": ["messages", "verifiers"]},
        "sample": {"samples_per_combination": REPEATS},
        "compare": {name: {"sample": {"quotas": quotas}} for name, quotas in QUOTAS.items()},
    }
    settings = write_toml(folder / "pairs.toml", content)
    command("flows.cli", "compare", settings)
    for name in QUOTAS:
        command("flows.cli", "publish", folder / "pairs/arms" / name)
    return folder / "pairs/arms"


def make_data(folder: Path, arms: Path, size: Size) -> None:
    """A file to train on for each arm, and the questions."""
    data = {name: arms / name / "dataset/data" for name in QUOTAS}
    pairs = {
        name: [pair for pair in join(read(at / "messages.jsonl"), read(at / "verifiers.jsonl")) if is_small(pair)]
        for name, at in data.items()
    }
    rows = {name: trained_on(found, size.pairs) for name, found in pairs.items()}
    if short := {name: len(found) for name, found in rows.items() if len(found) < size.pairs}:
        raise SystemExit(f"Fewer than {size.pairs} pairs to train on came ({short}): choose smaller --pairs.")
    rows["shuffled"] = shuffled(rows["implicit"])
    for name, found in rows.items():
        write_lines(folder / f"{name}.jsonl", map(chat, found))
    turns = (("user", "problem"), ("assistant", "solution"))
    seeds = [{"messages": [{"role": role, "content": row[key]} for role, key in turns]} for row in read(SEEDS)]
    write_lines(folder / "seeds.jsonl", seeds)
    write_lines(folder / "questions.jsonl", map(question, questions(list(pairs.values()), size.items)))


def train(folder: Path, arm: str, seed: int, size: Size) -> Path:
    """The model of an arm, trained with one seed."""
    out = folder / "models" / f"{arm}-{seed}"
    if not (out / "README.md").exists():
        numbers = ["--steps", size.steps, "--batch", size.batch, "--learning-rate", size.learning_rate]
        method = ["--method", "full", "--max-length", 512, "--seed", seed]
        command("deployments.train", folder / f"{arm}.jsonl", "--model", size.model, "--out", out, *method, *numbers)
        for checkpoint in out.glob("checkpoint-*"):
            shutil.rmtree(checkpoint)
    return out


def score(folder: Path, name: str, model: Path | str) -> float:
    """The share of the questions that a model answers right."""
    work = folder / "scores" / name
    results = work / "evaluation" / name / "results.json"
    if not results.exists():
        with served(model) as url:
            endpoint = {"base_url": url, "model": Path(model).stem, "concurrency": 16, "timeout": 3600}
            content = {
                "workspace": str(work),
                "benchmarks": [{"path": str(folder / "questions.jsonl"), "columns": {"answer": "answer"}}],
                "endpoints": {name: endpoint},
                "evaluate": {"models": [{"endpoint": name, "max_tokens": 256, "temperature": 0.0}]},
            }
            settings = write_toml(folder / "scores" / f"{name}.toml", content)
            # The server's port is another one each time, which is no change of what is asked.
            command("flows.cli", "evaluate", settings, "--accept-changes")
    return share_right(results)


def share_right(results: Path) -> float:
    """The share that a model answered right, as its results tell."""
    (found,) = json.loads(results.read_text(encoding="utf-8"))["results"].values()
    return float(found["exact_match,none"])


def known_scores(folder: Path) -> dict[str, list[float]]:
    """The scores of all trainings that the folder holds, by arm."""
    told_by = {path.parent.name: path for path in sorted((folder / "scores").glob("*/evaluation/*/results.json"))}
    found: dict[str, list[float]] = {}
    for arm in (BASE, *ARMS):
        for name, results in told_by.items():
            if name == arm or name.rpartition("-")[0] == arm:
                found.setdefault(arm, []).append(share_right(results))
    return found


@contextmanager
def served(model: Path | str) -> Iterator[str]:
    """The address of a model that is served while the block runs."""
    call = [sys.executable, "-m", "deployments.train.serving", str(model)]
    with subprocess.Popen(call, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            address = process.stdout.readline().strip() if process.stdout else ""
            if not address:
                raise SystemExit(f"The server of {model} ended with {process.wait()} before it answered.")
            yield address
        finally:
            process.terminate()


def told(scores: Mapping[str, Sequence[float]], hashes: Mapping[str, str], size: Size, asked: int) -> Iterator[str]:
    """The proof as a page; `asked` questions are left of `size.items` where fewer pairs are held out."""
    yield "# The path from seeds to a model, at its smallest"
    yield ""
    yield (
        f"{Path(size.model).stem}, {size.steps} steps of {size.batch} of {size.pairs:,} examples, learning rate "
        f"{size.learning_rate}; {asked:,} questions."
    )
    yield "Right: the share of the held-out questions, mean over training seeds with its 95% interval by Student's t."
    yield ""
    yield "| arm | trainings | right | interval | SHA-256 of its data |"
    yield "|---|---|---|---|---|"
    for name, found in scores.items():
        low, high = interval(found)
        within = f"[{low:.1%}, {high:.1%}]" if len(found) > 1 else "-"
        times, data = 0 if name == BASE else len(found), hashes.get(name, "-")
        yield f"| {name} | {times} | {fmean(found):.1%} | {within} | {data} |"
    yield ""
    yield f"Questions: SHA-256 {hashes['questions']}. It proves the path, not the method: the pairs are a rehearsal's."
    if {"implicit", "shuffled"} <= scores.keys():
        worse = fmean(scores["shuffled"]) < fmean(scores["implicit"])
        yield WORSE if worse else NOT_WORSE


WORSE = "Shuffled answers do worse, as they must."
NOT_WORSE = "SHUFFLED ANSWERS DO NOT DO WORSE: at this size nothing is shown, or the evaluation is broken."


def interval(values: Sequence[float]) -> tuple[float, float]:
    """Where the mean lies 19 times of 20, by Student's t."""
    if len(values) < 2:
        return values[0], values[0]
    half = float(student.ppf(0.975, len(values) - 1)) * stdev(values) / len(values) ** 0.5
    return max(0.0, fmean(values) - half), min(1.0, fmean(values) + half)


def read(path: Path) -> list[dict[str, Any]]:
    """The rows of a JSON Lines file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def write_lines(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write a JSON Lines file."""
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


def write_toml(path: Path, values: Mapping[str, Any]) -> Path:
    """A settings file of these values."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{key} = {_inline(value)}\n" for key, value in values.items()), encoding="utf-8")
    return path


def _inline(value: object) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{json.dumps(key)} = {_inline(inner)}" for key, inner in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_inline, value)) + "]"
    return json.dumps(value)


def prove(folder: Path, size: Size) -> str:
    """Make, train, ask and tell, leaving out what is there."""
    folder.mkdir(parents=True, exist_ok=True)
    check_size(folder / "size.json", size)
    if not (folder / "questions.jsonl").exists():
        make_data(folder, make_pairs(folder, size), size)
    asked = len(read(folder / "questions.jsonl"))
    score(folder, BASE, size.model)
    for seed in range(size.seeds):
        for arm in size.arms:
            name = f"{arm}-{seed}"
            score(folder, name, train(folder, arm, seed, size))
            # A score is all that is wanted of a model; fifteen of them would fill a disk.
            (folder / "models" / name / "model.safetensors").unlink(missing_ok=True)
            hashes = {at: file_hash(folder / f"{at}.jsonl") for at in (*ARMS, "questions")}
            text = "\n".join(told(known_scores(folder), hashes, size, asked)) + "\n"
            (folder / "proof.md").write_text(text, encoding="utf-8")
    return text


def check_size(file: Path, size: Size) -> None:
    """Keep a folder to one size; more training seeds and arms may come later. Raises SystemExit."""
    fixed = {key: value for key, value in size._asdict().items() if key not in ("seeds", "arms")}
    if not file.exists():
        file.write_text(json.dumps(fixed), encoding="utf-8")
    if (kept := json.loads(file.read_text(encoding="utf-8"))) != fixed:
        raise SystemExit(f"{file.parent} holds a proof of another size ({kept}): choose another folder.")


def main() -> None:
    """Make the proof and print it."""
    parser = argparse.ArgumentParser(prog="python -m deployments.train.proof")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--model", required=True)
    parser.add_argument("--pairs", type=int, default=400)
    parser.add_argument("--items", type=int, default=64)
    parser.add_argument("--steps", type=int, default=15)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--learning-rate", type=float, default=5e-5)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--arms", nargs="+", choices=ARMS, default=ARMS)
    given = vars(parser.parse_args())
    print(prove(given.pop("folder").absolute(), Size(**{**given, "arms": tuple(given["arms"])})))


if __name__ == "__main__":
    main()
