"""`.ci/run` passes only if every step does, and ends the services it may have started."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

STEPS = ("lock", "lint", "types", "layers", "test")


@pytest.fixture
def checkout(root: Path, tmp_path: Path) -> Path:
    """A checkout whose steps only write down that they ran; `fail-STEP` makes one of them fail."""
    (tmp_path / ".ci").mkdir()
    shutil.copy(root / ".ci" / "run", tmp_path / ".ci")
    (tmp_path / "stack").mkdir()
    (tmp_path / "stack" / "bootstrap.sh").write_text("echo bootstrap >> ran\n")
    recipe = "\t@echo $@ >> ran; test ! -e fail-$@\n"
    (tmp_path / "Makefile").write_text(
        "".join(f"{step}:\n{recipe}" for step in (*STEPS, "down"))
        + "test: home\nhome:\n\t@mkdir -p $(KEEPER_STACK_HOME)\n"
    )
    return tmp_path


def run_ci(checkout: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [checkout / ".ci" / "run"],
        env={
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("KEEPER_", "MAKE"))
        },
        capture_output=True,
        text=True,
        check=False,
    )


def ran(checkout: Path) -> list[str]:
    return (checkout / "ran").read_text().split()


def test_every_step_runs_in_order_and_is_timed(checkout: Path) -> None:
    done = run_ci(checkout)
    assert done.returncode == 0, done.stdout + done.stderr
    assert ran(checkout) == ["bootstrap", *STEPS, "down"]
    for step in STEPS:
        assert f"== make {step} ==" in done.stdout
        assert f"-- make {step}: " in done.stdout


@pytest.mark.parametrize("step", STEPS)
def test_a_failing_step_fails_the_run_and_is_named(checkout: Path, step: str) -> None:
    (checkout / f"fail-{step}").touch()
    done = run_ci(checkout)
    assert done.returncode != 0
    assert f"failed in: make {step}" in done.stderr
    assert [name for name in ran(checkout) if name in STEPS] == list(STEPS[: STEPS.index(step) + 1])


def test_the_services_end_even_if_the_tests_fail(checkout: Path) -> None:
    (checkout / "fail-test").touch()
    run_ci(checkout)
    assert ran(checkout)[-1] == "down"


def test_services_that_do_not_end_fail_the_run(checkout: Path) -> None:
    (checkout / "fail-down").touch()
    done = run_ci(checkout)
    assert done.returncode == 1
    assert "did not end" in done.stderr


def test_a_checkout_without_tests_to_run_fails(checkout: Path) -> None:
    makefile = checkout / "Makefile"
    makefile.write_text(makefile.read_text().replace("test:", "tset:"))
    assert run_ci(checkout).returncode != 0
