"""The local stack has a Redis for the console's cache when it is asked for one, and else none."""

import stat
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from stack.catalogue import build, names_of
from stack.context import Stack, load_stack, wants
from stack.environment import export_lines, product_environment
from stack.errors import StackError
from stack.layout import Layout
from stack.machine import Debian
from stack.preflight import Machine, problems_of
from stack.redis import RedisProgram, redis_folder, redis_program, service
from stack.services import Service, Step

MakeStack = Callable[..., Stack]


@pytest.fixture
def with_redis(make_stack: MakeStack) -> Stack:
    return make_stack(uses_redis=True, environ={"PATH": "/nowhere"})


def machine(**changes: Any) -> Machine:
    on = Machine(
        is_port_free=lambda port: True,
        available_memory_mib=lambda: 16_000,
        free_disk_mib=lambda folder: 100_000,
        distribution=Debian(is_debian=True, java_package="none"),
        can_unpack=True,
    )
    return replace(on, **changes)


def test_without_being_asked_for_there_is_none(make_stack: MakeStack) -> None:
    stack = make_stack()

    assert not {"redis", "redis-software"} & names_of(stack, [])
    assert names_of(stack, ["redis"]) == frozenset()
    assert "KEEPER_REDIS_URL" not in product_environment(stack)


def test_asked_for_the_console_waits_for_it(with_redis: Stack) -> None:
    names = names_of(with_redis, ["console"])
    services, steps = build(with_redis, names)

    assert {"redis", "redis-software"} <= names
    parts: list[Service | Step] = [*services, *steps]
    needs = {part.name: part.needs for part in parts}
    assert "redis" in needs["console"]
    assert "redis-software" in needs["redis"]
    assert "redis" not in names_of(with_redis, ["workers"])


def test_the_console_is_given_its_address_and_login(with_redis: Stack) -> None:
    url = product_environment(with_redis)["KEEPER_REDIS_URL"]

    assert url == "redis://:redis-password@127.0.0.1:6379/0"
    assert f"export KEEPER_REDIS_URL={url}\n" in export_lines(with_redis)


def test_only_who_has_the_login_may_ask_it(with_redis: Stack) -> None:
    described = service(with_redis)
    described.prepare()

    file = with_redis.layout.home / "redis" / "redis.conf"
    assert described.program.argv[-1] == str(file)
    assert "\nrequirepass redis-password\n" in file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "redis-password" not in str(described.program)


def test_nothing_of_it_is_kept(with_redis: Stack) -> None:
    service(with_redis).prepare()

    lines = (with_redis.layout.home / "redis" / "redis.conf").read_text().splitlines()
    assert {'save ""', "appendonly no", "maxmemory-policy allkeys-lru"} <= set(lines)
    assert f'dir "{with_redis.layout.home}/redis"' in lines


@pytest.mark.parametrize(
    ("text", "remembered", "wanted"),
    [("1", False, True), ("0", True, False), ("", True, True), (" ", False, False)],
)
def test_the_variable_wins_over_the_last_choice(text: str, remembered: bool, wanted: bool) -> None:
    assert wants("KEEPER_STACK_REDIS", {"KEEPER_STACK_REDIS": text}, remembered) is wanted


def test_what_is_neither_yes_nor_no_is_refused() -> None:
    with pytest.raises(StackError, match=r"KEEPER_STACK_REDIS must be 1 or 0, not 'yes'\."):
        wants("KEEPER_STACK_REDIS", {"KEEPER_STACK_REDIS": "yes"}, False)


def test_the_choice_is_remembered(layout: Layout) -> None:
    environ = {"PATH": "/nowhere"}

    assert not load_stack(layout, environ).uses_redis
    assert load_stack(layout, environ | {"KEEPER_STACK_REDIS": "1"}).uses_redis
    assert load_stack(layout, environ).uses_redis
    assert not load_stack(layout, environ | {"KEEPER_STACK_REDIS": "0"}).uses_redis
    assert not load_stack(layout, environ).uses_redis


def test_a_redis_of_the_users_own_is_used_instead(layout: Layout) -> None:
    environ = {"PATH": "/nowhere", "KEEPER_STACK_REDIS": "1", "KEEPER_REDIS_URL": "redis://r:1/0"}
    stack = load_stack(layout, environ)

    assert not stack.uses_redis
    assert product_environment(stack)["KEEPER_REDIS_URL"] == "redis://r:1/0"


def test_the_machines_own_comes_before_debians(layout: Layout, tmp_path: Path) -> None:
    unpacked = redis_program(layout, {"PATH": "/nowhere"})
    assert unpacked.path == redis_folder(layout) / "usr/bin/redis-server"
    assert unpacked.env == {"LD_LIBRARY_PATH": str(redis_folder(layout) / "libraries")}

    own = tmp_path / "redis-server"
    own.touch(mode=0o755)
    assert redis_program(layout, {"PATH": str(tmp_path)}) == RedisProgram(own, {})


def _redis(stack: Stack) -> list[Service]:
    return [service(stack)]


def test_where_it_can_be_unpacked_nothing_is_missing(with_redis: Stack) -> None:
    assert problems_of(with_redis, False, _redis(with_redis), machine()) == []


@pytest.mark.parametrize(
    ("environ", "changes"),
    [
        ({}, {"distribution": Debian(is_debian=False, java_package="none")}),
        ({}, {"can_unpack": False}),
        ({"KEEPER_INSTALL": "0"}, {}),
    ],
    ids=["no Debian", "no apt-get", "forbidden"],
)
def test_where_it_cannot_one_sentence_says_so(
    environ: dict[str, str], changes: dict[str, Any], with_redis: Stack
) -> None:
    stack = replace(with_redis, environ={**with_redis.environ, **environ})

    (problem,) = problems_of(stack, False, _redis(stack), machine(**changes))

    assert problem.startswith("KEEPER_STACK_REDIS=1 asks for Redis, and there is no redis-server")
    assert "do without: KEEPER_STACK_REDIS=0" in problem


def test_what_was_unpacked_needs_no_debian(with_redis: Stack) -> None:
    redis_folder(with_redis.layout).mkdir(parents=True)

    assert problems_of(with_redis, False, _redis(with_redis), machine(can_unpack=False)) == []
