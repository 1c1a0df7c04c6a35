"""Pools of containers: a run's job is made of the pool's template by Prefect's own workers, against servers that stand
in for a cluster and for a Docker daemon. `uv run --group containers pytest -m services`.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from prefect.client.orchestration import PrefectClient, get_client
from prefect.exceptions import ObjectNotFound

from deployments import POOL
from deployments.declared import declared, deploy
from deployments.prepare import Kind, make_pool

DEPLOYED = "ingest/ingest"
NEEDED = {"kubernetes": "prefect_kubernetes", "docker": "prefect_docker"}
MISSING = [name for name in NEEDED.values() if importlib.util.find_spec(name) is None]
pytestmark = [
    pytest.mark.services,
    # Their clients leave connections to the garbage collector.
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.skipif(bool(MISSING), reason=f"needs {', '.join(MISSING)}: uv run --group containers"),
]
Request = tuple[str, str, Any]
"""Method, path and body."""


@contextmanager
def stand_in(answers: dict[str, Any]) -> Iterator[tuple[str, list[Request]]]:
    """The address of a server that answers by the first pattern of `answers` that fits, and what it was asked."""
    asked: list[Request] = []

    class StandIn(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            body = json.loads(sent) if sent else None
            asked.append((self.command, self.path, body))
            line = f"{self.command} {self.path}"
            found: Any = next((given for pattern, given in answers.items() if re.search(pattern, line)), {})
            content = json.dumps(found(body) if callable(found) else found).encode()
            self.send_response(201 if "create" in line else 200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_DELETE = do_PUT = answer  # noqa: N815  the names that http.server gives

        def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), StandIn) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_port}", asked
        server.shutdown()


@pytest.fixture
async def client(prefect_server: str) -> AsyncIterator[PrefectClient]:
    async with get_client() as client:
        yield client
        with suppress(ObjectNotFound):
            await client.delete_deployment((await client.read_deployment_by_name(DEPLOYED)).id)
        for kind in NEEDED:
            with suppress(ObjectNotFound):
                await client.delete_work_pool(f"{POOL}-{kind}")


async def submit(client: PrefectClient, kind: Kind, worker_class: Any, image: str | None = None) -> None:
    """Prepare a pool and a deployment on it, begin a run, and let a worker of Prefect's submit it."""
    pool = f"{POOL}-{kind}"
    await make_pool(client, pool, kind, reset=False)
    (one,) = [each for each in declared(pool, image) if each.title == DEPLOYED]
    await deploy(client, one, reset=False, moved=True)
    deployed = await client.read_deployment_by_name(DEPLOYED)
    settings = {"workspace": "runs/x", "seeds": [{"path": "seeds"}], "endpoint": "block:main"}
    await client.create_flow_run_from_deployment(deployed.id, parameters={"settings": settings})
    async with worker_class(work_pool_name=pool) as worker:
        await worker.get_and_submit_flow_runs()


async def test_a_pool_on_kubernetes_makes_a_job_of_its_template(
    client: PrefectClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def made(job: dict[str, Any]) -> dict[str, Any]:
        return {**job, "metadata": {**job["metadata"], "name": "made", "namespace": "default", "uid": "1"}}

    with stand_in({"POST .*/jobs": made}) as (address, asked):
        cluster = {"name": "c", "cluster": {"server": f"http://{address}"}}
        context = {"name": "x", "context": {"cluster": "c", "user": "u"}}
        config = {"apiVersion": "v1", "kind": "Config", "current-context": "x", "clusters": [cluster]}
        config |= {"contexts": [context], "users": [{"name": "u", "user": {}}]}
        (tmp_path / "config").write_text(json.dumps(config))
        # It would watch pods, which nobody has here.
        monkeypatch.setenv("PREFECT_INTEGRATIONS_KUBERNETES_OBSERVER_ENABLED", "false")
        monkeypatch.setenv("KUBECONFIG", str(tmp_path / "config"))
        worker = importlib.import_module("prefect_kubernetes.worker").KubernetesWorker
        await submit(client, "kubernetes", worker)
    ((_, path, job),) = [request for request in asked if request[1].endswith("/jobs")]
    assert path == "/apis/batch/v1/namespaces/default/jobs"
    spec = job["spec"]["template"]["spec"]
    (container,) = spec["containers"]
    assert (container["image"], container["imagePullPolicy"]) == ("gsdp:latest", "IfNotPresent")
    assert container["args"][:3] == ["prefect", "flow-run", "execute"]
    assert container["envFrom"] == [{"secretRef": {"name": "gsdp-keys", "optional": True}}]
    assert {"PREFECT_API_URL", "PREFECT_FLOWS_HEARTBEAT_FREQUENCY"} <= {each["name"] for each in container["env"]}
    assert spec["imagePullSecrets"] == [{"name": "gsdp-registry"}]
    assert spec["volumes"] == [{"name": "data", "persistentVolumeClaim": {"claimName": "gsdp-data"}}]
    assert spec["securityContext"]["runAsNonRoot"] is True


async def test_a_pool_on_docker_makes_a_container_of_its_template(
    client: PrefectClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = {"Status": "exited", "Running": False, "ExitCode": 0}
    container = {"Id": "abc", "Name": "/made", "State": ended, "Config": {"Tty": True}, "Image": "sha256:1"}
    container["HostConfig"] = {"LogConfig": {"Type": "none"}}
    answers = {
        "GET .*/version": {"ApiVersion": "1.43", "MinAPIVersion": "1.24", "Version": "24.0.0"},
        "GET .*/images/": {"Id": "sha256:1", "RepoTags": ["registry.example/gsdp:1"]},
        "POST .*/containers/create": {"Id": "abc", "Warnings": []},
        "POST .*/wait": {"StatusCode": 0},
        "GET .*/containers/abc/json": container,
    }
    with stand_in(answers) as (address, asked):
        monkeypatch.setenv("DOCKER_HOST", f"tcp://{address}")
        worker = importlib.import_module("prefect_docker.worker").DockerWorker
        await submit(client, "docker", worker, image="registry.example/gsdp:1")
    assert not [path for method, path, _ in asked if method == "POST" and "/images/create" in path], "it is there"
    (made,) = [body for _, path, body in asked if "/containers/create" in path]
    assert made["Image"] == "registry.example/gsdp:1"
    assert made["Cmd"][:3] == ["prefect", "flow-run", "execute"]
    assert made["HostConfig"]["Binds"] == ["gsdp_data:/data"]
    assert (made["HostConfig"]["CapDrop"], made["HostConfig"]["Init"]) == (["ALL"], True)
    assert any(name.startswith("PREFECT_FLOWS_HEARTBEAT_FREQUENCY=") for name in made["Env"])


async def test_no_deployment_names_a_folder_of_the_machine_that_deployed_it(client: PrefectClient) -> None:
    for one in declared(f"{POOL}-docker", None):
        assert one.owned["pull_steps"] == [{"deployments.pull.from_installation": {}}]
        assert str(Path.cwd()) not in json.dumps(one.owned["pull_steps"]) + json.dumps(one.editable)
