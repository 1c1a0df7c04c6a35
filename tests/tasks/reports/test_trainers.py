"""The files of a dataset, read by the libraries that they are for, as they are.

In an environment of their own, since some of these do not go with each other:
`uv run --with datasets --with trl --with torch pytest -m trainers tests/tasks/reports/test_trainers.py`
"""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any, get_args

import pytest

from tasks.settings.sections import Format
from tests.support.rehearsal import SEEDS
from tests.support.rehearsed import InProcess, rehearsed_settings, run_all

# The libraries' own warnings are not ours to mend.
pytestmark = [pytest.mark.trainers, pytest.mark.filterwarnings("ignore")]

CHAT = (
    "{% for m in messages %}{{ m['role'] }}: {{ m['content'] }}{{ eos_token }}{% endfor %}"
    "{% if add_generation_prompt %}assistant: {% endif %}"
)


@pytest.fixture(scope="module", autouse=True)
def offline(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {"HF_HUB_OFFLINE": "1", "DISABLE_VERSION_CHECK": "1", "WANDB_MODE": "disabled"}.items():
            patch.setenv(name, value)
        patch.setenv("HF_DATASETS_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset in every format, with a split."""
    place = tmp_path_factory.mktemp("trainers")
    seeds = place / "seeds.jsonl"
    seeds.write_text("\n".join(SEEDS.read_text(encoding="utf-8").splitlines()[:40]), encoding="utf-8")
    publish = {"name": "made", "formats": list(get_args(Format)), "validation": 0.2}
    settings = rehearsed_settings(place, target_pairs=30, publish=publish, seeds=[{"path": seeds}])
    asyncio.run(run_all(settings, InProcess(), 60))
    return settings.workspace / "dataset"


def lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def test_datasets_gives_readers_all_columns_and_trainers_the_turns(folder: Path) -> None:
    datasets = pytest.importorskip("datasets", reason="datasets reads what is published")
    pairs, turns = datasets.load_dataset(str(folder)), datasets.load_dataset(str(folder), "messages")
    assert {*pairs} == {*turns} == {"train", "validation"}
    wanted = lines(folder / "data/messages.jsonl")
    assert turns["train"].to_list() == wanted
    assert pairs["train"]["id"][:] == [row["id"] for row in wanted]
    for file in (folder / "data").glob("*.jsonl"):
        read = datasets.load_dataset("json", data_files=str(file), split="train")
        assert read.to_list() == lines(file), file.name


@pytest.fixture
def tokenizer() -> Any:
    """One of bytes, made here."""
    tokenizers = pytest.importorskip("tokenizers", reason="trainers take a tokenizer")
    transformers = pytest.importorskip("transformers", reason="trainers take a tokenizer")
    signs = ["<pad>", "<eos>", *sorted(tokenizers.pre_tokenizers.ByteLevel.alphabet())]
    made = tokenizers.Tokenizer(tokenizers.models.BPE(vocab={sign: i for i, sign in enumerate(signs)}, merges=[]))
    made.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = tokenizers.decoders.ByteLevel()
    whole = transformers.PreTrainedTokenizerFast(tokenizer_object=made, pad_token="<pad>", eos_token="<eos>")
    whole.chat_template = CHAT
    return whole


def model(tokenizer: Any) -> Any:
    """A model that learns nothing in no time."""
    transformers = pytest.importorskip("transformers", reason="trainers train a model")
    size = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "max_position_embeddings": 4096}
    heads = {"num_attention_heads": 2, "num_key_value_heads": 2}
    return transformers.LlamaForCausalLM(transformers.LlamaConfig(vocab_size=len(tokenizer), **size, **heads))


STEP = {"max_steps": 1, "use_cpu": True, "bf16": False, "report_to": "none", "save_strategy": "no"}


@pytest.mark.parametrize("name", ["messages", "trl"])
def test_trl_fine_tunes_on_it(name: str, folder: Path, tokenizer: Any, tmp_path: Path) -> None:
    trl = pytest.importorskip("trl", reason="TRL trains on messages, trl and grpo")
    datasets = pytest.importorskip("datasets", reason="TRL takes its datasets")
    rows = datasets.load_dataset("json", data_files=str(folder / f"data/{name}.jsonl"), split="train")
    arguments = trl.SFTConfig(output_dir=str(tmp_path), per_device_train_batch_size=2, **STEP)
    trainer = trl.SFTTrainer(model(tokenizer), args=arguments, train_dataset=rows, processing_class=tokenizer)
    trainer.train()
    assert len(trainer.train_dataset) == len(rows) > 0


def test_trl_rewards_by_its_answers(folder: Path, tokenizer: Any, tmp_path: Path) -> None:
    trl = pytest.importorskip("trl", reason="TRL trains on messages, trl and grpo")
    datasets = pytest.importorskip("datasets", reason="TRL takes its datasets")
    rows = datasets.load_dataset("json", data_files=str(folder / "data/grpo.jsonl"), split="train")
    seen: list[str] = []

    def reward(completions: list[Any], answer: list[str], **_: Any) -> list[float]:
        seen.extend(answer)
        return [0.0] * len(completions)

    size = {"per_device_train_batch_size": 2, "num_generations": 2, "max_completion_length": 4}
    arguments = trl.GRPOConfig(output_dir=str(tmp_path), **size, **STEP)
    trl.GRPOTrainer(
        model(tokenizer), reward_funcs=reward, args=arguments, train_dataset=rows, processing_class=tokenizer
    ).train()
    assert {*seen} <= {row["answer"] for row in lines(folder / "data/grpo.jsonl")}
    assert seen


def test_verl_reads_prompts_and_ground_truth(folder: Path, tokenizer: Any, tmp_path: Path) -> None:
    rl = pytest.importorskip("verl.utils.dataset.rl_dataset", reason="verl reads verl.parquet")
    omegaconf = pytest.importorskip("omegaconf", reason="verl takes its settings")
    config = omegaconf.OmegaConf.create({"cache_dir": str(tmp_path), "prompt_key": "prompt", "max_prompt_length": 4096})
    rows = rl.RLHFDataset(data_files=[str(folder / "data/verl.parquet")], tokenizer=tokenizer, config=config)
    wanted = lines(folder / "data/grpo.jsonl")
    assert len(rows) == len(wanted)
    first = rows[0]
    assert first["reward_model"] == {"style": "rule", "ground_truth": wanted[0]["answer"]}
    assert [*first["raw_prompt"]] == wanted[0]["prompt"]


@pytest.mark.parametrize("name", ["messages", "alpaca", "sharegpt"])
def test_llama_factory_finds_it_by_the_names_that_we_write(name: str, folder: Path, tmp_path: Path) -> None:
    parser = pytest.importorskip("llamafactory.data.parser", reason="LLaMA-Factory reads dataset_info.json")
    loader = pytest.importorskip("llamafactory.data.loader", reason="LLaMA-Factory reads dataset_info.json")
    given = pytest.importorskip("llamafactory.hparams", reason="LLaMA-Factory reads dataset_info.json")
    transformers = pytest.importorskip("transformers", reason="LLaMA-Factory rests on it")
    place = str(folder / "data")
    (found,) = parser.get_dataset_list([f"made-{name}"], place)
    rows = loader._load_single_dataset(
        found,
        given.ModelArguments(model_name_or_path="none", cache_dir=str(tmp_path)),
        given.DataArguments(dataset_dir=place),
        transformers.Seq2SeqTrainingArguments(output_dir=str(tmp_path), use_cpu=True),
    )
    wanted = lines(folder / "data/messages.jsonl")
    assert [row["_prompt"][0]["content"] for row in rows] == [row["messages"][0]["content"] for row in wanted]
    assert [row["_response"][0]["content"] for row in rows] == [row["messages"][1]["content"] for row in wanted]
