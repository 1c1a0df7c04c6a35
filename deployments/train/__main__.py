"""Train a model on a published dataset: one script for processors and accelerators.

    uv run --group train python -m deployments.train DATASET --method lora --model MODEL --out FOLDER

DATASET is a folder of `gsdp publish`, or one of its JSON Lines files: `messages.jsonl` for `full` and `lora`, or
`grpo.jsonl` for `grpo`. On several devices start it with `accelerate launch -m deployments.train ...`, for a large
model with `--deepspeed deployments/train/zero3.json`. The same command again goes on from its last checkpoint. FOLDER
gets the model, `curve.png`, `curve.csv` and a card that names the data by their hash.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from deployments.train.recipe import RECIPES, Course, Method

FILES: dict[Method, str] = {"full": "messages.jsonl", "lora": "messages.jsonl", "grpo": "grpo.jsonl"}


def arguments(given: Sequence[str] | None = None) -> argparse.Namespace:
    """What the command line says; numbers that it leaves out are the recipe's."""
    parser = argparse.ArgumentParser(prog="python -m deployments.train", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("dataset", type=Path, help="folder of gsdp publish, or a JSON Lines file")
    parser.add_argument("--model", required=True, help="folder, name or GGUF file of the model to train")
    parser.add_argument("--method", choices=RECIPES, default="lora")
    parser.add_argument("--out", type=Path, required=True, help="folder for the trained model")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--at-once", type=int, default=4, help="examples that a device takes at once")
    parser.add_argument("--steps", type=int, default=-1, help="stop after so many steps; all epochs if left out")
    parser.add_argument("--batch", type=int, help="examples of a step")
    parser.add_argument("--learning-rate", type=float)
    parser.add_argument("--max-length", type=int, help="tokens of an example, of grpo of an answer")
    parser.add_argument("--deepspeed", type=Path, help="DeepSpeed's settings, such as zero3.json")
    return parser.parse_args(given)


def data_file(dataset: Path, method: Method) -> Path:
    """The file to train on. Raises SystemExit where the dataset has none."""
    path = dataset if dataset.is_file() else dataset / "data" / FILES[method]
    if not path.is_file():
        wanted = FILES[method].removesuffix(".jsonl")
        raise SystemExit(f'{path} is not there: add "{wanted}" to formats under [publish] and publish again.')
    return path


def main() -> None:
    """Train, and write the model with its curve and card."""
    given = arguments()
    changed = {"batch": given.batch, "learning_rate": given.learning_rate, "max_length": given.max_length}
    recipe = RECIPES[given.method]._replace(**{key: value for key, value in changed.items() if value is not None})
    data = data_file(given.dataset, given.method)
    # Late, so that --help and the tests of the numbers need no torch.
    from deployments.train.training import train

    course = Course(given.seed, given.at_once, given.steps, given.deepspeed)
    print(json.dumps(train(given.method, recipe, given.model, data, given.out, course)))


if __name__ == "__main__":
    main()
