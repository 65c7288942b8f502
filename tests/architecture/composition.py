"""docker-compose.yaml as the architecture tests read it, without an engine."""

import re
import tomllib
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
COMPOSE_FILE = ROOT / "docker-compose.yaml"
KEEPER_IMAGE = "${KEEPER_IMAGE:-keeper:dev}"
# $$ is a dollar sign; ${NAME}, ${NAME:-default}, ${NAME:+instead} and ${NAME:?message} are all the
# forms the file uses, and a default holds no variable.
REFERENCE = re.compile(r"\$\$|\$\{(?P<name>\w+)(?:(?P<how>:[-+?])(?P<word>[^{}]*))?\}")


def compose_text() -> str:
    return COMPOSE_FILE.read_text("utf-8")


def composition() -> dict[str, Any]:
    """The file as it is, variables and all."""
    loaded: dict[str, Any] = yaml.safe_load(compose_text())
    return loaded


def composed(environment: dict[str, str]) -> dict[str, Any]:
    """The file as compose would read it with these variables."""
    loaded: dict[str, Any] = _interpolated(composition(), environment)
    return loaded


def _interpolated(node: Any, environment: dict[str, str]) -> Any:
    if isinstance(node, dict):
        return {key: _interpolated(value, environment) for key, value in node.items()}
    if isinstance(node, list):
        return [_interpolated(value, environment) for value in node]
    return interpolate(node, environment) if isinstance(node, str) else node


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


def pinned_versions() -> dict[str, str | int]:
    """The versions of the local stack."""
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
