"""The digests of images, asked for at their registries; one that was not had is never written."""

import re
import shutil
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

from stack.errors import StackError

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_LIMIT_S = 60
# Either asks a registry by itself: no engine has to run.
_PROGRAMS = (
    ("docker", ("buildx", "imagetools", "inspect", "--format", "{{.Manifest.Digest}}"), ""),
    ("skopeo", ("inspect", "--format", "{{.Digest}}"), "docker://"),
    ("crane", ("digest",), ""),
)


class NoRegistryError(StackError):
    """No registry said the digest of any image."""


class _ComposeLoader(yaml.SafeLoader):
    """Reads compose files, whose tags say how lists are merged."""


_ComposeLoader.add_multi_constructor("!", lambda loader, suffix, node: None)


@dataclass(slots=True)
class ComposedImages:
    """Which service runs which image of others, and which are built on one."""

    runs: dict[str, str] = field(default_factory=dict)
    built_on: dict[str, str] = field(default_factory=dict)

    def names(self) -> set[str]:
        """Return the images."""
        return {*self.runs.values(), *self.built_on.values()}


def composed_images(files: Iterable[Path]) -> ComposedImages:
    """Return the images of compose files, a later file before an earlier one."""
    images = ComposedImages()
    for file in files:
        document: dict[str, Any] = yaml.load(
            file.read_text(encoding="utf-8"),
            Loader=_ComposeLoader,  # noqa: S506 - a safe one
        )
        for name, service in document["services"].items():
            if (image := service.get("image", "")) and "$" not in image:
                images.runs[name] = image
            base = (service.get("build") or {}).get("args", {}).get("BASE_IMAGE", "")
            if default := re.fullmatch(r"\$\{\w+:-(.+)\}", base):
                images.built_on[name] = default[1]
    return images


def digests_of(
    images: Sequence[str], environ: Mapping[str, str]
) -> tuple[dict[str, str], list[str]]:
    """Return the digest of each image that a registry knows, and a line for each other.

    Raises:
        NoRegistryError: There is nothing to ask with, or nobody answered.
    """
    found: dict[str, str] = {}
    missing: list[str] = []
    programs = [program for program in _PROGRAMS if _is_there(program[0], environ)]
    if not programs:
        raise NoRegistryError(
            "There is neither docker with buildx nor skopeo nor crane to ask a registry with."
        )
    for image in images:
        said = []
        for program in programs:
            answer = _digest(program, image, environ)
            if _DIGEST.fullmatch(answer):
                found[image] = answer
                break
            said.append(answer)
        else:
            missing.append(f"{image}: {'; '.join(said)}")
    if not found:
        lines = "".join(f"\n  {line}" for line in missing)
        raise NoRegistryError(f"No registry answers:{lines}\n")
    return found, missing


def override_text(images: ComposedImages, digests: Mapping[str, str], at: datetime) -> str:
    """Return a compose file that names images by what they are, to be read after the others."""
    services: dict[str, Any] = {}
    for name, image in images.runs.items():
        if image in digests:
            services[name] = {"image": f"{image}@{digests[image]}"}
    for name, image in images.built_on.items():
        if image in digests:
            pinned = {"BASE_IMAGE": f"{image}@{digests[image]}"}
            services.setdefault(name, {})["build"] = {"args": pinned}
    head = f"# Written by `make pin-images`: what registries said at {at:%Y-%m-%d %H:%M} UTC.\n"
    return head + yaml.safe_dump({"services": services})


def _is_there(name: str, environ: Mapping[str, str]) -> bool:
    if shutil.which(name, path=environ.get("PATH")) is None:
        return False
    # Docker's command may lack the part that asks registries.
    asked = [name, "buildx", "version"] if name == "docker" else [name, "--help"]
    return not subprocess.run(asked, env={**environ}, capture_output=True, check=False).returncode


def _digest(
    program: tuple[str, tuple[str, ...], str], image: str, environ: Mapping[str, str]
) -> str:
    """Return an image's digest, or the first line of why there is none."""
    name, arguments, prefix = program
    try:
        done = subprocess.run(
            [name, *arguments, f"{prefix}{image}"],
            env={**environ},
            capture_output=True,
            text=True,
            check=False,
            timeout=_LIMIT_S,
        )
    except subprocess.TimeoutExpired:
        return f"no answer within {_LIMIT_S} s"
    said = (done.stderr if done.returncode else done.stdout).strip()
    return said.splitlines()[0].strip() if said else f"{name} says nothing"
