"""Every command in docker-compose.yaml exists, and Airflow understands its settings."""

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from keeper.cli.app import app
from keeper.settings import KEEPA_URL, SIMULATOR_KEY, VARIABLES, Settings
from tests.architecture.composition import (
    KEEPER_IMAGE,
    composed,
    composition,
    dockerfile,
    example_environment,
)

SERVICES = composition()["services"]
HEALTH = "/opt/keeper/docker/health.py"
REPORT = "http://{}:8080/api/v2/monitor/health"
# Programs of the images that are not Keeper's; only an engine can say whether they are there.
IN_OTHER_IMAGES = {
    "postgres": {"postgres", "pg_isready"},
    "kafka": {"KAFKA_HEAP_OPTS=-Xmx64m /opt/kafka/bin/kafka-broker-api-versions.sh"},
    "elasticsearch": {"curl"},
    "kibana": {"curl"},
    "connect": {"bash /etc/keeper/connect/start.sh", "bash -c exec 3<>/dev/tcp/127.0.0.1/8083"},
    "redis": {"redis-server", "redis-cli"},
    "mail": {"/mailpit"},
}

WAITING_AIRFLOW = ["keeper", "airflow"]
ASK_AIRFLOW = """
import json, sys
from airflow.api_fastapi.core_api.datamodels.monitor import HealthInfoResponse
from airflow.cli.cli_parser import get_parser

parser = get_parser()
for line in json.load(sys.stdin):
    parser.parse_args(line)
print(json.dumps(sorted(HealthInfoResponse.model_fields)))
"""
ASK_FOR_KEEPA = """
import json
from keeper.orchestration.airflow.connections import kafka_config, keepa_config, postgres_config

keepa = keepa_config()
print(json.dumps({
    "key": keepa.api_key.get_secret_value(),
    "url": keepa.base_url,
    "source": keepa.source,
    "timeout_s": keepa.timeout_s,
    "brokers": kafka_config().bootstrap_servers,
    "database": postgres_config().url,
}))
"""


def commands_of(service: dict[str, Any]) -> list[list[str]]:
    """A service's command and health check, a shell's line divided at its &&."""
    found = [service["command"]] if "command" in service else []
    how, *check = service.get("healthcheck", {}).get("test", ["CMD"])
    if check:
        found.append(["sh", "-c", *check] if how == "CMD-SHELL" else check)
    divided: list[list[str]] = []
    for command in found:
        if command[:2] == ["sh", "-c"]:
            lines = [shlex.split(part) for part in command[2].split(" && ")]
            divided += [line[1:] if line[0] == "exec" else line for line in lines]
        else:
            divided.append(command)
    return divided


def keepers_commands() -> list[list[str]]:
    services = [s for s in SERVICES.values() if s["image"] == KEEPER_IMAGE]
    return [command for service in services for command in commands_of(service)]


def understood(arguments: list[str]) -> bool:
    """Whether `keeper` has this command with these options; with --help nothing is run."""
    return CliRunner().invoke(app, [*arguments, "--help"]).exit_code == 0


def ask(script: str, home: Path, environment: dict[str, str], given: object = None) -> Any:
    own = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")}
    for name in VARIABLES:
        own.pop(name, None)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script],
        env=own | environment | {"AIRFLOW_HOME": str(home)},
        cwd=home,
        input=json.dumps(given),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_every_program_is_in_its_image(root: Path) -> None:
    programs = {command[0] for command in keepers_commands()}
    # Debian's coreutils are in every base.
    assert programs == {"keeper", "airflow", "python", "sleep"}
    scripts = {command[1] for command in keepers_commands() if command[0] == "python"}
    copies = [words.split() for name, words in dockerfile() if name == "COPY"]
    copied = {
        target + Path(source).name if target.endswith("/") else target: source
        for *sources, target in copies
        for source in sources
    }
    for script in scripts:
        assert (root / copied[script]).is_file()


@pytest.mark.parametrize("name", sorted(IN_OTHER_IMAGES))
def test_programs_of_other_images_are_known_ones(name: str) -> None:
    assert SERVICES[name]["image"] != KEEPER_IMAGE
    for command in commands_of(SERVICES[name]):
        line = " ".join(command)
        assert line.startswith(tuple(f"{program} " for program in IN_OTHER_IMAGES[name])), line


def test_every_keeper_command_exists() -> None:
    commands = [command[1:] for command in keepers_commands() if command[0] == "keeper"]
    assert len(commands) >= 8
    assert [command for command in commands if not understood(command)] == []


@pytest.mark.parametrize(
    "line", ["consume prizes", "migrat", "simulate-keepa --prot 1", "deliver --often"]
)
def test_a_keeper_command_that_does_not_exist_is_noticed(line: str) -> None:
    assert not understood(line.split())


def test_kibana_is_given_a_file_of_the_image(root: Path) -> None:
    ((_, script, url, file), (_, duration)) = commands_of(
        {"command": SERVICES["kibana-setup"]["command"]}
    )
    inside = "/opt/keeper/docker"
    assert ("COPY", f"docker/kibana {inside}/kibana") in dockerfile()
    assert (root / file.replace(inside, "docker")).is_file()
    assert (root / script.replace(inside, "docker")).is_file()
    assert (url, duration) == ("http://kibana:5601", "infinity")


def test_kibana_is_asked_for_a_data_view_that_it_was_given(root: Path) -> None:
    *_, url = SERVICES["kibana-setup"]["healthcheck"]["test"]
    address, _, name = url.rpartition("/")
    assert address == "http://kibana:5601/api/data_views/data_view"
    lines = (root / "docker" / "kibana" / "keeper.ndjson").read_text("utf-8").splitlines()
    objects = [(one["type"], one["id"]) for one in map(json.loads, lines)]
    assert ("index-pattern", name) in objects


def test_every_airflow_command_and_reported_part_exists(tmp_path: Path) -> None:
    once = [command[1:] for command in keepers_commands() if command[0] == "airflow"]
    # These go on, and wait for Airflow's database.
    lasting = [command[2:] for command in keepers_commands() if command[:2] == WAITING_AIRFLOW]
    assert (len(once), len(lasting)) == (2, 6)
    reported = ask(ASK_AIRFLOW, tmp_path, {}, [*once, *lasting])
    checks = [c[2:] for c in keepers_commands() if c[:2] == ["python", HEALTH]]
    asked = {part[0] for url, *part in checks if part}
    assert asked == {"metadatabase", "scheduler", "dag_processor", "triggerer"}
    assert asked <= set(reported)
    hosts = ("127.0.0.1", "airflow-apiserver")
    assert {url for url, *part in checks if part} == {REPORT.format(host) for host in hosts}


@pytest.mark.parametrize(
    ("given", "key", "url", "source"),
    [
        pytest.param({}, SIMULATOR_KEY, "http://keepa-simulator:8099", "simulator", id="no-key"),
        pytest.param({"KEEPA_API_KEY": "k" * 64}, "k" * 64, KEEPA_URL, "keepa", id="key"),
        pytest.param(
            {"KEEPA_API_KEY": "k" * 64, "KEEPER_KEEPA_URL": "http://proxy:1"},
            "k" * 64,
            "http://proxy:1",
            "keepa",
            id="key-and-address",
        ),
    ],
)
def test_airflow_and_the_workers_ask_the_same_keepa(
    given: dict[str, str], key: str, url: str, source: str, tmp_path: Path, root: Path
) -> None:
    services = composed(example_environment() | given)["services"]
    environment = services["airflow-scheduler"]["environment"]
    found = ask(
        ASK_FOR_KEEPA,
        tmp_path,
        {**environment, "PYTHONPATH": str(root / "include")}
        | {
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{tmp_path}/none.db",
            "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(tmp_path),
        },
    )
    settings = Settings.from_variables(environment)
    assert found == {
        "key": key,
        "url": url,
        "source": source,
        "timeout_s": 120,
        "brokers": environment["KAFKA_BOOTSTRAP_SERVERS"],
        "database": settings.database.url_with_password.get_secret_value(),
    }
    assert (
        settings.database.url_with_password.get_secret_value()
        == "postgresql://keeper:keeper-on-a-laptop@postgres:5432/keeper"
    )
    assert (settings.keepa.key.get_secret_value(), settings.keepa.url) == (key, url)
    assert settings.keepa.uses_simulator == (source == "simulator")
