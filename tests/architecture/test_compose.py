"""The compose files are valid and complete, and a laptop's run the same as the local stack."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from keeper.settings import VARIABLES, Settings
from keeper.settings.variables import read_variables
from keeper.streams.workers import WORKERS
from stack import airflow as local_airflow
from stack.ports import Ports, variable_of
from tests.architecture.composition import (
    BASE,
    DEV,
    KEEPER_IMAGE,
    PROD,
    REFERENCE,
    compose_text,
    composed,
    composition,
    dockerfile,
    example_environment,
    interpolate,
    pinned_versions,
    worker_faults,
)

SERVICES = composition()["services"]
ONE_SHOTS = {"check-settings", "migrate"}
CELERY = {"redis", "airflow-worker-prices", "airflow-worker-others"}
DEV_TOOLS = {"kafka-ui", "web"}
CONNECT = {"connect", "connect-setup"}
SEALED = {"KEEPER_BACKUP_SEALED": "/var/lib/keeper/sealed"}
OF_BACKUPS = {"KEEPER_BACKUP_SERVER_URL": "postgresql://backup@postgres:5432/postgres"} | SEALED
OF_ONE_SERVICE = {
    "backup-on-request": OF_BACKUPS,
    "receive-wal": OF_BACKUPS,
    "check-settings": SEALED
    | {"KEEPER_BACKUP_RECIPIENT": "${KEEPER_BACKUP_RECIPIENT:+/etc/keeper/backup-recipient.txt}"},
}
EXAMPLE = example_environment()
EVERY_TEXT = compose_text(BASE, DEV, PROD)
USED = {match["name"] for match in REFERENCE.finditer(EVERY_TEXT) if match["name"]}
# Read by Compose itself.
OF_COMPOSE = {"COMPOSE_FILE", "COMPOSE_PATH_SEPARATOR", "COMPOSE_PROFILES"}
SETTINGS = set(VARIABLES)
# Where containers find each other; .env must not redirect them.
FIXED_IN_CONTAINERS = {
    "DATABASE_URL",
    "KEEPER_BOT_API_URL",
    "KEEPER_BOT_LISTEN",
    "ELASTICSEARCH_URL",
    "KAFKA_BOOTSTRAP_SERVERS",
    "KEEPER_AIRFLOW_API_USER",
    "KEEPER_AIRFLOW_DATABASE_PASSWORD",
    "KEEPER_AIRFLOW_DATABASE_URL",
    "KEEPER_AIRFLOW_URL",
    "KEEPER_BACKUPS",
    "KEEPER_BACKUP_RECIPIENT",
    "KEEPER_BACKUP_SEALED",
    "KEEPER_BACKUP_SERVER_PASSWORD",
    "KEEPER_BACKUP_STAGING",
    "KEEPER_BACKUP_SERVER_URL",
    "KEEPER_DATABASE_PASSWORD",
    "KEEPER_DATA_DOCS",
    "KEEPER_ELASTICSEARCH_PASSWORD",
    "KEEPER_KAFKA_MECHANISM",
    "KEEPER_KAFKA_PASSWORD",
    "KEEPER_KAFKA_TLS",
    "KEEPER_KAFKA_USER",
    "KEEPER_LAKE",
    "KEEPER_METRICS_LISTEN",
    "KEEPER_PAGES_DIR",
    "KEEPER_POSTGRES_PROGRAMS",
    "KEEPER_RUN_DIR",
    "KEEPER_SIMULATOR_URL",
}


def spec_check(path: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", path],
        capture_output=True,
        text=True,
        check=False,
    )


def of_keeper(service: dict[str, Any]) -> bool:
    return bool(service["image"] == KEEPER_IMAGE)


@pytest.mark.parametrize("files", [(BASE,), (BASE, DEV), (BASE, PROD)], ids=["base", "dev", "prod"])
def test_they_follow_the_compose_specification(files: tuple[Path, ...], tmp_path: Path) -> None:
    path = tmp_path / "docker-compose.yaml"
    path.write_text(yaml.safe_dump(composition(*files)))
    done = spec_check(path)
    assert done.returncode == 0, done.stdout + done.stderr


def _misspell_healthcheck(services: dict[str, Any]) -> None:
    services["postgres"]["healtcheck"] = services["postgres"].pop("healthcheck")


def _wait_for_something_else(services: dict[str, Any]) -> None:
    services["kibana"]["depends_on"]["elasticsearch"]["condition"] = "service_ready"


def _give_ports_as_a_mapping(services: dict[str, Any]) -> None:
    services["kafka"]["ports"] = {"9092": "9092"}


@pytest.mark.parametrize(
    "spoil", [_misspell_healthcheck, _wait_for_something_else, _give_ports_as_a_mapping]
)
def test_a_mistake_fails_the_check(spoil: Callable[[dict[str, Any]], None], tmp_path: Path) -> None:
    spoiled = composition()
    spoil(spoiled["services"])
    path = tmp_path / "docker-compose.yaml"
    path.write_text(yaml.safe_dump(spoiled))
    done = spec_check(path)
    assert done.returncode == 1
    assert "services." in done.stdout


def test_it_has_every_part() -> None:
    assert set(SERVICES) == {
        *("postgres", "kafka", "elasticsearch", "kibana", "kibana-setup"),
        *("keepa-simulator", "migrate"),
        *("airflow-apiserver", "airflow-scheduler", "airflow-dag-processor", "airflow-triggerer"),
        *("check-settings", "console", "all-in-one", "mail", *CELERY, *DEV_TOOLS, *CONNECT),
        *(worker.name for worker in WORKERS),
    }
    airflow = [name for name in SERVICES.keys() - CELERY if "airflow" in name]
    assert len(local_airflow.PROGRAMS) == len(airflow)


@pytest.mark.parametrize("files", [(BASE,), (BASE, DEV), (BASE, PROD)], ids=["base", "dev", "prod"])
def test_every_worker_of_the_table_is_a_service(files: tuple[Path, ...]) -> None:
    assert worker_faults(composition(*files)["services"]) == []


def _leave_one_out(services: dict[str, Any]) -> None:
    del services["index-deals"]


def _start_another(services: dict[str, Any]) -> None:
    services["index-deals"]["command"] = services["index-prices"]["command"]


def _ask_another(services: dict[str, Any]) -> None:
    services["index-deals"]["healthcheck"] = services["index-prices"]["healthcheck"]


@pytest.mark.parametrize("spoil", [_leave_one_out, _start_another, _ask_another])
def test_a_worker_that_differs_from_the_table_is_named(
    spoil: Callable[[dict[str, Any]], None],
) -> None:
    services = composition()["services"]
    spoil(services)
    (fault,) = worker_faults(services)
    assert fault.startswith("index-deals: ")


def test_every_reference_is_one_this_test_understands() -> None:
    found = [m for m in REFERENCE.finditer(EVERY_TEXT) if m["name"]]
    assert EVERY_TEXT.replace("$${", "").count("${") == len(found)
    assert "$$" not in compose_text()


def test_what_is_taken_back_is_taken_back_where_it_stands() -> None:
    # Compose does not see the tag through an alias.
    for file in (DEV, PROD):
        extensions, services = file.read_text("utf-8").split("\nservices:\n")
        assert "!reset" not in extensions
        assert "!reset" in services


def test_every_variable_is_in_the_example() -> None:
    assert set(EXAMPLE) == USED | SETTINGS | OF_COMPOSE


def test_every_setting_reaches_the_containers() -> None:
    environment = composition(BASE)["x-keeper-environment"]
    assert set(environment) == SETTINGS
    passed_on = {name for name, value in environment.items() if value == f"${{{name}:-}}"}
    assert passed_on == SETTINGS - FIXED_IN_CONTAINERS - {"KEEPER_SMTP_CA_FILE"}
    for name, service in composition(BASE)["services"].items():
        if of_keeper(service):
            own = OF_ONE_SERVICE.get(name, {})
            assert (environment | own).items() <= service["environment"].items()


@pytest.mark.parametrize(
    ("given", "source", "inside"),
    [
        ({}, "./docker/no-certificates.pem", ""),
        ({"KEEPER_SMTP_CA_FILE": "./ours.pem"}, "./ours.pem", "/etc/keeper/smtp-ca.pem"),
    ],
)
def test_the_mail_servers_authority_is_mounted_where_the_setting_says(
    root: Path, given: dict[str, str], source: str, inside: str
) -> None:
    found = composed(EXAMPLE | given)
    assert found["configs"]["smtp-ca"] == {"file": source}
    assert (root / "docker" / "no-certificates.pem").exists()
    mounted = [{"source": "smtp-ca", "target": "/etc/keeper/smtp-ca.pem"}]
    for service in found["services"].values():
        if of_keeper(service):
            assert [one for one in service["configs"] if one["source"] == "smtp-ca"] == mounted
            assert service["environment"]["KEEPER_SMTP_CA_FILE"] == inside


def test_each_variable_of_the_example_has_a_comment(root: Path) -> None:
    lines = (root / ".env.example").read_text("utf-8").splitlines()
    unexplained = [
        line
        for before, line in zip(["", *lines], lines, strict=False)
        if re.match(r"\w+=", line) and not re.match(r"# \w.*[^-]$", before)
    ]
    assert unexplained == []


def test_the_example_sets_what_docker_requires_and_nothing_else() -> None:
    required = {m["name"] for m in REFERENCE.finditer(compose_text()) if m["how"] == ":?"}
    own = {"COMPOSE_FILE", "COMPOSE_PATH_SEPARATOR"}
    assert {name for name, value in EXAMPLE.items() if value} == required | own
    assert EXAMPLE["COMPOSE_FILE"].split(EXAMPLE["COMPOSE_PATH_SEPARATOR"]) == [BASE.name, DEV.name]
    assert all(re.fullmatch(r"[\w-]+", EXAMPLE[name]) for name in required)
    assert len(EXAMPLE["KEEPER_AIRFLOW_JWT_SECRET"]) >= 64


def test_the_example_as_it_is_changes_no_setting(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in SETTINGS:
        monkeypatch.delenv(name, raising=False)
    copied = Settings.from_variables(read_variables(VARIABLES, [root / ".env.example"]))
    assert copied == Settings()
    # A shell on this machine reaches the composed database by default.
    password = EXAMPLE["KEEPER_POSTGRES_PASSWORD"]
    assert copied.database.url.get_secret_value() == (
        f"postgresql://keeper:{password}@localhost:5432/keeper"
    )


@pytest.mark.parametrize(
    "missing",
    sorted(name for name, value in EXAMPLE.items() if value and name not in OF_COMPOSE),
)
def test_without_a_required_variable_it_says_what_to_do(missing: str) -> None:
    with pytest.raises(LookupError, match=r"copy \.env\.example to \.env"):
        composed(EXAMPLE | {missing: ""})


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("${A}", "1"),
        ("${B}", ""),
        ("x${A:-2}y", "x1y"),
        ("${B:-2}", "2"),
        ("${A:+yes}${B:+no}", "yes"),
        ("$$A", "$A"),
    ],
)
def test_variables_are_put_in_as_compose_does(text: str, value: str) -> None:
    assert interpolate(text, {"A": "1", "B": ""}) == value


def test_versions_are_the_local_stacks() -> None:
    versions = pinned_versions()
    wanted = versions["images"]
    images = {name: s["image"] for name, s in SERVICES.items() if not of_keeper(s)}
    assert images == {
        "postgres": f"postgres:{wanted['postgres']}",
        "kafka": f"apache/kafka:{versions['kafka']}",
        "connect": f"apache/kafka:{versions['kafka']}",
        "elasticsearch": (
            f"docker.elastic.co/elasticsearch/elasticsearch:{wanted['elasticsearch']}"
        ),
        "kibana": f"docker.elastic.co/kibana/kibana:{wanted['kibana']}",
        "redis": f"redis:{wanted['redis']}",
        "mail": f"axllent/mailpit:{wanted['mailpit']}",
        "kafka-ui": f"kafbat/kafka-ui:{wanted['kafka_ui']}",
        "web": "keeper-web:dev",
    }


def test_images_are_of_the_local_stacks_series_and_no_older() -> None:
    versions = pinned_versions()
    wanted = versions["images"]
    assert wanted["kibana"] == wanted["elasticsearch"]
    for name in ("postgres", "elasticsearch"):
        local, image = (
            [int(n) for n in text.split(".")] for text in (versions[name], wanted[name])
        )
        assert image[:-1] == local[:-1]
        assert image[-1] >= local[-1]


def test_one_service_builds_the_image_on_the_dockerfiles_base() -> None:
    builds = {name: service["build"] for name, service in SERVICES.items() if "build" in service}
    base = dict(dockerfile())["ARG"].removeprefix("BASE_IMAGE=")
    arguments = {"BASE_IMAGE": f"${{KEEPER_BASE_IMAGE:-{base}}}"}
    assert builds == {
        "migrate": {"context": ".", "args": arguments},
        "web": {"context": ".", "args": arguments, "target": "pages"},
    }
    # The others never look for it in a registry.
    policies = {name: s.get("pull_policy") for name, s in SERVICES.items() if of_keeper(s)}
    assert policies == dict.fromkeys(policies, "never") | {"migrate": "build"}


@pytest.mark.parametrize("name", sorted(set(SERVICES) - ONE_SHOTS - DEV_TOOLS))
def test_services_are_asked_how_they_are(name: str) -> None:
    health = SERVICES[name]["healthcheck"]
    if not name.startswith("airflow-worker"):
        assert (health["interval"], health["timeout"], health["retries"]) == ("30s", "10s", 5)
    assert health["test"][0] in ("CMD", "CMD-SHELL")
    assert SERVICES[name]["restart"] == "unless-stopped"


@pytest.mark.parametrize("name", sorted(ONE_SHOTS))
def test_one_shots_run_once(name: str) -> None:
    assert SERVICES[name]["restart"] == "no"
    assert "healthcheck" not in SERVICES[name]


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_services_start_when_what_they_need_is_ready(name: str) -> None:
    needs = SERVICES[name].get("depends_on", {})
    conditions = {need: how["condition"] for need, how in needs.items()}
    assert conditions == {
        need: "service_completed_successfully" if need in ONE_SHOTS else "service_healthy"
        for need in needs
    }
    if of_keeper(SERVICES[name]) and name not in ONE_SHOTS | {"keepa-simulator"}:
        assert "migrate" in needs


@pytest.mark.parametrize("files", [(BASE, DEV), (BASE, PROD)], ids=["dev", "prod"])
def test_nothing_starts_before_the_settings_are_checked(files: tuple[Path, ...]) -> None:
    services = composition(*files)["services"]

    def checked(name: str) -> bool:
        needs = services[name].get("depends_on", {})
        return "check-settings" in needs or any(checked(need) for need in needs)

    assert [name for name in services if not checked(name)] == ["check-settings"]


def test_the_migration_waits_for_every_store() -> None:
    assert set(SERVICES["migrate"]["depends_on"]) == {"postgres", "kafka", "elasticsearch"}


def test_what_may_be_left_out_needs_its_profile() -> None:
    profiles = {name: set(s["profiles"]) for name, s in SERVICES.items() if "profiles" in s}
    assert profiles == (
        {name: {"celery"} for name in CELERY}
        | {name: {"dev-tools"} for name in DEV_TOOLS}
        | {name: {"connect"} for name in CONNECT}
        | {"redis": {"celery", "dev-tools"}, "all-in-one": {"all-in-one"}}
        | {"bot": {"bot"}, "metrics": {"observe"}}
    )


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_what_is_mounted_exists(name: str, root: Path) -> None:
    for volume in composed(EXAMPLE)["services"][name].get("volumes", ()):
        source, target, *mode = volume.split(":")
        assert target.startswith("/")
        if source.startswith("./"):
            assert (root / source).exists(), volume
            assert mode == ["ro"], volume
        else:
            assert source in composition()["volumes"], volume


def test_every_named_volume_is_used() -> None:
    services = composed(EXAMPLE)["services"].values()
    mounted = {v.split(":")[0] for s in services for v in s.get("volumes", ())}
    assert set(composition()["volumes"]) <= mounted


@pytest.mark.parametrize("name", [name for name, s in SERVICES.items() if of_keeper(s)])
def test_code_of_the_checkout_is_live(name: str) -> None:
    live = {f"./{folder}:/opt/keeper/{folder}:ro" for folder in "dags plugins include sql".split()}
    assert live <= set(SERVICES[name]["volumes"])


def test_ports_are_published_on_loopback_and_are_the_local_stacks() -> None:
    published = [
        port
        for service in composed(EXAMPLE)["services"].values()
        for port in service.get("ports", ())
    ]
    assert len(published) == 14
    for port in published:
        address, outside, inside = port.split(":")
        assert address == "127.0.0.1"
        # Of others' pages and of mail the port outside is Keeper's choice.
        assert outside == inside or (inside, outside) in {
            ("587", "1025"),
            ("8080", "8085"),
        }
    defaults = {variable_of(name): str(port) for name, port in Ports().as_dict().items()}
    chosen = {
        m["name"]: m["word"]
        for m in REFERENCE.finditer(compose_text())
        if m["name"].endswith("_PORT") and m["name"] in defaults
    }
    assert len(chosen) == 9
    assert chosen.items() <= defaults.items()


def test_addresses_name_services() -> None:
    environment = composed(EXAMPLE)["services"]["airflow-scheduler"]["environment"]
    hosts = {
        urlsplit(value).hostname
        for name, value in environment.items()
        if "://" in value and not name.endswith(("BASE_URL", "_LAKE", "PUBLIC_URL"))
    }
    hosts.add(environment["KAFKA_BOOTSTRAP_SERVERS"].partition(":")[0])
    hosts.add(environment["SMTP_HOST"])
    assert hosts == {
        *("postgres", "kafka", "elasticsearch", "keepa-simulator", "airflow-apiserver"),
        *("redis", "mail", "console"),
    }
    assert hosts <= set(SERVICES)
