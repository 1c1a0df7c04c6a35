"""Images are built of what is written down: every package with its hashes, every base by its digest."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from deployments import pin
from deployments.pin import CONSTRAINTS, IMAGES, digest, with_digests
from tests.support.rehearsal import ROOT

PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
HASH = "sha256:" + "0a" * 32


def pinned() -> dict[str, list[Version]]:
    found: dict[str, list[Version]] = {}
    for entry in re.split(r"\n(?=\S)", CONSTRAINTS.read_text(encoding="utf-8")):
        if entry.startswith("#"):
            continue
        first, *hashes = entry.split(" \\\n")
        assert hashes, f"{first} has no hash"
        assert all(re.fullmatch(r"\s+--hash=sha256:[0-9a-f]{64}\s*", each) for each in hashes), first
        required = Requirement(first)
        (only,) = required.specifier
        assert only.operator == "==", first
        found.setdefault(canonicalize_name(required.name), []).append(Version(only.version))
    return found


def test_every_package_of_the_image_is_pinned_with_hashes() -> None:
    versions = pinned()
    project, groups = PYPROJECT["project"], PYPROJECT["dependency-groups"]
    asked = map(
        Requirement, [*project["dependencies"], *project["optional-dependencies"]["services"], *groups["build"]]
    )
    for required in asked:
        there = versions[canonicalize_name(required.name)]
        assert all(required.specifier.contains(version) for version in there), f"{required}: pin constraints again"
    text = CONSTRAINTS.read_text(encoding="utf-8")
    assert "://" not in text
    assert len(text) < 1_000_000
    assert "--require-hashes --requirement deployments/constraints.txt" in (ROOT / "Dockerfile").read_text()


def test_every_base_is_named_in_one_place() -> None:
    lines = [line for line in IMAGES.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    files = (ROOT / "compose.yaml").read_text() + (ROOT / "Dockerfile").read_text()
    for name, _, image in (line.partition("=") for line in lines):
        assert f"{name}:-{image.partition('@')[0]}" in files
    assert not re.search(r"^\s*image: (?!gsdp$|\$)", files, re.MULTILINE), "an image that is not pinned"
    assert re.findall(r"^FROM (.*)$", files, re.MULTILINE) == ["${PYTHON_IMAGE}"]


def test_digests_are_what_the_registry_tells(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    docker = tmp_path / "docker"
    docker.write_text(
        f'#!/bin/sh\n[ "$4" = gone:1 ] && {{ echo "no such image" >&2; exit 1; }}\necho "Name: $4\nDigest:    {HASH}"\n'
    )
    docker.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert with_digests("# bases\nONE=python:3.12\nTWO=redis:7@sha256:old\n") == (
        f"# bases\nONE=python:3.12@{HASH}\nTWO=redis:7@{HASH}\n"
    )
    with pytest.raises(SystemExit, match="gone:1 cannot be asked for: no such image"):
        digest("gone:1")
    monkeypatch.setenv("PATH", str(tmp_path / "nowhere"))
    with pytest.raises(SystemExit, match="docker is not there"):
        digest("redis:7")


def test_a_word_that_is_none_of_the_commands_tells_them() -> None:
    with pytest.raises(SystemExit, match="constraints"):
        pin.main(["everything"])


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("No known vulnerabilities found", 0),
        ("Found 2 known vulnerabilities in 1 package", 1),
        ("ERROR: no network", None),
    ],
)
def test_an_audit_that_found_nothing_out_says_so(
    said: str, code: int | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    uv = tmp_path / "uv"
    uv.write_text(f'#!/bin/sh\necho "{said}" >&2\nexit {1 if code is None else code}\n')
    uv.chmod(0o755)
    monkeypatch.setenv("UV", str(uv))
    if code is None:
        with pytest.raises(SystemExit, match="were not audited, so nothing is known of faults"):
            pin.main(["audit"])
    else:
        assert pin.main(["audit"]) == code


def test_a_list_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(
        SystemExit, match=r"cannot be written \(No such file or directory\): make it and its folder writable"
    ):
        pin.write(tmp_path / "nowhere/list.json", "{}")
