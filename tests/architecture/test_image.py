"""The Dockerfile builds what the tests ran with, for a user that is not root."""

import fnmatch
import os
import tomllib
from pathlib import Path

from tests.architecture.composition import dockerfile, pinned_package, pinned_versions

INSTRUCTIONS = dockerfile()
FINAL = INSTRUCTIONS[max(i for i, (name, _) in enumerate(INSTRUCTIONS) if name == "FROM") :]


def test_the_base_is_the_official_image_of_the_pinned_airflow() -> None:
    airflow, python = pinned_package("apache-airflow"), pinned_versions()["python"]
    assert INSTRUCTIONS[0] == (
        "ARG",
        f"BASE_IMAGE=apache/airflow:slim-{airflow}-python{python}",
    )
    stages = [rest for name, rest in INSTRUCTIONS if name == "FROM"]
    assert stages == ["${BASE_IMAGE} AS packages", "${BASE_IMAGE}"]


def test_it_installs_requirements_txt_by_hash_and_nothing_else() -> None:
    (install,) = [rest for name, rest in INSTRUCTIONS if "pip install" in rest]
    assert "--no-deps --require-hashes --requirement /opt/keeper/requirements.txt" in install
    assert ("COPY", "requirements.txt /opt/keeper/requirements.txt") in INSTRUCTIONS
    assert "apt-get" not in install
    assert install.count(" install ") == 1


def test_it_runs_as_somebody_else_than_root() -> None:
    users = [rest for name, rest in FINAL if name == "USER"]
    assert users[-1] == "50000:0"
    after = FINAL[FINAL.index(("USER", "50000:0")) :]
    assert {name for name, _ in after} <= {"USER", "ENTRYPOINT", "CMD"}


def test_it_copies_what_exists_and_the_context_has_it(root: Path) -> None:
    kept = [
        line[1:]
        for line in (root / ".dockerignore").read_text("utf-8").splitlines()
        if line.startswith("!")
    ]
    copied = [
        source
        for name, rest in INSTRUCTIONS
        if name == "COPY" and not rest.startswith("--from")
        for source in rest.split()[:-1]
    ]
    for source in copied:
        assert (root / source).exists(), source
        assert source.split("/")[0] in kept, source
    assert {source.split("/")[0] for source in copied} == set(kept)


def test_no_secret_is_in_the_context(root: Path) -> None:
    lines = (root / ".dockerignore").read_text("utf-8").splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*"
    assert [
        rule for rule in rules if rule.startswith("!") and fnmatch.fnmatch(".env", rule[1:])
    ] == []


def test_the_packages_lie_where_code_and_sql_expect_each_other(root: Path) -> None:
    # keeper.stores.postgres finds sql/ beside include/.
    assert ("COPY", "include /opt/keeper/include") in FINAL
    assert ("COPY", "sql /opt/keeper/sql") in FINAL
    environment = " ".join(rest for name, rest in FINAL if name == "ENV")
    assert "PYTHONPATH=/opt/keeper/include" in environment
    assert "PATH=/opt/keeper/venv/bin:${PATH}" in environment


def test_the_keeper_command_is_the_projects(root: Path) -> None:
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))
    module, _, function = project["project"]["scripts"]["keeper"].partition(":")
    script = root / "docker" / "keeper"
    text = script.read_text("utf-8")
    assert text.startswith("#!/opt/keeper/venv/bin/python\n")
    assert f"from {module} import {function}\n\n{function}()\n" in text
    assert os.access(script, os.X_OK)


def test_the_scheduler_preloads_as_in_the_local_stack(root: Path) -> None:
    call = "from keeper.orchestration.preload import preload_in_scheduler\n\npreload_in_scheduler()"
    composed = (root / "docker" / "airflow_local_settings.py").read_text("utf-8")
    local = (root / "stack" / "airflow.py").read_text("utf-8")
    assert call in composed
    assert "from keeper.orchestration.preload import preload_in_scheduler" in local
    assert "preload_in_scheduler()" in local
    target = "/opt/airflow/config/airflow_local_settings.py"
    assert ("COPY", f"docker/airflow_local_settings.py {target}") in FINAL
