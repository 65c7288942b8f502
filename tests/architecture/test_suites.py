"""`make test` runs every suite, fails with any of them, and ends what each lane started."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.suites import LANES, environment_of
from tests.waiting import wait_until

SUITES = [suite for lane in LANES for suite in lane]
PASSES = "def test_it(): pass\n"
FAILS = "def test_it(): assert False\n"
WAITS = """
import time
from pathlib import Path
def test_it():
    try:
        Path(__file__).with_name("waits").touch()
        time.sleep(60)  # until it is interrupted, which is what is tested
    finally:
        Path(__file__).with_name("ended").touch()
"""
SERVICES = """
import os, sys
with open("ended", "a") as file:
    print(os.environ["KEEPER_TEST_STACK_HOME"], *sys.argv[1:], file=file)
"""


@pytest.fixture
def checkout(root: Path, tmp_path: Path) -> Path:
    """A checkout with one test in each suite."""
    (tmp_path / "tests").mkdir()
    for name in ("suites.py", "durations.py"):
        shutil.copy(root / "tests" / name, tmp_path / "tests")
    (tmp_path / "stack").symlink_to(root / "stack")
    (tmp_path / "tests" / "services.py").write_text(SERVICES)
    for suite in SUITES:
        (tmp_path / "tests" / suite).mkdir()
        (tmp_path / "tests" / suite / f"test_{suite}.py").write_text(PASSES)
    return tmp_path


def start(checkout: Path, *suites: str) -> subprocess.Popen[str]:
    environment = {name: value for name, value in os.environ.items() if "KEEPER_" not in name}
    # Its `tests` is no package with an `__init__.py`: one on a path would take its place.
    environment.pop("PYTHONPATH", None)
    return subprocess.Popen(
        [sys.executable, "-m", "tests.suites", *suites],
        cwd=checkout,
        # Plugins take most of the time of so short a run.
        env=environment | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def run(checkout: Path, *suites: str) -> tuple[int, str]:
    with start(checkout, *suites) as process:
        printed, _ = process.communicate()
    return process.returncode, printed


def test_all_suites_run_and_are_counted(checkout: Path) -> None:
    code, printed = run(checkout)
    assert code == 0, printed
    assert all(f"{suite}: tests/{suite}/test_{suite}.py ." in printed for suite in SUITES)
    assert printed.splitlines()[-1] == f"{len(SUITES)} passed, 0 failed"
    for suite in SUITES:
        steps = (checkout / ".keeper" / "durations" / f"{suite}.txt").read_text().splitlines()
        # Its set-up, call and tear-down.
        assert len(steps) == 3
        assert all(f"tests/{suite}/test_{suite}.py::test_it" in step for step in steps)
        assert f"{suite}: {steps[0]}" in printed
    homes = [line.split() for line in (checkout / "ended").read_text().splitlines()]
    assert sorted(action for _, action in homes) == ["down"] * len(LANES)
    assert len({home for home, _ in homes}) == len(LANES)


@pytest.mark.parametrize("suite", [LANES[0][0], LANES[1][-1]])
def test_a_failing_suite_fails_the_run_and_the_other_lane_goes_on(
    checkout: Path, suite: str
) -> None:
    (checkout / "tests" / suite / f"test_{suite}.py").write_text(FAILS)
    code, printed = run(checkout)
    assert code == 1
    assert f"Failed: {suite}" in printed
    own = next(lane for lane in LANES if suite in lane)
    skipped = own[own.index(suite) + 1 :]
    for other in SUITES:
        assert (f"== {other}\n" in printed) == (other not in skipped)


def test_long_journeys_run_when_asked_for(checkout: Path) -> None:
    (checkout / "pytest.ini").write_text("[pytest]\nmarkers = nightly\n")
    (checkout / "tests" / "unit" / "test_long.py").write_text(
        f"import pytest\n@pytest.mark.nightly\n{PASSES}"
    )
    assert "1 passed, 1 deselected" in run(checkout, "unit")[1]
    assert "2 passed" in run(checkout, "--nightly", "unit")[1]


def test_an_empty_suite_is_an_error(checkout: Path) -> None:
    (checkout / "tests" / "unit" / "test_unit.py").unlink()
    code, printed = run(checkout, "unit")
    assert code == 1
    assert "Failed: unit" in printed


def test_some_suites_alone_speak_as_pytest_does(checkout: Path) -> None:
    code, printed = run(checkout, "contract", "architecture")
    assert code == 0
    assert printed.index("\ntests/architecture/") < printed.index("\ntests/contract/")
    assert "integration" not in printed


def test_a_suite_that_does_not_exist_is_named(checkout: Path) -> None:
    code, printed = run(checkout, "units")
    assert code == 2
    assert "No suite units; there are unit," in printed


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT])
def test_who_ends_it_ends_its_suites_and_services(checkout: Path, ending: signal.Signals) -> None:
    suite = checkout / "tests" / "faults"
    (suite / "test_faults.py").write_text(WAITS)
    with start(checkout, "faults", "unit") as process:
        wait_until((suite / "waits").exists, "the test that waits")
        process.send_signal(ending)
        process.communicate()
    assert process.returncode != 0
    assert (suite / "ended").exists()
    assert len((checkout / "ended").read_text().splitlines()) == len(LANES)


def test_no_two_lanes_share_a_home_or_ports() -> None:
    environments = [environment_of(number, {}) for number in range(len(LANES))]
    for name in ("KEEPER_TEST_STACK_HOME", "KEEPER_TEST_PORT_OFFSET"):
        assert len({environment[name] for environment in environments}) == len(LANES)


def test_every_folder_of_tests_is_a_suite_or_has_a_command_of_its_own(root: Path) -> None:
    folders = {path.parent.name for path in (root / "tests").glob("*/test_*.py")}
    makefile = (root / "Makefile").read_text()
    others = {name for name in folders if f"tests/{name}" in makefile}
    assert folders - others - {"faults"} == set(SUITES) - {"faults"}
