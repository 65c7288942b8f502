"""The programs that tests of a deployment need, installed or built where they are missing."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Final

from stack.commands import run_logged
from stack.errors import StackError
from stack.layout import Layout
from stack.preflight import INSTALL

COMPOSE_VERSION: Final = "2.40.3"
_COMPOSE: Final = "github.com/docker/compose/v2"
_BUILD_TIMEOUT_S: Final = 1800
_PACKAGES: Final = {
    "dockerd": ("docker.io", "iptables"),
    "debootstrap": ("debootstrap",),
    "redis-server": ("redis-server",),
}


def need_programs(layout: Layout, *programs: str) -> None:
    """Install Debian's packages of what is missing, where that was asked for.

    Raises:
        StackError: Something is missing and may not be installed; with the line that does it.
    """
    missing = [name for name in programs if shutil.which(name) is None]
    packages = sorted({package for name in missing for package in _PACKAGES[name]})
    if not packages:
        return
    # Somebody else may be installing something.
    wait = ("-o", "DPkg::Lock::Timeout=600")
    install = ["apt-get", *wait, "install", "--yes", "--no-install-recommends", *packages]
    line = f"apt-get update && {' '.join(install)}"
    may = os.environ.get(INSTALL, "1") == "1"
    if not may or os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise StackError(
            f"There is no {', no '.join(missing)}; on Debian, as root:\n  {line}\n"
            f"  (without {INSTALL}=0 this command runs that line itself)"
        )
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["apt-get", "update"], install):
        run_logged(f"Running {' '.join(command)}", command, log=layout.log_of("apt"), env=env)


def compose_command(layout: Layout) -> list[str]:
    """Return the command of Docker Compose v2, built from its source where there is none.

    Raises:
        StackError: There is neither the plugin nor Go to build it with, or the build failed.
    """
    plugin = ["docker", "compose"]
    if shutil.which("docker") and _answers([*plugin, "version"]):
        return plugin
    program = layout.lib / f"docker-compose-{COMPOSE_VERSION}"
    if not program.exists():
        _build_compose(layout, program)
    return [str(program)]


def _build_compose(layout: Layout, program: Path) -> None:
    if shutil.which("go") is None:
        raise StackError(
            "There is no Docker Compose v2 (`docker compose version`), and no Go to build it with; "
            "install one of them."
        )
    staging = layout.lib / ".compose"
    shutil.rmtree(staging, ignore_errors=True)
    staging.mkdir(parents=True)
    log = layout.log_of("compose-build")
    try:
        # By a module that requires it: its own go.mod replaces modules, so it cannot be installed
        # by name.
        (staging / "main.go").write_text(f'package throwaway\n\nimport _ "{_COMPOSE}/cmd"\n')
        version = f"-X {_COMPOSE}/internal.Version=v{COMPOSE_VERSION}"
        for command in (
            ["go", "mod", "init", "throwaway"],
            ["go", "get", f"{_COMPOSE}/cmd@v{COMPOSE_VERSION}"],
            ["go", "build", "-ldflags", f"-s -w {version}", "-o", "compose", f"{_COMPOSE}/cmd"],
        ):
            what = "Building Docker Compose with Go"
            run_logged(what, command, log=log, cwd=staging, timeout=_BUILD_TIMEOUT_S)
        (staging / "compose").rename(program)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _answers(command: list[str]) -> bool:
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, timeout=30, check=False
    )
    return done.returncode == 0
