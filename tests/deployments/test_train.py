"""The files for other trainers say what the recipe says; the card names the data by their hash; the script trains."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import yaml

from deployments.train.__main__ import arguments, data_file
from deployments.train.loss_curve import points
from deployments.train.model_card import model_card, told
from deployments.train.recipe import ADAPTER, RECIPES, Method, accumulation
from tasks.reports.formats import LLAMA_FACTORY

ROOT = Path(__file__).parents[2]
TRAIN = ROOT / "deployments/train"
DEVICES: dict[Method, int] = {"full": 8, "lora": 1}
HEAVY = ("torch", "transformers", "trl", "peft", "datasets", "matplotlib")
KEYS = {
    "llama_factory": {
        "epochs": "num_train_epochs",
        "learning_rate": "learning_rate",
        "max_length": "cutoff_len",
        "warmup": "warmup_ratio",
        "schedule": "lr_scheduler_type",
        "weight_decay": "weight_decay",
    },
    "axolotl": {
        "epochs": "num_epochs",
        "learning_rate": "learning_rate",
        "max_length": "sequence_len",
        "warmup": "warmup_ratio",
        "schedule": "lr_scheduler",
        "weight_decay": "weight_decay",
    },
}
BATCH = {"llama_factory": "per_device_train_batch_size", "axolotl": "micro_batch_size"}
RANK = {"llama_factory": "lora_rank", "axolotl": "lora_r"}


def read(trainer: str, method: Method) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((TRAIN / f"{trainer}_{method}.yaml").read_text(encoding="utf-8"))
    return found


def test_full_fine_tuning_has_the_papers_numbers() -> None:
    assert RECIPES["full"]._asdict() == {
        "epochs": 2,
        "learning_rate": 5e-6,
        "batch": 128,
        "max_length": 4096,
        "warmup": 0.03,
        "schedule": "cosine",
        "weight_decay": 0.0,
    }
    assert json.loads((TRAIN / "zero3.json").read_text())["zero_optimization"]["stage"] == 3


@pytest.mark.parametrize("trainer", KEYS)
@pytest.mark.parametrize("method", DEVICES)
def test_a_trainers_file_says_what_the_recipe_says(trainer: str, method: Method) -> None:
    found, recipe = read(trainer, method), RECIPES[method]
    assert {field: found[key] for field, key in KEYS[trainer].items()} == {
        field: value for field, value in recipe._asdict().items() if field != "batch"
    }
    steps = found["gradient_accumulation_steps"]
    assert found[BATCH[trainer]] * steps * DEVICES[method] == recipe.batch
    assert steps == accumulation(recipe.batch, found[BATCH[trainer]], DEVICES[method])
    if method == "lora":
        assert (found[RANK[trainer]], found["lora_alpha"], found["lora_dropout"]) == ADAPTER[:3]
    else:
        assert (TRAIN / found["deepspeed"]).is_file()


def test_the_files_read_what_publish_writes() -> None:
    described = LLAMA_FACTORY["messages"]
    assert read("llama_factory", "full")["dataset"] == "gsdp-dataset-messages"
    entry = read("axolotl", "full")["datasets"][0]
    assert entry["field_messages"] == described["columns"]["messages"]
    assert list(entry["message_property_mappings"]) == ["role", "content"]


@pytest.mark.parametrize(
    ("batch", "at_once", "devices", "steps"),
    [(128, 4, 1, 32), (128, 2, 8, 8), (128, 3, 8, 6), (4, 8, 2, 1), (1, 1, 0, 1)],
)
def test_accumulation_reaches_the_batch(batch: int, at_once: int, devices: int, steps: int) -> None:
    assert accumulation(batch, at_once, devices) == steps


def test_the_file_of_the_method_is_trained_on(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data/messages.jsonl").write_text("", encoding="utf-8")
    assert data_file(tmp_path, "lora") == data_file(tmp_path / "data/messages.jsonl", "full")
    with pytest.raises(SystemExit, match='add "grpo" to formats'):
        data_file(tmp_path, "grpo")


def test_the_card_names_the_data_by_their_hash(tmp_path: Path) -> None:
    data = tmp_path / "messages.jsonl"
    data.write_text("{}\n", encoding="utf-8")
    curve = points(
        [{"step": 1, "loss": 2.0}, {"step": 2, "loss": 1.5}, {"step": 2, "loss": None}, {"step": 2, "time": 3}], "loss"
    )
    card = model_card("base", "lora", data, 1, told("lora", RECIPES["lora"], 7, {"torch": "2"}), curve)
    assert hashlib.sha256(b"{}\n").hexdigest() in card
    assert "| learning rate | 0.0001 |" in card
    assert "| adapter rank | 16 |" in card
    assert "| seed | 7 |" in card
    assert "From 2.000 at step 1 to 1.500 at step 2" in card


def test_the_numbers_need_no_library_that_trains() -> None:
    given = arguments(["data", "--model", "m", "--out", "o"])
    assert (given.method, given.seed, given.steps, given.batch) == ("lora", 0, -1, None)
    script = "import sys, deployments.train.__main__ as m; m.arguments(['d', '--model', 'm', '--out', 'o'])"
    code = f"{script}; print([name for name in {HEAVY} if name in sys.modules])"
    ended = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == "[]"


@pytest.mark.slow
@pytest.mark.parametrize("method", ["full", "lora", "grpo"])
def test_a_training_writes_model_curve_and_card(method: Method, tmp_path: Path) -> None:
    if missing := [name for name in HEAVY if find_spec(name) is None]:
        pytest.skip(f"{', '.join(missing)} not installed: uv run --group train pytest -m slow {Path(__file__).name}")
    from tests.support.tiny_model import tiny_model

    rows = [
        {
            "messages": [
                {"role": "user", "content": f"What is {n} + 1?"},
                {"role": "assistant", "content": f"\\boxed{{{n + 1}}}"},
            ]
        }
        for n in range(8)
    ]
    asked = [{"prompt": row["messages"][:1], "answer": str(n + 1)} for n, row in enumerate(rows)]
    data = tmp_path / "rows.jsonl"
    data.write_text("".join(json.dumps(row) + "\n" for row in (asked if method == "grpo" else rows)), encoding="utf-8")
    model, out = tiny_model(tmp_path / "tiny"), tmp_path / "out"
    command = [sys.executable, "-m", "deployments.train", data, "--model", model, "--method", method, "--out", out]
    numbers = ["--steps", "2", "--batch", "8", "--at-once", "8", "--max-length", "64"]
    ended = subprocess.run([*map(str, command), *numbers], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr[-2000:]
    assert json.loads(ended.stdout.splitlines()[-1])["steps"] == 2
    assert hashlib.sha256(data.read_bytes()).hexdigest() in (out / "README.md").read_text(encoding="utf-8")
    assert {"curve.png", "curve.csv"} <= {path.name for path in out.iterdir()}
