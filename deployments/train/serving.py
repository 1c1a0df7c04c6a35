"""A trained model behind the chat API, so that `gsdp evaluate` can ask it: for models as small as those of the proof.

    uv run --group train python -m deployments.train.serving MODEL --port 8000

Greedy answers alone, whatever temperature is asked for: before and after are to differ by the training and not by
luck. Requests that come together are answered together. It listens on this machine only, and is no server for others;
for models of use take vLLM, SGLang or llama.cpp.
"""

from __future__ import annotations

import argparse
import json
import queue
import threading
from concurrent.futures import Future
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

import torch

from deployments.train.models import load

TOGETHER = 16
"""Most requests that are answered in one batch."""
PATIENCE = 0.05
"""Seconds to wait for another request to answer along."""


class Request(NamedTuple):
    """A question, and where its answer goes."""

    messages: list[dict[str, str]]
    limit: int
    answer: Future[Answer]


class Answer(NamedTuple):
    """What the model wrote, with its tokens."""

    text: str
    sent: int
    came: int
    whole: bool


class Batcher:
    """Collects requests and answers them in batches, by one thread."""

    def __init__(self, model: str) -> None:
        self._model, self._tokenizer = load(model)
        self._model.eval().to("cuda" if torch.cuda.is_available() else "cpu")
        self._tokenizer.padding_side = "left"
        ends = self._model.generation_config.eos_token_id or self._tokenizer.eos_token_id
        self._ends = set(ends if isinstance(ends, list) else [ends])
        self._waiting: queue.Queue[Request] = queue.Queue()
        threading.Thread(target=self._work, daemon=True).start()

    def ask(self, messages: list[dict[str, str]], limit: int) -> Answer:
        """The model's answer, once there is one."""
        answer: Future[Answer] = Future()
        self._waiting.put(Request(messages, limit, answer))
        return answer.result()

    def _work(self) -> None:
        while True:
            batch = [self._waiting.get()]
            while len(batch) < TOGETHER:
                try:
                    batch.append(self._waiting.get(timeout=PATIENCE))
                except queue.Empty:
                    break
            try:
                answers = self._answers(batch)
            except Exception as error:
                for request in batch:
                    request.answer.set_exception(error)
            else:
                for request, answer in zip(batch, answers, strict=True):
                    request.answer.set_result(answer)

    def _answers(self, batch: list[Request]) -> list[Answer]:
        tokenizer = self._tokenizer
        asked = [
            tokenizer.apply_chat_template(request.messages, add_generation_prompt=True, tokenize=False)
            for request in batch
        ]
        read = tokenizer(asked, return_tensors="pt", padding=True, add_special_tokens=False).to(self._model.device)
        longest = max(request.limit for request in batch)
        written = self._model.generate(
            **read, max_new_tokens=longest, do_sample=False, pad_token_id=tokenizer.pad_token_id
        )[:, read["input_ids"].shape[1] :]
        sent = read["attention_mask"].sum(dim=1).tolist()
        return [
            self._cut(row.tolist(), number, request) for row, number, request in zip(written, sent, batch, strict=True)
        ]

    def _cut(self, tokens: list[int], sent: int, request: Request) -> Answer:
        """An answer up to its end, or to its own limit: others of its batch may have had a higher one."""
        place = next((at for at, token in enumerate(tokens[: request.limit]) if token in self._ends), None)
        whole = place is not None
        own = tokens[: request.limit if place is None else place]
        return Answer(self._tokenizer.decode(own, skip_special_tokens=True), sent, len(own), whole)


def handler(batcher: Batcher, name: str) -> type[BaseHTTPRequestHandler]:
    """The API over a model: its name, and chat completions."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *told: Any) -> None:
            """Nothing: who asks knows."""

        def do_GET(self) -> None:
            self._send(200, {"object": "list", "data": [{"id": name, "object": "model"}]})

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            limit = body.get("max_tokens") or body.get("max_completion_tokens") or 256
            try:
                found = batcher.ask(body["messages"], int(limit))
            except Exception as error:
                self._send(500, {"error": {"message": str(error)}})
                return
            message = {"role": "assistant", "content": found.text}
            reason = "stop" if found.whole else "length"
            usage = {
                "prompt_tokens": found.sent,
                "completion_tokens": found.came,
                "total_tokens": found.sent + found.came,
            }
            choices = [{"index": 0, "message": message, "finish_reason": reason}]
            self._send(
                200,
                {
                    "id": "0",
                    "object": "chat.completion",
                    "created": 0,
                    "model": name,
                    "choices": choices,
                    "usage": usage,
                },
            )

        def _send(self, status: int, told: dict[str, Any]) -> None:
            text = json.dumps(told).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

    return Handler


def main() -> None:
    """Serve a model until the process is ended; the first line of output is its address."""
    parser = argparse.ArgumentParser(prog="python -m deployments.train.serving")
    parser.add_argument("model")
    parser.add_argument("--port", type=int, default=0)
    given = parser.parse_args()
    server = ThreadingHTTPServer(("127.0.0.1", given.port), handler(Batcher(given.model), Path(given.model).stem))
    server.daemon_threads = True
    print(f"http://127.0.0.1:{server.server_address[1]}/v1", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
