"""With any profiles, in any of the systems, what a service names is there: as Compose demands."""

from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.architecture.composition import (
    BASE,
    DEV,
    PROD,
    composed,
    composition,
    example_environment,
)

SYSTEMS = [
    pytest.param((BASE,), id="base"),
    pytest.param((BASE, DEV), id="dev"),
    pytest.param((BASE, PROD), id="prod"),
]
PUBLIC = {"KEEPER_PUBLIC_URL": "https://keeper.example.org"}
PROFILES = sorted(
    {
        profile
        for files in ((BASE, DEV), (BASE, PROD))
        for service in composition(*files)["services"].values()
        for profile in service.get("profiles", ())
    }
)


def chosen() -> Iterator[set[str]]:
    """Every set of profiles there may be."""
    for size in range(len(PROFILES) + 1):
        yield from map(set, combinations(PROFILES, size))


def enabled(services: dict[str, Any], profiles: set[str]) -> dict[str, Any]:
    return {
        name: service
        for name, service in services.items()
        if not service.get("profiles") or profiles & set(service["profiles"])
    }


def missing(services: dict[str, Any], profiles: set[str]) -> list[str]:
    """What services need that does not run; a line each. Compose starts nothing then."""
    there = enabled(services, profiles)
    return [
        f"{name} needs {need}"
        for name, service in there.items()
        for need, terms in service.get("depends_on", {}).items()
        if need not in there and terms.get("required", True)
    ]


def test_the_profiles_are_those_that_are_documented(root: Path) -> None:
    pages = "".join(
        file.read_text("utf-8") for file in [*(root / "docs").glob("*.md"), root / ".env.example"]
    )
    assert len(PROFILES) >= 7
    assert [profile for profile in PROFILES if f"{profile}" not in pages] == []


@pytest.mark.parametrize("files", SYSTEMS)
def test_whatever_profiles_are_chosen_what_a_service_needs_is_started(
    files: tuple[Path, ...],
) -> None:
    services = composition(*files)["services"]
    found = {line: profiles for profiles in chosen() for line in missing(services, profiles)}
    assert found == {}


def test_a_need_that_has_another_profile_is_noticed() -> None:
    services = composition(BASE, DEV)["services"]
    services["console"]["depends_on"]["redis"] = {"condition": "service_healthy"}
    assert missing(services, set()) == ["console needs redis"]
    assert missing(services, {"celery"}) == []


@pytest.mark.parametrize("files", SYSTEMS)
def test_networks_volumes_secrets_and_configs_are_declared(files: tuple[Path, ...]) -> None:
    found = composed(example_environment() | PUBLIC, *files)
    for name, service in found["services"].items():
        networks = set(service.get("networks", ())) - {"default"}
        assert networks <= set(found.get("networks", ())), name
        sources = {one.split(":")[0] for one in service.get("volumes", ())}
        named = {source for source in sources if not source.startswith((".", "/"))}
        assert named <= set(found.get("volumes", ())), name
        assert set(service.get("secrets", ())) <= set(found.get("secrets", ())), name
        configs = {one["source"] for one in service.get("configs", ())}
        assert configs <= set(found.get("configs", ())), name
        for network in found.get("networks", {}).values():
            assert network is None or set(network) == {"internal"}


class _Strict(yaml.SafeLoader):
    """Refuses what Compose's reader refuses and Python's takes: a key that stands twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [key.value for key, _ in node.value if key.tag != "tag:yaml.org,2002:merge"]
        twice = sorted({key for key in keys if keys.count(key) > 1})
        if twice:
            raise yaml.constructor.ConstructorError(None, None, f"twice: {twice}", node.start_mark)
        return super().construct_mapping(node, deep)

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        merges = [key for key, _ in node.value if key.tag == "tag:yaml.org,2002:merge"]
        if len(merges) > 1:
            raise yaml.constructor.ConstructorError(None, None, "twice: <<", node.start_mark)
        super().flatten_mapping(node)


_Strict.add_constructor("!reset", lambda loader, node: None)


@pytest.mark.parametrize("file", [BASE, DEV, PROD], ids=lambda file: str(file.name))
def test_no_key_stands_twice(file: Path) -> None:
    yaml.load(file.read_text("utf-8"), _Strict)  # noqa: S506 - a safe one


@pytest.mark.parametrize("text", ["a: 1\na: 2", "x: &x {a: 1}\nb:\n  <<: *x\n  <<: *x"])
def test_one_that_does_is_noticed(text: str) -> None:
    with pytest.raises(yaml.constructor.ConstructorError, match="twice"):
        yaml.load(text, _Strict)  # noqa: S506 - a safe one
