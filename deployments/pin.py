"""What makes builds repeatable, written down by commands: `python -m deployments.pin` with

- `constraints`: `deployments/constraints.txt`, every package of the image in one version, with the hashes of its files.
- `images`: `deployments/images.env`, the image bases by their digests, as the registry tells them to `docker`.
- `sbom FILE`: a list of all packages in the CycloneDX format (JSON).
- `audit`: what is known to be wrong with these packages; needs the network, and says so where there is none.

Run them as `python3 -m uv run python -m deployments.pin ...`. No address of a registry comes into what is committed.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
CONSTRAINTS = ROOT / "deployments" / "constraints.txt"
IMAGES = ROOT / "deployments" / "images.env"
EXPORT = ("export", "--frozen", "--no-dev", "--no-emit-project", "--extra", "services", "--group", "build")
HEAD = "# Written by `python -m deployments.pin constraints`; installed by the Dockerfile, which refuses other files.\n"
DIGEST = re.compile(r"\bDigest:\s*(sha256:[0-9a-f]{64})\b")


def uv_command() -> list[str]:
    """How uv is called: it tells what it runs itself."""
    found = os.environ.get("UV") or shutil.which("uv")
    return [found] if found else [sys.executable, "-m", "uv"]


def uv(*arguments: str) -> str:
    """What uv writes. Ends the command with its words when it fails."""
    ended = subprocess.run([*uv_command(), *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    if ended.returncode:
        raise SystemExit(ended.stderr.strip() or ended.stdout.strip())
    return ended.stdout


def constraints() -> None:
    uv("lock")
    write(CONSTRAINTS, HEAD + uv(*EXPORT, "--no-header", "--no-annotate"))


def sbom(file: Path) -> None:
    uv("lock")
    write(file, uv(*EXPORT, "--format", "cyclonedx1.5"))


def write(file: Path, text: str) -> None:
    """Write a file and say how large it is. Ends the command where that cannot be done."""
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise SystemExit(f"{file} cannot be written ({error.strerror}): make it and its folder writable.") from None
    print(f"{file}: {file.stat().st_size:,} bytes")


def images() -> None:
    """Put the digest of today behind every base. Ends the command where a registry does not tell it."""
    text = with_digests(IMAGES.read_text(encoding="utf-8"))
    write(IMAGES, text)
    print(text)


def with_digests(text: str) -> str:
    """Lines of NAME=IMAGE[@DIGEST], each with the present digest of its image."""
    lines = []
    for line in text.splitlines():
        name, sign, image = line.partition("=")
        known = line.startswith("#") or not sign
        lines.append(line if known else f"{name}={image.partition('@')[0]}@{digest(image.partition('@')[0])}")
    return "\n".join(lines) + "\n"


def digest(image: str) -> str:
    """The digest of an image for all platforms."""
    command = ["docker", "buildx", "imagetools", "inspect", image]
    try:
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise SystemExit("docker is not there: digests are asked of a registry by `docker buildx`.") from None
    found = DIGEST.search(ended.stdout)
    if ended.returncode or not found:
        raise SystemExit(f"The digest of {image} cannot be asked for: {ended.stderr.strip() or 'none is told'}")
    return found[1]


def audit() -> int:
    """Look the packages up where faults are collected; pip-audit's exit code. Ends the command without a result."""
    command = ["tool", "run", "pip-audit", "--disable-pip", "--require-hashes", "--strict", "-r", str(CONSTRAINTS)]
    ended = subprocess.run([*uv_command(), *command], cwd=ROOT, capture_output=True, text=True, check=False)
    print(ended.stdout, ended.stderr, sep="", end="")
    if "known vulnerabilit" not in ended.stdout + ended.stderr:
        raise SystemExit(
            "The packages were not audited, so nothing is known of faults: run it where there is a network."
        )
    return ended.returncode


def main(arguments: list[str]) -> int:
    match arguments:
        case ["constraints"]:
            constraints()
        case ["images"]:
            images()
        case ["sbom", file]:
            sbom(Path(file))
        case ["audit"]:
            return audit()
        case _:
            raise SystemExit(__doc__)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
