"""Bills of materials in CycloneDX: the image by uv, with those beside it, and the pages by npm."""

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stack.errors import StackError
from stack.layout import REPOSITORY
from stack.pages import node_environment, npm_command
from stack.supply.images import composed_images

_LIMIT_S = 300


def write_bills(environ: Mapping[str, str], folder: Path) -> list[Path]:
    """Write `keeper.cdx.json` and `pages.cdx.json`, and return where they are.

    Raises:
        StackError: uv or npm could not write one.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for name, bill in (("keeper", image_bill(environ)), ("pages", pages_bill(environ))):
        files.append(folder / f"{name}.cdx.json")
        files[-1].write_text(json.dumps(bill, indent=2) + "\n", encoding="utf-8")
    return files


def image_bill(environ: Mapping[str, str]) -> dict[str, Any]:
    """Return what requirements.txt installs, by uv, and the images that run beside it."""
    command = (
        *(sys.executable, "-m", "uv", "export", "--frozen", "--no-dev", "--no-emit-project"),
        *("--extra", "s3", "--group", "build", "--format", "cyclonedx1.5", "--quiet"),
    )
    bill: dict[str, Any] = json.loads(_printed(command, environ, REPOSITORY))
    files = ("docker-compose.yaml", "docker-compose.prod.yaml")
    images = composed_images(REPOSITORY / file for file in files)
    bill["components"] += [_component(image) for image in sorted(images.names())]
    return bill


def pages_bill(environ: Mapping[str, str]) -> dict[str, Any]:
    """Return what is built into the pages, by npm."""
    command = (
        *(*npm_command(), "sbom", "--sbom-format", "cyclonedx"),
        *("--package-lock-only", "--omit", "dev"),
    )
    with tempfile.TemporaryDirectory() as folder:
        for name in ("package.json", "package-lock.json", ".npmrc"):
            shutil.copy(REPOSITORY / "web" / name, folder)
        file = Path(folder, "package.json")
        package = json.loads(file.read_text(encoding="utf-8"))
        # npm lists nothing of a package that has no version.
        file.write_text(json.dumps({"version": "0.0.0"} | package), encoding="utf-8")
        bill: dict[str, Any] = json.loads(
            _printed(command, node_environment(environ), Path(folder))
        )
    return bill


def _component(image: str) -> dict[str, str]:
    name, _, version = image.rpartition(":")
    return {
        "type": "container",
        "bom-ref": f"image-{image}",
        "name": name,
        "version": version,
        "purl": f"pkg:docker/{name}@{version}",
    }


def _printed(command: tuple[str, ...], environ: Mapping[str, str], folder: Path) -> str:
    done = subprocess.run(
        command,
        cwd=folder,
        env={**environ},
        capture_output=True,
        text=True,
        check=False,
        timeout=_LIMIT_S,
    )
    if done.returncode:
        lines = done.stderr.strip().splitlines() or ["it says nothing"]
        raise StackError(f"{Path(command[0]).name} could not list packages: {lines[-1]}")
    return done.stdout
