"""Models and tokenizers from a folder, a name, or a GGUF file; on whatever device there is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer


def load(model: str) -> tuple[Any, Any]:
    """A model in the precision of the device, and its tokenizer; the weights of a GGUF file are dequantized."""
    path = Path(model)
    where = {"pretrained_model_name_or_path": model}
    if path.suffix == ".gguf":
        where = {"pretrained_model_name_or_path": str(path.parent), "gguf_file": path.name}
    tokenizer = AutoTokenizer.from_pretrained(**where)
    loaded = AutoModelForCausalLM.from_pretrained(**where, dtype=precision())
    if path.suffix == ".gguf":
        loaded = plain(loaded)
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    return loaded, tokenizer


def plain(loaded: Any) -> Any:
    """The same weights without the mark that they were quantized, which trainers refuse."""
    config = loaded.config
    if hasattr(config, "quantization_config"):
        del config.quantization_config
    fresh = AutoModelForCausalLM.from_config(config, dtype=loaded.dtype)
    fresh.load_state_dict(loaded.state_dict())
    return fresh


def precision() -> Any:
    """Of the weights: bfloat16 on an accelerator that has it, else 32 bits."""
    return torch.bfloat16 if torch.cuda.is_available() and multiplies_bfloat16() else torch.float32


def multiplies_bfloat16() -> bool:
    """Whether the device has instructions for bfloat16; a processor that has them trains about twice as fast."""
    if torch.cuda.is_available():
        return bool(torch.cuda.is_bf16_supported())
    found: dict[str, object] = getattr(torch.cpu, "get_capabilities", dict)()
    return any(found.get(name) for name in ("avx512_bf16", "amx_bf16"))
