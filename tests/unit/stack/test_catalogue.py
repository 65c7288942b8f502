from collections.abc import Callable

import pytest
import yaml

from stack import elasticsearch, kafka
from stack.catalogue import GROUPS, build, names_of
from stack.context import Stack
from stack.errors import StackError
from stack.services import Service, Step


def test_a_group_brings_what_it_needs(make_stack: Callable[..., Stack]) -> None:
    assert names_of(make_stack(), ["mail"]) == {"mail"}
    assert names_of(make_stack(), ["workers"]) >= {
        "postgres",
        "databases",
        "kafka",
        "elasticsearch",
        "artifacts",
        "migrate",
        "consume-prices",
    }


def test_the_console_brings_the_tables_it_reads(make_stack: Callable[..., Stack]) -> None:
    assert names_of(make_stack(), ["console"]) >= {"console", "postgres", "databases", "migrate"}


def test_postgres_alone_needs_neither_java_nor_maven(make_stack: Callable[..., Stack]) -> None:
    assert names_of(make_stack(java=None, maven=None), ["postgres"]) == {"postgres", "databases"}


def test_everything_is_every_group(make_stack: Callable[..., Stack]) -> None:
    stack = make_stack()

    assert names_of(stack, []) == names_of(stack, list(GROUPS))


def test_with_a_key_there_is_no_simulator(make_stack: Callable[..., Stack]) -> None:
    assert "simulator" not in names_of(make_stack(keepa_key="real"), [])


def test_an_unknown_group_is_said_with_the_known_ones(make_stack: Callable[..., Stack]) -> None:
    with pytest.raises(StackError, match=r"no service group rabbit; choose from postgres, kafka"):
        names_of(make_stack(), ["rabbit", "kafka"])


def test_every_need_is_built_too(make_stack: Callable[..., Stack]) -> None:
    stack = make_stack()

    services, steps = build(stack, names_of(stack, []))

    parts: list[Service | Step] = [*services, *steps]
    there = {part.name for part in parts}
    for part in parts:
        assert part.needs <= there, part.name
    assert there == names_of(stack, [])


def test_no_service_listens_beyond_loopback(make_stack: Callable[..., Stack]) -> None:
    stack = make_stack()

    services, _ = build(stack, names_of(stack, []))

    commands = {service.name: service.program.argv for service in services}
    assert commands["airflow-scheduler"][1:] == ("airflow", "scheduler", "--skip-serve-logs")
    assert "--skip-serve-logs" in commands["airflow-triggerer"]
    api = commands["airflow-api"]
    assert api[api.index("--host") + 1] == "127.0.0.1"
    assert "0.0.0.0" not in str(commands)


def test_the_bot_starts_where_it_has_a_token_at_telegram(
    make_stack: Callable[..., Stack],
) -> None:
    stack = make_stack()
    assert not {"bot", "bot-token"} & names_of(stack, [])
    (stack.layout.root / ".env").write_text("TELEGRAM_BOT_TOKEN=4711:secret-word\n")

    names = names_of(stack, [])

    assert {"bot", "bot-token"} <= names
    services, _ = build(stack, names)
    (bot,) = (one for one in services if one.name == "bot")
    assert bot.needs == {"migrate", "bot-token"}
    token = stack.layout.secrets / "bot_api_token"
    assert bot.program.env["KEEPER_BOT_API_TOKEN_FILE"] == str(token)
    assert bot.program.env["KEEPER_BOT_API_URL"] == f"http://127.0.0.1:{stack.ports.console}"


@pytest.mark.parametrize(
    ("durable", "option"),
    [(True, "-XX:+UseG1GC"), (False, "-XX:TieredStopAtLevel=1")],
    ids=["running for long", "throwaway"],
)
def test_javas_servers_start_quickly_where_they_end_soon(
    make_stack: Callable[..., Stack], durable: bool, option: str
) -> None:
    stack = make_stack(durable=durable)
    config = stack.layout.home / "elasticsearch" / "config" / "jvm.options"
    config.parent.mkdir(parents=True)
    elasticsearch.prepare(stack, config.parents[1])
    assert option in kafka.service(stack).program.argv
    assert option in config.read_text("utf-8").splitlines()


def test_an_observed_stack_shows_each_worker_at_a_port_of_its_own(
    make_stack: Callable[..., Stack],
) -> None:
    stack = make_stack(is_observed=True)
    names = names_of(stack, [])
    services, _ = build(stack, names)
    assert {"prometheus", "metrics"} <= names
    (prometheus,) = (service for service in services if service.name == "prometheus")
    prometheus.prepare()
    read = yaml.safe_load((stack.layout.home / "prometheus" / "prometheus.yml").read_text("utf-8"))
    (job,) = (job for job in read["scrape_configs"] if job["job_name"] == "workers")
    shown = {one["labels"]["program"]: one["targets"][0] for one in job["static_configs"]}
    assert shown == {
        service.name: service.program.env["KEEPER_METRICS_LISTEN"]
        for service in services
        if service.name in GROUPS["workers"]
    }
    assert len(set(shown.values())) == len(shown)


@pytest.mark.parametrize(
    ("only", "shown"),
    [
        ([], {"node", "postgres", "elasticsearch"}),
        (["prometheus", "postgres"], {"node", "postgres"}),
        (["postgres"], set()),
    ],
)
def test_exporters_are_those_of_the_services_that_are_there(
    make_stack: Callable[..., Stack], only: list[str], shown: set[str]
) -> None:
    stack = make_stack(is_observed=True)
    names = names_of(stack, only)
    assert {name for name in names if name.endswith("-exporter")} == {
        f"prometheus-{name}-exporter" for name in shown
    }
    assert ("alertmanager" in names) is bool(shown)
    # Passwords are no options, which everybody on the machine may read.
    words = " ".join(word for one in build(stack, names)[0] for word in one.program.argv)
    assert stack.credentials.postgres_app not in words


def test_a_stack_that_is_not_observed_has_neither(make_stack: Callable[..., Stack]) -> None:
    stack = make_stack()
    assert not {"prometheus", "metrics"} & names_of(stack, [])
    services, _ = build(stack, names_of(stack, ["workers"]))
    assert not [s.name for s in services if "KEEPER_METRICS_LISTEN" in s.program.env]
