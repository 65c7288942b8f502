"""Look before starting: what is missing, one clear sentence each, with the remedy."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from stack import machine
from stack.artifacts import artifacts_present
from stack.context import OBSERVE, REDIS, Stack
from stack.debian_packages import can_unpack
from stack.errors import NotReadyError
from stack.locks import only_one
from stack.maven import URL
from stack.observing import observing_folder
from stack.ports import variable_of
from stack.prometheus import program_of
from stack.redis import has_redis
from stack.services import Service
from stack.versions import versions

INSTALL: Final = "KEEPER_INSTALL"
"""The variable that says whether what is missing is installed: 1 or 0, 1 if it is unset.

Root installs Debian's packages; others unpack its Java below `.keeper`, and both its Redis."""
_DISK_MIB: Final = 2048
# apt-get itself does not wait for another that fetches its lists.
_APT_LOCK: Final = Path("/run/keeper-apt-get.lock")
# On top of what the services take: the tasks of a run, and the machine's own life.
_SPARE_MEMORY_MIB: Final = 512
_PORTS_NAMED_SINGLY: Final = 2
_LABELS: Final = {
    "airflow": "Airflow",
    "postgres": "PostgreSQL",
    "kafka": "Kafka",
    "kafka_controller": "Kafka's controller",
    "elasticsearch": "Elasticsearch",
    "elasticsearch_transport": "Elasticsearch's transport",
    "simulator": "the Keepa simulator",
    "smtp": "the mail catcher",
    "mail_web": "the mail catcher's page",
    "console": "the console",
    "redis": "Redis",
    "prometheus": "Prometheus",
    "alertmanager": "Alertmanager",
    "metrics": "the workers' numbers",
    "exporters": "the stores' numbers",
}


@dataclass(frozen=True, slots=True)
class Machine:
    """The questions preflight asks of the machine; tests answer them themselves."""

    is_port_free: Callable[[int], bool] = machine.is_port_free
    listener_of: Callable[[int], str | None] = machine.listener_of
    available_memory_mib: Callable[[], int] = machine.available_memory_mib
    free_disk_mib: Callable[[Path], int] = machine.free_disk_mib
    distribution: machine.Debian = field(default_factory=machine.read_distribution)
    is_root: bool = field(default_factory=lambda: os.geteuid() == 0)
    user_has_name: bool = field(default_factory=machine.user_has_name)
    can_unpack: bool = field(default_factory=can_unpack)
    has_setpriv: bool = field(default_factory=lambda: shutil.which("setpriv") is not None)


def problems_of(
    stack: Stack, needs_java: bool, to_start: Sequence[Service], on: Machine
) -> list[str]:
    """Return what stands in the way of starting `to_start`, a sentence a problem.

    Args:
        stack: The stack.
        needs_java: Whether Kafka or Elasticsearch is to run.
        to_start: Services that do not run yet.
        on: The machine.
    """
    found: list[str] = []
    if needs_java:
        found += _software_problems(stack, on)
    if stack.account is not None and not on.has_setpriv:
        found.append(
            "PostgreSQL and Elasticsearch refuse to run as root and `setpriv` (package util-linux) "
            "is missing; install it or run as a plain user."
        )
    if not on.user_has_name:
        found.append(
            f"The user id {os.geteuid()} has no name in /etc/passwd, without which PostgreSQL does "
            "not run; use a user that has one."
        )
    if any(s.name == "redis" for s in to_start) and not _may_have_redis(stack, on):
        found.append(
            f"{REDIS}=1 asks for Redis, and there is no redis-server on the PATH, nor a Debian "
            f"whose own may be unpacked ({INSTALL}=0 forbids that); install it, or do without: "
            f"{REDIS}=0, and the console keeps answers in its own memory."
        )
    if any(s.name == "prometheus" for s in to_start) and not (
        (program_of(stack).exists() and observing_folder(stack.layout).is_dir())
        or _may_unpack(stack, on)
    ):
        found.append(
            f"{OBSERVE}=1 asks for Prometheus, Alertmanager and exporters, and this is no Debian "
            f"whose own may be unpacked ({INSTALL}=0 forbids that); do without: {OBSERVE}=0."
        )
    found += _port_problems(stack, to_start, on)
    found += _space_problems(stack, to_start, on)
    return found


def missing_packages(stack: Stack, on: Machine) -> list[str]:
    """Return the Debian packages that would provide the missing Java and Maven."""
    packages = [] if stack.java else [on.distribution.java_package]
    if _lacks_maven(stack):
        packages.append("maven")
    return packages


def install_command(packages: Iterable[str]) -> str:
    """Return the line that installs Debian packages."""
    return f"apt-get update && apt-get install --yes --no-install-recommends {' '.join(packages)}"


def may_install(environ: Mapping[str, str], on: Machine) -> bool:
    """Whether the apt-get line may be run: as root on Debian, unless forbidden."""
    return environ.get(INSTALL, "1") == "1" and on.is_root and on.distribution.is_debian


def may_unpack_java(environ: Mapping[str, str], on: Machine) -> bool:
    """Whether Debian's Java may be unpacked below `.keeper`: not by root, and if not forbidden."""
    return (
        environ.get(INSTALL, "1") == "1"
        and not on.is_root
        and on.distribution.is_debian
        and on.can_unpack
    )


def install(packages: Sequence[str], log: Callable[[str], None]) -> None:
    """Install Debian packages; blocks while another of Keeper's stacks does.

    Raises:
        NotReadyError: apt-get failed.
    """
    line = install_command(packages)
    log(f"Installing what Keeper needs ({INSTALL}=0 stops instead): {line}")
    environment = dict(os.environ) | {"DEBIAN_FRONTEND": "noninteractive"}
    with only_one(_APT_LOCK):
        done = subprocess.run(["sh", "-c", line], env=environment, check=False)
    if done.returncode != 0:
        raise NotReadyError([f"The packages could not be installed; try it by hand: {line}"])


def _software_problems(stack: Stack, on: Machine) -> list[str]:
    found = []
    if stack.java is None:
        least = versions().java_at_least
        has = (
            "there is none"
            if stack.java_too_old is None
            else (f"the one in {stack.java_too_old.home} is version {stack.java_too_old.version}")
        )
        found.append(
            f"Kafka and Elasticsearch need Java {least} or newer, and {has}; "
            "install one, or point JAVA_HOME at one."
        )
    if _lacks_maven(stack):
        found.append(
            "Maven (mvn) fetches Kafka and Elasticsearch the first time and is not on the PATH; "
            f"install it, or set {URL} to the address of a Maven repository."
        )
    if found and on.distribution.is_debian:
        line = install_command(missing_packages(stack, on))
        who = "" if on.is_root else "as root: "
        found[-1] += f"\n  {who}{line}"
        if on.is_root:
            found[-1] += f"\n  (without {INSTALL}=0 this command runs that line itself)"
    return found


def _may_have_redis(stack: Stack, on: Machine) -> bool:
    return has_redis(stack) or _may_unpack(stack, on)


def _may_unpack(stack: Stack, on: Machine) -> bool:
    return stack.environ.get(INSTALL, "1") == "1" and on.distribution.is_debian and on.can_unpack


def _lacks_maven(stack: Stack) -> bool:
    without = stack.maven is None and stack.repository is None
    return without and not artifacts_present(stack.layout)


def _port_problems(stack: Stack, to_start: Sequence[Service], on: Machine) -> list[str]:
    ports = stack.ports.as_dict()
    taken: dict[str, str] = {}
    for name in (name for service in to_start for name in service.ports):
        if not on.is_port_free(ports[name]):
            holder = on.listener_of(ports[name])
            taken[name] = f"in use by {holder}" if holder else "in use"
    if len(taken) > _PORTS_NAMED_SINGLY:
        named = ", ".join(f"{ports[name]} ({_LABELS[name]})" for name in taken)
        return [
            f"The ports {named} are in use; stop what holds them (`make down`, if it is another "
            "Keeper stack) or move all of this stack's ports with KEEPER_PORT_OFFSET=10000."
        ]
    return [
        f"Port {ports[name]} for {_LABELS[name]} is {by}; stop that (`make down`, if it is another "
        f"Keeper stack) or choose another port: {variable_of(name)}={_other(ports[name], on)}."
        for name, by in taken.items()
    ]


def _other(port: int, on: Machine) -> int:
    base = port + 10_000 if port + 10_000 < 65_000 else port - 10_000
    return next(candidate for candidate in range(base, 65_535) if on.is_port_free(candidate))


def _space_problems(stack: Stack, to_start: Sequence[Service], on: Machine) -> list[str]:
    found = []
    needed = sum(service.memory_mib for service in to_start)
    if needed:
        needed += _SPARE_MEMORY_MIB
    available = on.available_memory_mib()
    if available < needed and not stack.environ.get("KEEPER_SKIP_MEMORY_CHECK"):
        found.append(
            f"The stack needs {needed / 1024:.1f} GiB of memory and {available / 1024:.1f} GiB are "
            "available; close other programs or give the machine more "
            "(KEEPER_SKIP_MEMORY_CHECK=1 tries it anyway)."
        )
    free = on.free_disk_mib(stack.layout.home)
    if to_start and free < _DISK_MIB:
        found.append(
            f"{stack.layout.home} needs {_DISK_MIB / 1024:.0f} GiB of disk and "
            f"{free / 1024:.1f} GiB are free there; free some, or put it elsewhere with "
            "KEEPER_STACK_HOME=/some/folder."
        )
    return found
