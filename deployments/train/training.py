"""The trainings by TRL: fine-tuning of all weights or of an adapter, and GRPO with the verifier as reward."""

from __future__ import annotations

import os
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset, load_dataset
from peft import LoraConfig
from transformers import set_seed
from transformers.trainer_utils import get_last_checkpoint
from trl import GRPOConfig, GRPOTrainer, SFTConfig, SFTTrainer

from deployments.train.loss_curve import write_curve
from deployments.train.model_card import model_card, told
from deployments.train.models import load, multiplies_bfloat16
from deployments.train.recipe import ADAPTER, GENERATIONS, Course, Method, Recipe, accumulation
from gsdp import trl_reward

LIBRARIES = ("torch", "transformers", "trl", "peft")


def train(method: Method, recipe: Recipe, model: str, data: Path, out: Path, course: Course) -> dict[str, Any]:
    """Train, write what came of it into `out`, and tell the last loss. An interrupted training goes on."""
    set_seed(course.seed)
    loaded, tokenizer = load(model)
    rows = read(data, method)
    shared = common(recipe, out, course)
    make = grpo if method == "grpo" else sft
    trainer = make(method, recipe, loaded, tokenizer, rows, shared)
    # What a killed training left is resumed; a finished one would only be finished again.
    last = get_last_checkpoint(str(out)) if out.is_dir() else None
    trainer.train(resume_from_checkpoint=last)
    trainer.save_model(str(out))
    tokenizer.save_pretrained(str(out))
    key = "reward" if method == "grpo" else "loss"
    curve = write_curve(trainer.state.log_history, key, out)
    settings = told(method, recipe, course.seed, {name: version(name) for name in LIBRARIES})
    # The name of a folder, without the path of somebody's machine.
    base = Path(model).name if Path(model).exists() else model
    card = model_card(base, method, data, len(rows), {**settings, "steps": str(trainer.state.global_step)}, curve)
    (out / "README.md").write_text(card, encoding="utf-8")
    return {
        "method": method,
        "rows": len(rows),
        "steps": trainer.state.global_step,
        key: curve[-1][1] if curve else None,
    }


def read(data: Path, method: Method) -> Dataset:
    """The rows of a file in the columns that a trainer reads."""
    rows = load_dataset("json", data_files=str(data), split="train")
    if method == "grpo":
        return rows.select_columns(["prompt", "answer"])

    # Prompt and completion apart: the loss is that of the solution alone.
    def apart(row: dict[str, Any]) -> dict[str, Any]:
        return {"prompt": row["messages"][:-1], "completion": row["messages"][-1:]}

    return rows.map(apart, remove_columns=rows.column_names)


def common(recipe: Recipe, out: Path, course: Course) -> dict[str, Any]:
    """The settings that both trainers take."""
    devices = int(os.environ.get("WORLD_SIZE", "1"))
    return {
        "output_dir": str(out),
        "num_train_epochs": recipe.epochs,
        "max_steps": course.steps,
        "learning_rate": recipe.learning_rate,
        "lr_scheduler_type": recipe.schedule,
        "warmup_steps": recipe.warmup,
        "weight_decay": recipe.weight_decay,
        "per_device_train_batch_size": course.at_once,
        "gradient_accumulation_steps": accumulation(recipe.batch, course.at_once, devices),
        "bf16": multiplies_bfloat16(),
        "use_cpu": not torch.cuda.is_available(),
        "gradient_checkpointing": torch.cuda.is_available(),
        "seed": course.seed,
        "data_seed": course.seed,
        "logging_steps": 1,
        "save_strategy": "steps",
        "save_steps": 200,
        "save_total_limit": 1,
        "report_to": "none",
        "deepspeed": str(course.deepspeed) if course.deepspeed else None,
    }


def sft(
    method: Method, recipe: Recipe, model: Any, tokenizer: Any, rows: Dataset, shared: dict[str, Any]
) -> SFTTrainer:
    """Fine-tuning on the solutions, of all weights or of an adapter."""
    adapter = None
    if method == "lora":
        adapter = LoraConfig(
            r=ADAPTER.rank,
            lora_alpha=ADAPTER.alpha,
            lora_dropout=ADAPTER.dropout,
            target_modules=ADAPTER.target,
            task_type="CAUSAL_LM",
        )
    config = SFTConfig(max_length=recipe.max_length, completion_only_loss=True, **shared)
    return SFTTrainer(model, config, train_dataset=rows, processing_class=tokenizer, peft_config=adapter)


def grpo(_: Method, recipe: Recipe, model: Any, tokenizer: Any, rows: Dataset, shared: dict[str, Any]) -> GRPOTrainer:
    """Answers to one problem are compared by whether `gsdp.verify` takes their final answer."""
    config = GRPOConfig(max_completion_length=recipe.max_length, num_generations=GENERATIONS, **shared)
    return GRPOTrainer(model, trl_reward, config, train_dataset=rows, processing_class=tokenizer)
