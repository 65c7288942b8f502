"""Redis for the console's cache, if it is asked for: the machine's own, or Debian's, unpacked."""

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from redis import Redis

from stack.accounts import give, run_as
from stack.commands import run_logged
from stack.context import Stack
from stack.debian_packages import unpack_packages
from stack.environment import redis_url
from stack.errors import StackError
from stack.layout import Layout, write_private
from stack.programs import Program, render_config
from stack.services import Service, Step

# The server's program is in redis-tools; the package redis-server only names it and starts it.
_PACKAGES: Final = (
    *("redis-tools", "libjemalloc2", "liblzf1"),
    *("liblua5.1-0", "lua-cjson", "lua-bitop"),
)


@dataclass(frozen=True, slots=True)
class RedisProgram:
    """How a Redis server is started.

    Attributes:
        path: The program.
        env: Variables without which it does not find its libraries.
    """

    path: Path
    env: Mapping[str, str]


def redis_folder(layout: Layout) -> Path:
    """Where Debian's Redis is unpacked; it exists only once it is complete."""
    return layout.lib / "redis"


def installed_redis(environ: Mapping[str, str]) -> Path | None:
    """Return the Redis server on the PATH; None if there is none."""
    found = shutil.which("redis-server", path=environ.get("PATH", ""))
    return Path(found) if found else None


def redis_program(layout: Layout, environ: Mapping[str, str]) -> RedisProgram:
    """Return the Redis server on the PATH, else the one that is, or will be, unpacked."""
    own = installed_redis(environ)
    return RedisProgram(own, {}) if own else _unpacked_in(redis_folder(layout))


def has_redis(stack: Stack) -> bool:
    """Return whether nothing has to be fetched."""
    return installed_redis(stack.environ) is not None or redis_folder(stack.layout).is_dir()


def unpack_redis(layout: Layout) -> None:
    """Fetch Debian's Redis, the first time, and unpack it; apt-get checks its signature.

    Raises:
        StackError: It could not be fetched, or does not start; with the last lines said.
    """
    log = layout.log_of("redis")

    def finish(root: Path) -> None:
        # By the first it knows that it is to serve; the second holds for every architecture.
        (root / "usr/bin/redis-server").symlink_to("redis-check-rdb")
        for library in root.rglob("liblzf.so.1"):
            (root / "libraries").symlink_to(os.path.relpath(library.parent, root))
        program = _unpacked_in(root)
        line = [str(program.path), "--version"]
        run_logged("Debian's Redis", line, log=log, env=program.env)

    try:
        unpack_packages(layout, redis_folder(layout), _PACKAGES, finish)
    except StackError as error:
        raise StackError(f"{error}\nInstall Redis, or do without: KEEPER_STACK_REDIS=0.") from None


def software_step(stack: Stack) -> Step:
    """Describe the step that sees to it that there is a Redis server to start."""

    def fetch() -> str:
        if not has_redis(stack):
            unpack_redis(stack.layout)
        return "there"

    return Step("redis-software", "Redis software", fetch)


def service(stack: Stack) -> Service:
    """Describe the Redis in which the console keeps answers."""
    home = stack.layout.home / "redis"
    program = redis_program(stack.layout, stack.environ)
    # The program itself may be fetched only later; everybody may read what is unpacked.
    needed = (stack.layout.root, stack.layout.home)
    return Service(
        program=Program(
            name="redis",
            argv=(*run_as(stack.account, needed), str(program.path), str(home / "redis.conf")),
            env={"HOME": str(home), **program.env},
            directory="/",
            bare=True,
        ),
        title="Redis, the console's cache",
        probe=lambda _: _probe(stack),
        needs=frozenset({"redis-software"}),
        prepare=lambda: _prepare(stack, home),
        memory_mib=20,
        ports=("redis",),
    )


def _unpacked_in(folder: Path) -> RedisProgram:
    libraries = {"LD_LIBRARY_PATH": str(folder / "libraries")}
    return RedisProgram(folder / "usr/bin/redis-server", libraries)


def _probe(stack: Stack) -> str | None:
    with Redis.from_url(redis_url(stack), socket_timeout=3) as client:
        client.ping()
    return None


def _prepare(stack: Stack, home: Path) -> None:
    home.mkdir(exist_ok=True)
    values = {
        "port": stack.ports.redis,
        "folder": str(home).replace("\\", "\\\\").replace('"', '\\"'),
        "password": stack.credentials.redis,
    }
    write_private(home / "redis.conf", render_config("redis.conf", **values))
    give(stack.account, home, home / "redis.conf")
