"""The checkout as the architecture tests see it."""

import os
import sys
from pathlib import Path

import pytest

_ROOT = Path(__file__).resolve().parents[2]
_OF_NO_INTEREST = {"__pycache__", "node_modules", "dist"}
_DOT_FOLDERS = {".ci", ".github"}


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return _ROOT


@pytest.fixture(scope="session")
def tree() -> list[Path]:
    """Every file of the project, without what tools and services write."""
    found = []
    for folder, subfolders, files in os.walk(_ROOT):
        subfolders[:] = [
            name
            for name in subfolders
            if name in _DOT_FOLDERS or not (name.startswith(".") or name in _OF_NO_INTEREST)
        ]
        found += [Path(folder, name) for name in files if name != ".env"]
    return sorted(found)


@pytest.fixture(scope="session")
def modules(tree: list[Path]) -> list[Path]:
    """Every Python file of the project."""
    return [path for path in tree if path.suffix == ".py"]


@pytest.fixture(scope="session")
def scripts() -> Path:
    """Where this environment's commands are."""
    return Path(sys.executable).parent
