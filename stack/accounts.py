"""Who PostgreSQL, Kafka and Elasticsearch run as: they refuse root, or should."""

import os
import pwd
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from stack.errors import StackError

_CAPABILITY_NUMBERS = {"dac_read_search": 2, "dac_override": 1}


@dataclass(frozen=True, slots=True)
class Account:
    """An unprivileged user of this machine."""

    name: str
    uid: int
    gid: int


def server_account(root: Path, environ: Mapping[str, str]) -> Account | None:
    """Choose the user the servers run as, or None when this process is already unprivileged.

    Run as root, it is the owner of the checkout when that is a person (a bind mount, `sudo make`),
    else `nobody`, which every machine has; KEEPER_STACK_USER names another one.

    Raises:
        StackError: KEEPER_STACK_USER names no unprivileged user.
    """
    if os.geteuid() != 0:
        return None
    wanted = environ.get("KEEPER_STACK_USER", "").strip()
    if wanted:
        try:
            entry = pwd.getpwnam(wanted)
        except KeyError:
            entry = None
        if entry is None or entry.pw_uid == 0:
            raise StackError(
                f"KEEPER_STACK_USER={wanted} is not an unprivileged user of this machine; "
                "name one that exists or leave the variable out."
            )
        return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)
    for user in (root.stat().st_uid, "nobody"):
        try:
            entry = pwd.getpwuid(user) if isinstance(user, int) else pwd.getpwnam(user)
        except KeyError:
            continue
        if entry.pw_uid != 0:
            return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)
    raise StackError(
        "PostgreSQL and Elasticsearch refuse to run as root and this machine has no user `nobody`; "
        "name an unprivileged user with KEEPER_STACK_USER."
    )


def run_as(account: Account | None, needed: Iterable[Path]) -> tuple[str, ...]:
    """Return the command prefix that runs a server as `account`.

    A checkout below a home of mode 700 is out of an unprivileged user's reach. Then the process
    keeps one right of root, to read and search directories, and nothing else; the file modes of
    that home stay as they are. `no_setuid_fixup` makes access(2), which PostgreSQL asks about its
    own binary, honour that right.

    Args:
        account: The user, or None to stay the present one.
        needed: Files and folders the server reads; the right is kept only if one is out of reach.

    Raises:
        StackError: The right is needed but this container or kernel does not grant it.
    """
    if account is None:
        return ()
    prefix = (
        shutil.which("setpriv") or "setpriv",
        f"--reuid={account.uid}",
        f"--regid={account.gid}",
        "--clear-groups",
        "--no-new-privs",
    )
    hidden = next((path for path in needed if not can_read(account, path)), None)
    if hidden is None:
        return prefix
    right = _grantable_right()
    if right is None:
        raise StackError(
            f"{account.name}, whom PostgreSQL and Elasticsearch run as, cannot reach {hidden}; "
            "move the checkout out of the private folder, for example to /srv/keeper."
        )
    return (
        *prefix,
        f"--inh-caps=+{right}",
        f"--ambient-caps=+{right}",
        "--securebits=+no_setuid_fixup",
    )


def can_read(account: Account, path: Path) -> bool:
    """Return, by the mode bits alone, whether `account` can reach and read `path`."""
    resolved = path.resolve()
    bits = [(parent, 0o1) for parent in resolved.parents]
    bits.append((resolved, 0o5 if resolved.is_dir() else 0o4))
    for place, wanted in bits:
        status = place.stat()
        if status.st_uid == account.uid:
            shift = 6
        elif status.st_gid == account.gid:
            shift = 3
        else:
            shift = 0
        if (status.st_mode >> shift) & wanted != wanted:
            return False
    return True


def give(account: Account | None, *paths: Path) -> None:
    """Make `account` the owner of folders or files that a server must write."""
    if account is None:
        return
    for path in paths:
        os.chown(path, account.uid, account.gid)


def _grantable_right() -> str | None:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    line = next((line for line in status.splitlines() if line.startswith("CapBnd:")), "CapBnd:\t0")
    bounding = int(line.split()[1], 16)
    for right, number in _CAPABILITY_NUMBERS.items():
        if bounding >> number & 1:
            return right
    return None
