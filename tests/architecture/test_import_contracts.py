"""The import contracts hold, and each of them notices what it forbids."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest


def lint_imports(checkout: Path, scripts: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [scripts / "lint-imports", "--no-cache"],
        cwd=checkout,
        env={**os.environ, "PYTHONPATH": str(checkout / "include"), "COLUMNS": "100"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def copy(root: Path, tmp_path: Path) -> Path:
    """A copy of the product with its import contracts."""
    shutil.copytree(
        root / "include", tmp_path / "include", ignore=shutil.ignore_patterns("__pycache__")
    )
    shutil.copy(root / "pyproject.toml", tmp_path)
    return tmp_path


def test_the_contracts_are_kept(root: Path, scripts: Path) -> None:
    done = lint_imports(root, scripts)
    assert done.returncode == 0, done.stdout + done.stderr
    assert ", 0 broken." in done.stdout


PACKAGES = "Packages use only the packages below them"
SIMULATOR = "Only the command line starts the simulator"
CIRCLE = "Inside a layer, modules and folders form no circle"
AIRFLOW = "Only orchestration knows Airflow"


@pytest.mark.parametrize(
    ("package", "imported", "contract"),
    [
        pytest.param("pipeline", "keeper.orchestration", PACKAGES, id="pipeline to orchestration"),
        pytest.param("orchestration", "keeper.cli", PACKAGES, id="orchestration to cli"),
        pytest.param("stores", "keeper.streams", PACKAGES, id="stores to its neighbour"),
        pytest.param("sources", "keeper.pipeline", PACKAGES, id="sources to pipeline"),
        pytest.param("domain", "keeper.settings", PACKAGES, id="domain to settings"),
        pytest.param("simulator", "keeper.sources", PACKAGES, id="simulator to the code it tests"),
        pytest.param("pipeline", "keeper.simulator", SIMULATOR, id="pipeline to simulator"),
        pytest.param("domain/prices", "keeper.domain.deals", CIRCLE, id="prices back to deals"),
        pytest.param("pipeline/runs", "keeper.pipeline.prices", CIRCLE, id="runs back to prices"),
        pytest.param("streams", "airflow.sdk", AIRFLOW, id="streams to Airflow"),
        pytest.param("cli", "airflow", AIRFLOW, id="cli to Airflow"),
    ],
)
def test_a_forbidden_import_breaks_a_contract(
    copy: Path, scripts: Path, package: str, imported: str, contract: str
) -> None:
    with (copy / "include" / "keeper" / package / "__init__.py").open("a") as module:
        module.write(f"\nimport {imported}\n")
    done = lint_imports(copy, scripts)
    assert done.returncode == 1, done.stdout + done.stderr
    broken = [line for line in done.stdout.splitlines() if " BROKEN" in line]
    assert any(line.startswith(contract) for line in broken), done.stdout


def test_a_new_package_must_be_given_its_place(copy: Path, scripts: Path) -> None:
    (copy / "include" / "keeper" / "annex.py").write_text('"""Nobody said where this belongs."""\n')
    done = lint_imports(copy, scripts)
    assert done.returncode == 1
    assert "annex" in done.stdout


def test_unit_tests_need_no_airflow(root: Path) -> None:
    without_airflow = (
        "import sys; sys.modules['airflow'] = None; import pytest; "
        "sys.exit(pytest.main(['tests/unit', '--collect-only', '-qq', '-p', 'no:cacheprovider']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", without_airflow],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
