"""Gives Kafka Connect its connectors: `register_connectors.py [--wait S] URL FOLDER [SHARED…]`.

FOLDER has a file NAME.json for each connector NAME. What all have in common is in the files SHARED,
of which a later one overrules an earlier one, and a connector's own file all of them. A list stands
for its parts with commas between, as Connect reads it. Waits up to S seconds, 300 if not given,
until the worker at URL is ready and has the plugins asked for. The same connectors again change
nothing. Standard library only, like health.py.
"""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from json_service import JsonService, NotReadyError, RefusedError, patiently

Settings = dict[str, str]
# It answers before it has any page; workers agree on who does what; one took too long.
_FOR_NOW = (404, 409, 500)
_CLASS = "connector.class"


def connectors_of(folder: Path, shared: Sequence[Path]) -> dict[str, Settings]:
    """Return the settings of each connector by its name.

    Raises:
        RefusedError: There is none, or a file is not as it should be; says which.
    """
    common: Settings = {}
    for file in shared:
        common |= _settings(file)
    found = {file.stem: common | _settings(file) for file in sorted(folder.glob("*.json"))}
    if not found:
        raise RefusedError(f"{folder} has no connector: no file NAME.json")
    for name, settings in found.items():
        if _CLASS not in settings:
            raise RefusedError(f"{name} has no {_CLASS}")
    return found


def _settings(file: Path) -> Settings:
    try:
        given = json.loads(file.read_text("utf-8"))
    except ValueError as error:
        raise RefusedError(f"{file} is not JSON: {error}") from None
    if not isinstance(given, dict):
        raise RefusedError(f"{file} is not an object of settings")
    return {
        name: ",".join(map(str, value)) if isinstance(value, list) else str(value)
        for name, value in given.items()
    }


def register(connect: JsonService, connectors: Mapping[str, Settings]) -> None:
    """Make or change connectors.

    Raises:
        NotReadyError: The worker is not ready, or lacks a plugin.
        RefusedError: It finds a setting wrong; says which.
    """
    connect.ask("/health")
    plugins = connect.ask("/connector-plugins")
    there = {plugin["class"] for plugin in plugins} if isinstance(plugins, list) else set()
    missing = {settings[_CLASS] for settings in connectors.values()} - there
    if missing:
        raise NotReadyError(
            f"it has no plugin with {', '.join(sorted(missing))}; put it into "
            "docker/connect/plugins (docs/DEPLOYMENT.md), then run: docker compose restart connect"
        )
    for name, settings in connectors.items():
        connect.ask(f"/connectors/{name}/config", json.dumps(settings).encode(), method="PUT")


def main() -> str | None:
    """Register connectors and return what is wrong, None if nothing."""
    parser = argparse.ArgumentParser(description="Give Kafka Connect its connectors.")
    parser.add_argument("--wait", type=float, default=300, metavar="S")
    parser.add_argument("url")
    parser.add_argument("folder", type=Path)
    parser.add_argument("shared", type=Path, nargs="*")
    given = parser.parse_args()
    connect = JsonService("Kafka Connect", given.url.rstrip("/"), {}, _FOR_NOW)
    try:
        connectors = connectors_of(given.folder, given.shared)
        patiently(connect, lambda: register(connect, connectors), given.wait)
    except (RefusedError, OSError) as error:
        return str(error)
    print(f"{connect.url} has {', '.join(connectors)}")
    return None


if __name__ == "__main__":
    sys.exit(main())
