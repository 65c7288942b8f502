"""Each thing that may be missing is one clear sentence with its remedy."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stack.accounts import Account
from stack.context import Stack
from stack.java import Java
from stack.machine import Debian
from stack.maven import MavenRepository
from stack.preflight import (
    Machine,
    may_install,
    may_unpack_java,
    missing_packages,
    problems_of,
)
from stack.programs import Program
from stack.services import Service

DEBIAN = Debian(is_debian=True, java_package="openjdk-17-jre-headless")
OTHER = Debian(is_debian=False, java_package="openjdk-17-jre-headless")


def machine(**changes: Any) -> Machine:
    facts: dict[str, Any] = {
        "is_port_free": lambda port: True,
        "listener_of": lambda port: None,
        "available_memory_mib": lambda: 16_000,
        "free_disk_mib": lambda folder: 100_000,
        "distribution": DEBIAN,
        "is_root": True,
        "user_has_name": True,
        "can_unpack": True,
        "has_setpriv": True,
    }
    return Machine(**(facts | changes))


def service(*ports: str, memory_mib: int = 100) -> Service:
    program = Program(name="-".join(ports) or "one", argv=("true",), env={}, directory="/")
    return Service(program, "One", lambda started: None, memory_mib=memory_mib, ports=ports)


def test_nothing_is_said_when_nothing_is_missing(make_stack: Callable[..., Stack]) -> None:
    assert problems_of(make_stack(), True, [service("postgres")], machine()) == []


def test_a_taken_port_names_its_holder_and_a_free_port(make_stack: Callable[..., Stack]) -> None:
    taken = {5432, 15432}
    on = machine(
        is_port_free=lambda port: port not in taken, listener_of=lambda port: "psql (process 7)"
    )

    (problem,) = problems_of(make_stack(), False, [service("postgres")], on)

    assert problem == (
        "Port 5432 for PostgreSQL is in use by psql (process 7); stop that (`make down`, if it is "
        "another Keeper stack) or choose another port: KEEPER_POSTGRES_PORT=15433."
    )


def test_many_taken_ports_are_one_sentence(make_stack: Callable[..., Stack]) -> None:
    wanted = [service("postgres"), service("kafka", "kafka_controller"), service("airflow")]

    (problem,) = problems_of(make_stack(), False, wanted, machine(is_port_free=lambda _: False))

    assert "5432 (PostgreSQL), 9092 (Kafka), 9093 (Kafka's controller), 8080 (Airflow)" in problem
    assert "KEEPER_PORT_OFFSET=10000" in problem


def test_a_service_that_runs_already_may_hold_its_port(make_stack: Callable[..., Stack]) -> None:
    assert problems_of(make_stack(), False, [], machine(is_port_free=lambda port: False)) == []


def test_no_java_on_debian_as_root_offers_the_line(make_stack: Callable[..., Stack]) -> None:
    (problem,) = problems_of(make_stack(java=None), True, [], machine())

    assert "need Java 17 or newer, and there is none" in problem
    line = "apt-get update && apt-get install --yes --no-install-recommends openjdk-17-jre-headless"
    assert f"\n  {line}\n" in problem
    assert "KEEPER_INSTALL=0" in problem


def test_a_plain_user_is_asked_to_ask_root(make_stack: Callable[..., Stack]) -> None:
    (problem,) = problems_of(make_stack(java=None), True, [], machine(is_root=False))

    assert "\n  as root: apt-get update" in problem
    assert "KEEPER_INSTALL" not in problem


def test_elsewhere_no_apt_get_is_offered(make_stack: Callable[..., Stack]) -> None:
    stack = make_stack(java=None, maven=None)

    problems = problems_of(stack, True, [], machine(distribution=OTHER))

    assert len(problems) == 2
    assert not any("apt-get" in problem for problem in problems)


def test_an_old_java_is_said_with_its_place(make_stack: Callable[..., Stack]) -> None:
    stack = make_stack(java=None, java_too_old=Java(Path("/opt/jdk-11"), 11))

    (problem,) = problems_of(stack, True, [], machine())

    assert "the one in /opt/jdk-11 is version 11" in problem


def test_no_maven_is_a_problem_the_first_time(make_stack: Callable[..., Stack]) -> None:
    (problem,) = problems_of(make_stack(maven=None), True, [], machine())

    assert "Maven (mvn)" in problem
    assert "apt-get install --yes --no-install-recommends maven" in problem


def test_a_maven_repository_makes_maven_needless(make_stack: Callable[..., Stack]) -> None:
    stack = make_stack(maven=None, repository=MavenRepository("http://127.0.0.1/maven"))

    assert problems_of(stack, True, [], machine()) == []
    assert missing_packages(stack, machine()) == []


def test_without_maven_the_variable_is_named(make_stack: Callable[..., Stack]) -> None:
    (problem,) = problems_of(
        make_stack(maven=None), True, [], machine(is_root=False, distribution=OTHER)
    )

    assert problem.endswith("set KEEPER_MAVEN_URL to the address of a Maven repository.")


@pytest.mark.usefixtures("downloaded")
def test_no_maven_is_none_once_everything_is_fetched(make_stack: Callable[..., Stack]) -> None:
    assert problems_of(make_stack(maven=None), True, [], machine()) == []


def test_without_kafka_and_elasticsearch_neither_is_needed(
    make_stack: Callable[..., Stack],
) -> None:
    assert problems_of(make_stack(java=None, maven=None), False, [], machine()) == []


def test_little_memory_is_said_in_gib(make_stack: Callable[..., Stack]) -> None:
    wanted = [service(memory_mib=3_000), service(memory_mib=584)]

    (problem,) = problems_of(
        make_stack(), False, wanted, machine(available_memory_mib=lambda: 1_536)
    )

    assert "needs 4.0 GiB of memory and 1.5 GiB are available" in problem
    assert "KEEPER_SKIP_MEMORY_CHECK=1" in problem


def test_the_memory_check_can_be_skipped(make_stack: Callable[..., Stack]) -> None:
    stack = make_stack(environ={"KEEPER_SKIP_MEMORY_CHECK": "1"})

    assert problems_of(stack, False, [service()], machine(available_memory_mib=lambda: 1)) == []


def test_a_full_disk_is_said_with_the_folder(make_stack: Callable[..., Stack]) -> None:
    stack = make_stack()

    (problem,) = problems_of(stack, False, [service()], machine(free_disk_mib=lambda _: 512))

    assert problem.startswith(f"{stack.layout.home} needs 2 GiB of disk and 0.5 GiB are free")
    assert "KEEPER_STACK_HOME" in problem


def test_root_without_setpriv_is_said(make_stack: Callable[..., Stack]) -> None:
    stack = make_stack(account=Account("nobody", 65534, 65534))

    (problem,) = problems_of(stack, False, [], machine(has_setpriv=False))

    assert "setpriv" in problem


def test_a_user_id_without_a_name_is_said(make_stack: Callable[..., Stack]) -> None:
    (problem,) = problems_of(make_stack(), False, [], machine(user_has_name=False))

    assert "/etc/passwd" in problem


def test_the_packages_are_those_that_are_missing(make_stack: Callable[..., Stack]) -> None:
    assert missing_packages(make_stack(java=None, maven=None), machine()) == [
        "openjdk-17-jre-headless",
        "maven",
    ]
    assert missing_packages(make_stack(), machine()) == []


@pytest.mark.parametrize(
    ("environ", "changes", "expected"),
    [
        ({}, {}, True),
        ({"KEEPER_INSTALL": "1"}, {}, True),
        ({"KEEPER_INSTALL": "0"}, {}, False),
        ({"KEEPER_INSTALL": "0", "CI": "true"}, {}, False),
        ({"KEEPER_INSTALL": "1"}, {"is_root": False}, False),
        ({}, {"distribution": OTHER}, False),
    ],
    ids=["root", "asked", "forbidden", "forbidden in CI", "not root", "not Debian"],
)
def test_root_installs_packages_on_debian_unless_forbidden(
    environ: dict[str, str], changes: dict[str, Any], expected: bool
) -> None:
    assert may_install(environ, machine(**changes)) is expected


@pytest.mark.parametrize(
    ("environ", "changes", "expected"),
    [
        ({}, {}, True),
        ({"KEEPER_INSTALL": "0"}, {}, False),
        ({}, {"is_root": True}, False),
        ({}, {"distribution": OTHER}, False),
        ({}, {"can_unpack": False}, False),
    ],
    ids=["a plain user", "forbidden", "root installs", "not Debian", "no apt-get"],
)
def test_others_than_root_unpack_java_on_debian_unless_forbidden(
    environ: dict[str, str], changes: dict[str, Any], expected: bool
) -> None:
    assert may_unpack_java(environ, machine(**{"is_root": False} | changes)) is expected
