"""Where recorded replies are; they belong to others and are never part of the project."""

import os
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[4]


def _recordings(kind: str = "product") -> list[Path]:
    named = os.environ.get("KEEPER_RECORDINGS")
    folder = Path(named) if named else REPOSITORY.parent / "shared" / "recordings"
    return sorted(folder.glob(f"{kind}_*.json"))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that asks for `recording` once for each recorded product."""
    if "recording" not in metafunc.fixturenames:
        return
    found = _recordings()
    absent = pytest.param(
        None, marks=pytest.mark.skip(reason="no recordings; set KEEPER_RECORDINGS"), id="absent"
    )
    metafunc.parametrize(
        "recording",
        [pytest.param(path, id=path.stem) for path in found] or [absent],
    )


@pytest.fixture
def recordings() -> list[Path]:
    found = _recordings()
    if not found:
        pytest.skip("no recordings; set KEEPER_RECORDINGS")
    return found


@pytest.fixture
def recorded_deals() -> Path:
    found = _recordings("deals")
    if not found:
        pytest.skip("no recordings; set KEEPER_RECORDINGS")
    return found[0]


@pytest.fixture(autouse=True)
def _no_network(socket_disabled: None) -> None:
    pass
