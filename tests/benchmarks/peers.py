"""The same calls through another program: Curator or distilabel, each in an environment of its own.

    ENVIRONMENT/bin/python tests/benchmarks/peers.py curator|distilabel BASE_URL CALLS IN_FLIGHT < PROMPT

Started by throughput.py; imports nothing of ours. Prints calls per second: the time of that many calls, less the time
of a tenth of them, so that starting up does not count; and after a tenth for which no time is taken.

distilabel 1.5 wants requests and openai<2 beside it.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from typing import Any

os.environ |= {
    "TELEMETRY_ENABLED": "false",
    "CURATOR_DISABLE_RICH_DISPLAY": "1",
    "CURATOR_DISABLE_CACHE": "1",
    "CURATOR_CACHE_DIR": tempfile.mkdtemp(),
    "HF_HUB_OFFLINE": "1",
    "HF_DATASETS_OFFLINE": "1",
    "OPENAI_API_KEY": "none",
}


class StandIn:
    """An encoder in place of the one that tiktoken fetches from the network; one token for four characters."""

    name = "stand-in"

    def encode(self, text: str, **_: object) -> list[int]:
        """As many numbers as a real encoder would give."""
        return [0] * (len(text) // 4)


def curator(base_url: str, prompts: list[str], in_flight: int) -> int:
    """Curator's own way of asking a compatible server."""
    import tiktoken  # type: ignore[import-not-found]

    tiktoken.get_encoding = tiktoken.encoding_for_model = lambda *_: StandIn()
    from bespokelabs import curator as peer  # type: ignore[import-not-found]

    class Composer(peer.LLM):  # type: ignore[misc]
        def prompt(self, row: dict[str, str]) -> str:
            return row["prompt"]

        def parse(self, row: dict[str, str], response: str) -> dict[str, str]:
            return {"text": response}

    limits = {"max_requests_per_minute": 10**7, "max_tokens_per_minute": 10**10, "max_concurrent_requests": in_flight}
    asked = Composer(
        model_name="canned",
        backend="openai",
        backend_params={"base_url": base_url, "api_key": "none", **limits},
        generation_params={"temperature": 0.9, "max_tokens": 2048},
    )
    found: Any = asked([{"prompt": prompt} for prompt in prompts])
    return len(getattr(found, "dataset", found))


def distilabel(base_url: str, prompts: list[str], in_flight: int) -> int:
    """distilabel's pipeline of one step."""
    from distilabel.models import OpenAILLM  # type: ignore[import-not-found]
    from distilabel.pipeline import Pipeline  # type: ignore[import-not-found]
    from distilabel.steps import LoadDataFromDicts  # type: ignore[import-not-found]
    from distilabel.steps.tasks import TextGeneration  # type: ignore[import-not-found]

    with Pipeline(name="peer") as pipeline:
        load = LoadDataFromDicts(data=[{"instruction": prompt} for prompt in prompts], batch_size=in_flight)
        options = {"temperature": 0.9, "max_new_tokens": 2048}
        llm = OpenAILLM(model="canned", base_url=base_url, api_key="none", generation_kwargs=options)
        load >> TextGeneration(llm=llm, input_batch_size=in_flight)
    found = pipeline.run(use_cache=False)
    return sum(row["generation"] is not None for row in found["default"]["train"])


PEERS = {"curator": curator, "distilabel": distilabel}


def main() -> None:
    """Ask a tenth twice, then all, and print calls per second on the real standard output."""
    name, base_url, calls, in_flight = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    prompt = sys.stdin.read()
    out = os.dup(1)
    os.dup2(2, 1)  # what a peer prints is not a result
    seconds = []
    for count in (calls // 10, calls // 10, calls):
        began = time.monotonic()
        # Each prompt differs, or a cache would answer.
        served = PEERS[name](base_url, [f"{prompt} ({len(seconds)}/{number})" for number in range(count)], in_flight)
        seconds.append(time.monotonic() - began)
        if served != count:
            raise SystemExit(f"{name} had {served} of {count} answers")
    os.write(out, f"{(calls - calls // 10) / (seconds[2] - seconds[1]):.0f}\n".encode())


if __name__ == "__main__":
    main()
