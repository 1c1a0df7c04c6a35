"""`python -m deployments.sandbox`: starts the rehearsal server and prints where it listens, as one line of JSON.

With `--parent-pid` it ends by itself soon after that process has ended, so that a killed run leaves no server behind.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import socket
from pathlib import Path

from aiohttp import web

from deployments.sandbox.faults import FAULTS, FaultPlan
from deployments.sandbox.roles import ErrorRates
from deployments.sandbox.server import Behaviour, SandboxServer

_POLL_SECONDS = 0.5


def _share(text: str) -> float:
    value = float(text)
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and 1")
    return value


def _fault_names(text: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    for name in names:
        if name not in FAULTS:
            raise argparse.ArgumentTypeError(f"unknown fault {name!r}; there are {', '.join(FAULTS)}")
    return names


def _arguments(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m deployments.sandbox",
        description="A rehearsal server that plays every role of the pipeline offline. It is not a model.",
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--parent-pid", type=int, help="end when this process ends")
    parser.add_argument("--api-key", default=os.environ.get("GSDP_SANDBOX_KEY"), help="also from GSDP_SANDBOX_KEY")
    parser.add_argument("--bad-problems", type=_share, default=0.0, help="share of flawed problems")
    parser.add_argument(
        "--weak-subjects", type=_share, default=0.0, help="share of subjects with mostly flawed problems"
    )
    parser.add_argument("--wrong-solutions", type=_share, default=0.0, help="share of wrong solutions")
    parser.add_argument("--noisy-judges", type=_share, default=0.0, help="share of flipped opinions")
    parser.add_argument("--yes-judge", type=int, default=0, help="number of a judge that is content with everything")
    parser.add_argument("--credulous-judge", type=int, default=0, help="number of a judge that believes what it reads")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds before each answer")
    parser.add_argument("--latency-jitter", type=_share, default=0.0, help="share by which latency varies")
    parser.add_argument("--max-concurrent", type=int, default=0, help="429 above so many requests in flight")
    parser.add_argument("--fault-rate", type=_share, default=0.0, help="share of attempts that fail")
    parser.add_argument("--faults", type=_fault_names, default=(), help=f"comma-separated: {', '.join(FAULTS)}")
    parser.add_argument("--drip-seconds", type=float, default=2.0, help="how long the fault drip trickles")
    parser.add_argument("--think", action="store_true", help="start each answer with a <think> block")
    return parser.parse_args(argv)


def _behaviour(args: argparse.Namespace) -> Behaviour:
    return Behaviour(
        rates=ErrorRates(
            bad_problems=args.bad_problems,
            wrong_solutions=args.wrong_solutions,
            noisy_judges=args.noisy_judges,
            yes_judge=args.yes_judge,
            credulous_judge=args.credulous_judge,
            weak_subjects=args.weak_subjects,
        ),
        faults=FaultPlan(args.fault_rate, args.faults or (tuple(FAULTS) if args.fault_rate else ())),
        latency=args.latency,
        latency_jitter=args.latency_jitter,
        max_concurrent=args.max_concurrent,
        think=args.think,
        api_key=args.api_key or None,
        drip_seconds=args.drip_seconds,
    )


def _is_alive(pid: int) -> bool:
    """Whether a process runs; one that is dead but not yet reaped counts as ended."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return True
    return state.rpartition(")")[2].split()[0] not in "ZX"


async def _watch(pid: int, done: asyncio.Event) -> None:
    while _is_alive(pid):  # noqa: ASYNC110 - the end of another process is no event here
        await asyncio.sleep(_POLL_SECONDS)
    done.set()


def _listener(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=2048)


async def serve(args: argparse.Namespace) -> None:
    """Listens until a signal or the end of the parent."""
    done = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, done.set)
    runner = web.AppRunner(SandboxServer(_behaviour(args)).application(), access_log=None, shutdown_timeout=0.2)
    await runner.setup()
    listener = _listener(args.host, args.port)
    await web.SockSite(runner, listener).start()
    shown = f"[{args.host}]" if ":" in args.host else args.host
    url = f"http://{shown}:{listener.getsockname()[1]}/v1"
    print(json.dumps({"base_url": url, "pid": os.getpid()}), flush=True)
    watcher = loop.create_task(_watch(args.parent_pid, done)) if args.parent_pid else None
    await done.wait()
    if watcher is not None:
        watcher.cancel()
    await runner.cleanup()


def main() -> None:
    """Entry point of `python -m deployments.sandbox`."""
    args = _arguments()
    try:
        asyncio.run(serve(args))
    except OSError as problem:
        raise SystemExit(
            f"The sandbox cannot listen on {args.host}:{args.port}: {problem}. Choose another port."
        ) from None


if __name__ == "__main__":
    main()
