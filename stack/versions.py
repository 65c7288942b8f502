"""Read `versions.toml`, the one place that says which version of each service runs."""

import tomllib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

_FILE = Path(__file__).with_name("versions.toml")
_LOCK = _FILE.parent.parent / "uv.lock"


@dataclass(frozen=True, slots=True)
class Versions:
    """Versions of the services, under the names of `versions.toml`."""

    pythons: list[str]
    image_python: str
    uv: str
    java_at_least: int
    kafka: str
    scala: str
    slf4j: str
    elasticsearch: str
    maven_dependency_plugin: str
    postgres: str
    images: dict[str, str]


@lru_cache(maxsize=1)
def versions() -> Versions:
    """Return the versions of this checkout."""
    return Versions(**tomllib.loads(_FILE.read_text(encoding="utf-8")))


@lru_cache(maxsize=1)
def locked_packages() -> dict[str, str]:
    """Return the locked version of every Python package, by name; Airflow's is among them."""
    lock: dict[str, Any] = tomllib.loads(_LOCK.read_text(encoding="utf-8"))
    return {package["name"]: str(package.get("version", "")) for package in lock["package"]}
