"""What containers run is set up as in the local stack, and by the passwords that services use."""

import json
import re
import subprocess
import sys
from pathlib import Path

from keeper.stores.postgres.access import ROLES
from tests.architecture.composition import composed, composition, example_environment

SERVICES = composition()["services"]
EXAMPLE = example_environment()


def test_the_database_roles_are_made_with_the_passwords_services_use(root: Path) -> None:
    services = composed({name: f"{name.lower()}" for name in EXAMPLE})["services"]
    made = services["postgres"]["environment"]
    used = services["migrate"]["environment"]
    assert used["KEEPER_DATABASE_PASSWORD"] == made["KEEPER_PASSWORD"]
    assert used["KEEPER_AIRFLOW_DATABASE_PASSWORD"] == made["AIRFLOW_PASSWORD"]
    assert f"://airflow:{made['AIRFLOW_PASSWORD']}@" in used["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"]
    backups = services["receive-wal"]["environment"]["KEEPER_BACKUP_SERVER_PASSWORD"]
    assert backups == services["backup-on-request"]["environment"]["KEEPER_BACKUP_SERVER_PASSWORD"]
    assert backups == made["BACKUP_PASSWORD"]
    assert set(made) - {"POSTGRES_PASSWORD"} == {
        "AIRFLOW_PASSWORD",
        "BACKUP_PASSWORD",
        "KEEPER_PASSWORD",
    }
    scripts = [
        (root / "docker" / "postgres" / f"make_{name}.sh").read_text("utf-8")
        for name in ("databases", "backup_login")
    ]
    found = set(re.findall(r"\\getenv \w+ (\w+)", "".join(scripts)))
    # On a laptop the owner's login serves for all.
    others = {f"{role.upper()}_PASSWORD" for role in ROLES}
    assert found == set(made) - {"POSTGRES_PASSWORD"} | others
    assert set(re.findall(r"'(keeper_\w+)', :'", scripts[0])) == set(ROLES)


def test_airflow_is_set_up_as_in_the_local_stack(root: Path) -> None:
    local = (root / "stack" / "environment.py").read_text("utf-8")
    services = composed(EXAMPLE)["services"]
    environment = {
        variable: value
        for name in ("airflow-apiserver", "airflow-scheduler")
        for variable, value in services[name]["environment"].items()
    }
    names = {name for name in environment if name.startswith("AIRFLOW__")}
    # The api-server gets them as options there and here; the variables only serve tools there.
    assert names == set(re.findall(r'"(AIRFLOW__\w+)"', local)) - {
        "AIRFLOW__API__HOST",
        "AIRFLOW__API__PORT",
    } | {
        # Its connections are variables there.
        "AIRFLOW__SECRETS__BACKEND",
        # The simple one there, which is Airflow's own choice.
        "AIRFLOW__CORE__AUTH_MANAGER",
        "AIRFLOW__CELERY__BROKER_URL",
        "AIRFLOW__CELERY__WORKER_CONCURRENCY",
    }
    constants = dict(re.findall(r'"(AIRFLOW__\w+)": "([^"{}]*)"', local))
    assert len(constants) >= 7
    assert constants.items() <= environment.items()


def test_kafka_is_set_up_as_in_the_local_stack(root: Path) -> None:
    local = (root / "stack" / "config" / "kafka.properties").read_text("utf-8")
    wanted = dict(re.findall(r"^([\w.]+)=(\w+)$", local, re.MULTILINE))
    # A laptop's threads there, listeners of other names here.
    for name in ("num.network.threads", "num.io.threads", "inter.broker.listener.name"):
        wanted.pop(name, None)
    environment = SERVICES["kafka"]["environment"]
    composed_ = {f"KAFKA_{name.replace('.', '_').upper()}": v for name, v in wanted.items()}
    assert composed_["KAFKA_AUTO_CREATE_TOPICS_ENABLE"] == "false"
    assert composed_.items() <= environment.items()


def test_airflows_password_file_is_made_for_its_owner_alone(root: Path, tmp_path: Path) -> None:
    environment = SERVICES["airflow-apiserver"]["environment"]
    file = tmp_path / "passwords.json"
    password = 'a "quoted" \\ word'
    assert "KEEPER_AIRFLOW_PASSWORD" in environment
    for _ in range(2):
        subprocess.run(
            [sys.executable, root / "docker" / "write_passwords.py"],
            env={
                "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(file),
                "KEEPER_AIRFLOW_PASSWORD": password,
                "KEEPER_AIRFLOW_API_PASSWORD": "the console's",
            },
            check=True,
        )
    passwords = {"admin": password, "keeper-console": "the console's"}
    assert json.loads(file.read_text("utf-8")) == passwords
    assert file.stat().st_mode & 0o777 == 0o600
