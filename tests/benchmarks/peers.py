"""The same calls through another program: Curator or distilabel, each in an environment of its own.

    ENVIRONMENT/bin/python tests/benchmarks/peers.py curator|distilabel BASE_URL CALLS IN_FLIGHT < PROMPT

Started by throughput.py; imports nothing of ours. Prints calls per second and milliseconds of CPU a call: the time of
that many calls, less the time of a tenth of them, so that starting up does not count; and after a tenth for which no
time is taken.

distilabel 1.5 wants requests and openai<2 beside it.
"""

from __future__ import annotations

import os
import resource
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


def cpu() -> float:
    """Seconds of this process and of those that it started and that have ended."""
    used = (resource.getrusage(whose) for whose in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(each.ru_utime + each.ru_stime for each in used)


def main() -> None:
    """Ask a tenth twice, then all, and print what it took on the real standard output."""
    name, base_url, calls, in_flight = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    prompt = sys.stdin.read()
    out = os.dup(1)
    os.dup2(2, 1)  # what a peer prints is not a result
    taken: list[tuple[float, float]] = []
    for count in (calls // 10, calls // 10, calls):
        began, used = time.monotonic(), cpu()
        # Each prompt differs, or a cache would answer.
        served = PEERS[name](base_url, [f"{prompt} ({len(taken)}/{number})" for number in range(count)], in_flight)
        taken.append((time.monotonic() - began, cpu() - used))
        if served != count:
            raise SystemExit(f"{name} had {served} of {count} answers")
    counted, (seconds, used) = calls - calls // 10, (last - first for first, last in zip(*taken[1:], strict=True))
    os.write(out, f"{counted / seconds:.0f} {1e3 * used / counted:.3f}\n".encode())


if __name__ == "__main__":
    main()
