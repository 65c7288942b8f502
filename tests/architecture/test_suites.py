"""`make test` runs every suite, fails with any of them, and ends what each lane started."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests import suites
from tests.suites import LANES, SUITES, durations_of, environment_of, folder_of, lanes_within
from tests.waiting import wait_until

FOLDERS = list(dict.fromkeys(map(folder_of, SUITES)))
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
MACHINE = "def available_memory_mib(): return 64_000\n"
SERVICES = """
import os, sys
with open("ended", "a") as file:
    print(os.environ["KEEPER_TEST_STACK_HOME"], *sys.argv[1:], file=file)
"""


@pytest.fixture
def checkout(root: Path, tmp_path: Path) -> Path:
    """A checkout with one test in each suite, of which a part has its own."""
    (tmp_path / "tests").mkdir()
    for name in ("suites.py", "durations.py"):
        shutil.copy(root / "tests" / name, tmp_path / "tests")
    (tmp_path / "stack").mkdir()
    (tmp_path / "stack" / "machine.py").write_text(MACHINE)
    (tmp_path / "tests" / "services.py").write_text(SERVICES)
    for folder in FOLDERS:
        (tmp_path / "tests" / folder).mkdir()
    for suite in SUITES:
        (tmp_path / file_of(suite)).write_text(PASSES)
    return tmp_path


def file_of(suite: str) -> str:
    """Return the file of the suite's one test in the checkout."""
    folder, _, part = suite.partition(" ")
    return f"tests/{folder}/test_{folder}{part[:1]}.py"


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


def test_all_suites_run_and_are_counted(root: Path, checkout: Path) -> None:
    code, printed = run(checkout)
    assert code == 0, printed
    assert all(f"{suite}: {file_of(suite)} ." in printed for suite in SUITES)
    assert printed.splitlines()[-1] == f"{len(SUITES)} passed, 0 failed"
    for suite in SUITES:
        steps = (checkout / durations_of(suite).relative_to(root)).read_text().splitlines()
        # Its set-up, call and tear-down.
        assert len(steps) == 3
        assert all(f"{file_of(suite)}::test_it" in step for step in steps)
        assert f"{suite}: {steps[0]}" in printed
    homes = [line.split() for line in (checkout / "ended").read_text().splitlines()]
    assert sorted(action for _, action in homes) == ["down"] * LANES
    assert len({home for home, _ in homes}) == LANES


@pytest.mark.parametrize("suite", [SUITES[0], "integration 2/2", SUITES[-1]])
def test_a_failing_suite_fails_the_run_and_the_other_lanes_go_on(
    checkout: Path, suite: str
) -> None:
    (checkout / file_of(suite)).write_text(FAILS)
    code, printed = run(checkout)
    assert code == 1
    assert f"Failed: {suite}" in printed
    assert all(f"== {other}\n" in printed for other in SUITES)


def test_a_lane_stops_at_a_suite_that_fails(checkout: Path) -> None:
    for suite in SUITES:
        (checkout / file_of(suite)).write_text(FAILS)
    code, printed = run(checkout)
    assert code == 1
    begun = [suite for suite in SUITES if f"== {suite}\n" in printed]
    assert begun == list(SUITES[:LANES])


def test_long_journeys_run_when_asked_for(checkout: Path) -> None:
    (checkout / "pytest.ini").write_text("[pytest]\nmarkers = nightly\n")
    (checkout / "tests" / "contract" / "test_long.py").write_text(
        f"import pytest\n@pytest.mark.nightly\n{PASSES}"
    )
    assert "1 passed, 1 deselected" in run(checkout, "contract")[1]
    assert "2 passed" in run(checkout, "--nightly", "contract")[1]


def test_an_empty_suite_is_an_error(checkout: Path) -> None:
    (checkout / "tests" / "contract" / "test_contract.py").unlink()
    code, printed = run(checkout, "contract")
    assert code == 1
    assert "Failed: contract" in printed


def test_a_suite_alone_speaks_as_pytest_does(checkout: Path) -> None:
    code, printed = run(checkout, "contract")
    assert code == 0
    assert "\ntests/contract/" in printed
    assert "architecture" not in printed


@pytest.mark.parametrize("folder", ["unit", "integration"])
def test_parts_are_all_of_a_suite_and_no_file_twice(root: Path, folder: str) -> None:
    parts = [suites.tests_of(suite) for suite in SUITES if folder_of(suite) == folder]
    assert len(parts) > 1
    files = [str(file.relative_to(root)) for file in root.glob(f"tests/{folder}/**/test_*.py")]
    assert sorted(file for part in parts for file in part) == sorted(files)


def test_a_suite_that_does_not_exist_is_named(checkout: Path) -> None:
    code, printed = run(checkout, "units")
    assert code == 2
    assert "No suite units; there are unit," in printed


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT])
def test_who_ends_it_ends_its_suites_and_services(checkout: Path, ending: signal.Signals) -> None:
    suite = checkout / "tests" / "faults"
    (suite / "test_faults.py").write_text(WAITS)
    with start(checkout, "faults", "contract") as process:
        wait_until((suite / "waits").exists, "the test that waits")
        process.send_signal(ending)
        process.communicate()
    assert process.returncode != 0
    assert (suite / "ended").exists()
    assert len((checkout / "ended").read_text().splitlines()) == 2


@pytest.mark.parametrize(
    ("mib", "lanes"),
    [(1_000, 1), (7_000, 1), (8_192, 2), (10_240, LANES), (64_000, LANES)],
)
def test_there_are_as_many_lanes_as_memory_allows(mib: int, lanes: int) -> None:
    assert lanes_within(mib) == lanes


def test_no_two_lanes_share_a_home_or_ports() -> None:
    environments = [environment_of(number, {}) for number in range(LANES)]
    for name in ("KEEPER_TEST_STACK_HOME", "KEEPER_TEST_PORT_OFFSET"):
        assert len({environment[name] for environment in environments}) == LANES


def test_every_folder_of_tests_is_a_suite_or_has_a_command_of_its_own(root: Path) -> None:
    folders = {path.parent.name for path in (root / "tests").glob("*/test_*.py")}
    makefile = (root / "Makefile").read_text()
    others = {name for name in folders if f"tests/{name}" in makefile}
    assert folders - others - {"faults"} == set(FOLDERS) - {"faults"}
