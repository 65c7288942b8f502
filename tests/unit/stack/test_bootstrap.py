"""Which Python the environment is made with, and where it is."""

import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[3] / "stack" / "bootstrap.sh"


@pytest.fixture
def pythons(tmp_path: Path) -> Path:
    """A folder for a PATH, with what a shell script needs and no Python."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for tool in ("awk", "cat", "dirname", "grep", "id", "sed", "tr"):
        place = shutil.which(tool)
        assert place is not None
        (folder / tool).symlink_to(place)
    return folder


def add(folder: Path, name: str, version: str) -> Path:
    """Add a Python that says its version and its place, and can do nothing else."""
    program = folder / name
    program.write_text(
        "#!/bin/sh\n"
        'case "$2" in\n'
        f"    *version_info*) echo {version} ;;\n"
        f"    *executable*) echo {program} ;;\n"
        "esac\n"
    )
    program.chmod(0o755)
    return program


def venv(folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/sh", SCRIPT, "venv"],
        env={"PATH": str(folder), "HOME": str(folder), "KEEPER_INSTALL": "0", **variables},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_by_itself_there_is_one_environment(pythons: Path) -> None:
    assert venv(pythons).stdout.endswith("/.venv\n")


@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13"])
def test_a_python_asked_for_has_an_environment_of_its_own(pythons: Path, version: str) -> None:
    asked = add(pythons, "some-python", version)

    assert venv(pythons, KEEPER_PYTHON=str(asked)).stdout.endswith(f"/.venv-{version}\n")
    assert venv(pythons, KEEPER_PYTHON="some-python").stdout.endswith(f"/.venv-{version}\n")


@pytest.mark.parametrize("version", ["3.10", "3.14", ""])
def test_a_python_that_does_not_serve_is_refused_in_a_sentence(pythons: Path, version: str) -> None:
    add(pythons, "some-python", version)

    done = venv(pythons, KEEPER_PYTHON="some-python")

    assert done.returncode == 1
    assert "KEEPER_PYTHON is some-python, which is no Python 3.13, 3.12 or 3.11" in done.stderr


def chosen(folder: Path, tmp_path: Path) -> str:
    """Return the Python the script would hand to uv, or what it says instead."""
    copy = tmp_path / "stack" / "bootstrap.sh"
    copy.parent.mkdir()
    copy.write_text(SCRIPT.read_text("utf-8").replace('exec "$uv" "$@"', 'echo "$python"'))
    copy.with_name("versions.toml").write_text(SCRIPT.with_name("versions.toml").read_text("utf-8"))
    uv = folder / "uv"
    uv.write_text('#!/bin/sh\necho "uv 0.13.9"\n')
    uv.chmod(0o755)
    done = subprocess.run(
        ["/bin/sh", copy, "uv"],
        env={"PATH": str(folder), "HOME": str(folder), "KEEPER_INSTALL": "0"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return done.stdout.strip() or done.stderr


@pytest.mark.parametrize(
    ("there", "taken"),
    [
        ({"python3.11": "3.11", "python3.13": "3.13", "python3": "3.12"}, "python3.13"),
        ({"python3.11": "3.11", "python3": "3.12"}, "python3"),
        ({"python3": "3.11", "python": "3.13"}, "python"),
        ({"python3.13": "", "python3.11": "3.11"}, "python3.11"),
        ({"python3": "3.14", "python3.12": "3.12"}, "python3.12"),
    ],
    ids=["newest", "the system's", "of another name", "a shim of none", "one too new"],
)
def test_the_newest_that_serves_is_taken(
    pythons: Path, tmp_path: Path, there: dict[str, str], taken: str
) -> None:
    for name, version in there.items():
        add(pythons, name, version)

    assert chosen(pythons, tmp_path) == str(pythons / taken)


def test_pyenvs_are_found(pythons: Path, tmp_path: Path) -> None:
    folder = pythons / ".pyenv" / "versions" / "3.13.1" / "bin"
    folder.mkdir(parents=True)
    add(folder, "python", "3.13")
    add(pythons, "python3", "3.11")

    assert chosen(pythons, tmp_path) == str(folder / "python")


def test_pyenvs_count_where_the_shim_asked_for_works_not(pythons: Path) -> None:
    folder = pythons / ".pyenv" / "versions" / "3.13.1" / "bin"
    folder.mkdir(parents=True)
    add(folder, "python3.13", "3.13")
    add(pythons, "python3.13", "")

    assert venv(pythons, KEEPER_PYTHON="python3.13").stdout.endswith("/.venv-3.13\n")


def test_without_any_the_remedy_is_named(pythons: Path, tmp_path: Path) -> None:
    add(pythons, "python3", "3.9")

    said = chosen(pythons, tmp_path)

    assert said.startswith("Keeper needs Python 3.13, 3.12 or 3.11; install one, for example with")
    assert "pyenv install 3.13" in said
