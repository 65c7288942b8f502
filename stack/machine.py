"""What this machine has: memory, disk, who listens where. Every fact is a plain value."""

import errno
import os
import pwd
import shutil
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from stack.ports import HOST


@dataclass(frozen=True, slots=True)
class Debian:
    """The distribution, as far as its packages' names matter.

    Attributes:
        is_debian: Whether it is Debian or made from it.
        java_package: The package with a Java that is new enough.
    """

    is_debian: bool
    java_package: str


def read_distribution(os_release: Path = Path("/etc/os-release")) -> Debian:
    """Read which distribution this is."""
    try:
        text = os_release.read_text(encoding="utf-8")
    except OSError:
        return Debian(is_debian=False, java_package="")
    pairs = (line.partition("=") for line in text.splitlines())
    facts = {key: value.strip('"') for key, _, value in pairs}
    families = {facts.get("ID", ""), *facts.get("ID_LIKE", "").split()}
    # Debian 13 dropped version 17; Ubuntu has both.
    new = facts.get("ID") == "debian" and int(facts.get("VERSION_ID", "99") or 99) >= 13
    java = "openjdk-21-jre-headless" if new else "openjdk-17-jre-headless"
    return Debian(is_debian="debian" in families, java_package=java)


def available_memory_mib(
    meminfo: Path = Path("/proc/meminfo"), cgroup: Path = Path("/sys/fs/cgroup")
) -> int:
    """Return how much memory new processes may take: the machine's, or this container's rest."""
    available = 0
    for line in meminfo.read_text(encoding="ascii").splitlines():
        if line.startswith("MemAvailable:"):
            available = int(line.split()[1]) // 1024
    try:
        limit = (cgroup / "memory.max").read_text(encoding="ascii").strip()
        used = int((cgroup / "memory.current").read_text(encoding="ascii"))
        statistics = (cgroup / "memory.stat").read_text(encoding="ascii")
    except (OSError, ValueError):
        return available
    if limit == "max":
        return available
    # Page cache counts as used there but is given back when asked for.
    cache = sum(
        int(line.split()[1])
        for line in statistics.splitlines()
        if line.startswith(("inactive_file ", "active_file "))
    )
    return min(available, (int(limit) - used + cache) // 1024**2)


def free_disk_mib(folder: Path) -> int:
    """Return the free space of the file system a folder is or will be on."""
    existing = next(place for place in (folder, *folder.parents) if place.exists())
    return shutil.disk_usage(existing).free // 1024**2


def user_has_name() -> bool:
    """Return whether the present user id is in the user database."""
    try:
        pwd.getpwuid(os.geteuid())
    except KeyError:
        return False
    return True


def is_port_free(port: int) -> bool:
    """Return whether a server could listen on a loopback port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As servers do: connections that are closing do not block them.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            return error.errno not in {errno.EADDRINUSE, errno.EACCES}
    return True


def listener_of(port: int, proc: Path = Path("/proc")) -> str | None:
    """Return "name (process 123)" of who listens on a port; None if that is not visible."""
    sockets = set(_listening_sockets(port, proc))
    if not sockets:
        return None
    for folder in proc.iterdir():
        if not folder.name.isdigit():
            continue
        try:
            targets = {str(link.readlink()) for link in (folder / "fd").iterdir()}
            if targets & sockets:
                name = (folder / "comm").read_text(encoding="utf-8", errors="replace").strip()
                return f"{name} (process {folder.name})"
        except OSError:
            continue
    return None


def _listening_sockets(port: int, proc: Path) -> Iterator[str]:
    for table in ("tcp", "tcp6"):
        try:
            rows = (proc / "net" / table).read_text(encoding="ascii").splitlines()[1:]
        except OSError:
            continue
        for row in rows:
            fields = row.split()
            listening = fields[3] == "0A"
            if listening and int(fields[1].rpartition(":")[2], 16) == port:
                yield f"socket:[{fields[9]}]"
