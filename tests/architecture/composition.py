"""The compose files as the architecture tests read them, without an engine."""

import re
import tomllib
from pathlib import Path
from typing import Any, Final

import yaml

from keeper.streams.workers import WORKERS

ROOT = Path(__file__).resolve().parents[2]
BASE = ROOT / "docker-compose.yaml"
DEV = ROOT / "docker-compose.dev.yaml"
PROD = ROOT / "docker-compose.prod.yaml"
KEEPER_IMAGE = "${KEEPER_IMAGE:-keeper:dev}"
# $$ is a dollar sign; ${NAME}, ${NAME:-default}, ${NAME:+instead} and ${NAME:?message} are all the
# forms the files use, and a default holds no variable.
REFERENCE = re.compile(r"\$\$|\$\{(?P<name>\w+)(?:(?P<how>:[-+?])(?P<word>[^{}]*))?\}")
_RESET: Final = object()
# Lists that a later file replaces; it adds to every other.
_REPLACED: Final = frozenset({"command", "entrypoint", "test"})


class _Loader(yaml.SafeLoader):
    """Knows Compose's tag by which a file takes back what an earlier one said."""


_Loader.add_constructor("!reset", lambda loader, node: _RESET)


def compose_text(*files: Path) -> str:
    """The text of the files, a laptop's if none is named."""
    return "\n".join(file.read_text("utf-8") for file in files or (BASE, DEV))


def composition(*files: Path) -> dict[str, Any]:
    """The files as Compose merges them, variables and all; a laptop's if none is named."""
    merged: Any = {}
    for file in files or (BASE, DEV):
        merged = _merged(merged, yaml.load(file.read_text("utf-8"), _Loader))  # noqa: S506 - a safe one
    loaded: dict[str, Any] = _without_resets(merged)
    return loaded


def _merged(first: Any, second: Any, key: str = "") -> Any:
    if isinstance(first, dict) and isinstance(second, dict):
        return first | {
            name: _merged(first[name], value, name) if name in first else value
            for name, value in second.items()
        }
    if isinstance(first, list) and isinstance(second, list) and key not in _REPLACED:
        return [*first, *(one for one in second if one not in first)]
    return second


def _without_resets(node: Any) -> Any:
    if isinstance(node, dict):
        return {k: _without_resets(value) for k, value in node.items() if value is not _RESET}
    return [_without_resets(one) for one in node] if isinstance(node, list) else node


def composed(environment: dict[str, str], *files: Path) -> dict[str, Any]:
    """The files as compose would read them with these variables."""
    loaded: dict[str, Any] = _interpolated(composition(*files), environment)
    return loaded


def _interpolated(node: Any, environment: dict[str, str]) -> Any:
    if isinstance(node, dict):
        return {key: _interpolated(value, environment) for key, value in node.items()}
    if isinstance(node, list):
        return [_interpolated(value, environment) for value in node]
    return interpolate(node, environment) if isinstance(node, str) else node


def worker_faults(services: dict[str, Any]) -> list[str]:
    """What services of Keeper's lack of the table of workers, or have otherwise; a line each."""
    faults = []
    for worker in WORKERS:
        service = services.get(worker.name)
        if service is None:
            faults.append(f"{worker.name}: there is no such service")
            continue
        expected = {
            "image": KEEPER_IMAGE,
            "command": ["keeper", *worker.service_command],
            "health": ["CMD", "keeper", "health", worker.name],
        }
        found = {
            "image": service["image"],
            "command": service["command"],
            "health": service["healthcheck"]["test"],
        }
        faults += [
            f"{worker.name}: {part} is {found[part]}, not {wanted}"
            for part, wanted in expected.items()
            if found[part] != wanted
        ]
    return faults


def interpolate(text: str, environment: dict[str, str]) -> str:
    def value_of(match: re.Match[str]) -> str:
        if match["name"] is None:
            return "$"
        value = environment.get(match["name"], "")
        if match["how"] == ":?" and not value:
            raise LookupError(f"{match['name']}: {match['word']}")
        if match["how"] == ":+":
            return match["word"] if value else ""
        return value or (match["word"] if match["how"] == ":-" else "")

    return REFERENCE.sub(value_of, text)


def example_environment() -> dict[str, str]:
    """The variables of .env.example."""
    lines = (ROOT / ".env.example").read_text("utf-8").splitlines()
    pairs = [line.partition("=") for line in lines if line and not line.startswith("#")]
    return {name: value for name, _, value in pairs}


def pinned_versions() -> dict[str, Any]:
    """The versions of the local stack, and those of images."""
    return tomllib.loads((ROOT / "stack" / "versions.toml").read_text("utf-8"))


def pinned_package(name: str) -> str:
    """The version of a Python package that images install."""
    text = (ROOT / "requirements.txt").read_text("utf-8")
    found = re.search(rf"^{re.escape(name)}==(\S+)", text, re.MULTILINE)
    assert found, f"{name} is not in requirements.txt"
    return found[1]


def dockerfile() -> list[tuple[str, str]]:
    """The instructions of the Dockerfile with their arguments, in order, comments left out."""
    text = (ROOT / "Dockerfile").read_text("utf-8")
    text = re.sub(r"^\s*#.*\n", "", text, flags=re.MULTILINE).replace("\\\n", " ")
    lines = [line.split(None, 1) for line in text.splitlines() if line.strip()]
    return [(word, re.sub(r"\s+", " ", rest)) for word, rest in lines]
