"""The environment each process of the stack runs with, and the same for a shell beside it."""

import json
import shlex
from typing import Final

from stack.context import Stack
from stack.given import (
    EXPORTED,
    catches_mail,
    exported_mark,
    given_by_environment,
    given_settings,
)
from stack.layout import write_private
from stack.ports import HOST
from stack.postgres import SUPERUSER, binaries, keeper_roles

KEEPA_URL: Final = "https://api.keepa.com"
AIRFLOW_CONSOLE_USER: Final = "keeper-console"
"""By which the console starts runs. Airflow's role user is the least that may; it sees no
connections and variables, but may change DAGs too."""


def product_environment(stack: Stack) -> dict[str, str]:
    """Return Keeper's settings for this stack, and those that its user gives.

    Without a mail server of the user's, mails go to the mail catcher.
    """
    ports, layout = stack.ports, stack.layout
    given = given_settings(layout, stack.environ)
    catcher = {"SMTP_HOST": HOST, "SMTP_PORT": str(ports.smtp), "KEEPER_SMTP_TLS": "none"}
    defaults = {
        "KEEPER_USER_EMAIL": "you@keeper.localhost",
        "KEEPER_LAKE": layout.lake.as_uri(),
        # Small enough that the demo's few hundred products make several mapped tasks.
        "KEEPER_BATCH_PRODUCTS": "100",
        "KEEPER_DATA_DOCS": str(layout.home / "data-docs"),
        "KEEPER_BACKUP_STAGING": str(layout.home / "backup-staging"),
        "KEEPER_POSTGRES_PROGRAMS": str(binaries()),
        "KEEPER_PUBLIC_URL": console_url(stack),
        "KEEPER_LINK_SECRET": stack.credentials.keeper_link_secret,
        # What is thrown away soon is not watched: tests say the same on a full disk.
        **({} if stack.durable else {"KEEPER_LEAST_FREE_PERCENT": "0"}),
    }
    settings = {
        **{name: value for name, value in defaults.items() if f"{name}_FILE" not in given},
        **given,
        **(catcher if catches_mail(layout, stack.environ) else {}),
        "DATABASE_URL": database_url(stack),
        "KAFKA_BOOTSTRAP_SERVERS": f"{HOST}:{ports.kafka}",
        "ELASTICSEARCH_URL": f"http://{HOST}:{ports.elasticsearch}",
        "KEEPER_RUN_DIR": str(layout.run),
        "KEEPER_PAGES_DIR": str(layout.pages),
        "KEEPER_BOT_API_URL": f"http://{HOST}:{ports.console}",
        "KEEPER_AIRFLOW_URL": f"http://{HOST}:{ports.airflow}",
        "KEEPER_AIRFLOW_API_USER": AIRFLOW_CONSOLE_USER,
        "KEEPER_AIRFLOW_API_PASSWORD": stack.credentials.airflow_console,
        "GX_ANALYTICS_ENABLED": "false",
        "PYTHONPATH": str(layout.root / "include"),
    }
    if stack.keepa_key is None:
        settings["KEEPER_KEEPA_URL"] = simulator_url(stack)
    else:
        settings["KEEPA_API_KEY"] = stack.keepa_key
    if {"KEEPER_BACKUPS", "KEEPER_BACKUPS_FILE"} & given.keys():
        settings |= backup_login(stack)
    if stack.uses_redis:
        settings["KEEPER_REDIS_URL"] = redis_url(stack)
    return settings


def airflow_environment(stack: Stack) -> dict[str, str]:
    """Return Airflow's configuration and connections, on top of the product's settings."""
    home, root, ports = stack.layout.airflow_home, stack.layout.root, stack.ports
    secrets = stack.credentials
    api = f"http://{HOST}:{ports.airflow}"
    product = product_environment(stack)
    return product | {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__API__BASE_URL": airflow_url(stack),
        "AIRFLOW__API__HOST": HOST,
        "AIRFLOW__API__PORT": str(ports.airflow),
        "AIRFLOW__API__SECRET_KEY": secrets.airflow_api_secret,
        "AIRFLOW__API__WORKERS": "1",
        "AIRFLOW__API_AUTH__JWT_SECRET": secrets.airflow_jwt_secret,
        "AIRFLOW__CORE__DAGS_FOLDER": str(root / "dags"),
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{api}/execution/",
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        "AIRFLOW__CORE__FERNET_KEY": secrets.airflow_fernet_key,
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__PARALLELISM": "8",
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(root / "plugins"),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(
            stack.layout.secrets / "airflow_passwords.json"
        ),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": f"admin:admin,{AIRFLOW_CONSOLE_USER}:user",
        "AIRFLOW__CORE__TEST_CONNECTION": "Enabled",
        # A file that has changed is read at the next look. One that has not costs a second of the
        # processor each time, for what it imports may have changed.
        "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "120",
        "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "15",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": (
            f"postgresql+psycopg2://airflow:{secrets.postgres_airflow}"
            f"@{HOST}:{ports.postgres}/airflow"
        ),
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(home / "logs"),
        # By KEEPER_TASK_LOGS; with files it is Airflow's own.
        "AIRFLOW__LOGGING__LOGGING_CONFIG_CLASS": "keeper.orchestration.task_logs.LOGGING_CONFIG",
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "1",
        # Where `keeper airflow` looks before it becomes one of Airflow's processes.
        "KEEPER_AIRFLOW_DATABASE_URL": (
            f"postgresql://airflow:{secrets.postgres_airflow}@{HOST}:{ports.postgres}/airflow"
        ),
        **_connections(stack, product),
    }


def database_url(stack: Stack, role: str = "keeper") -> str:
    """Return where the product's tables are, password included: as their owner, or as a role."""
    passwords = {"keeper": stack.credentials.postgres_keeper, **keeper_roles(stack)}
    return f"postgresql://{role}:{passwords[role]}@{HOST}:{stack.ports.postgres}/keeper"


def backup_login(stack: Stack) -> dict[str, str]:
    """Return the login that may copy the stack's whole server, for who backs it up."""
    return {
        "KEEPER_BACKUP_SERVER_URL": (
            f"postgresql://{SUPERUSER}@{HOST}:{stack.ports.postgres}/postgres"
        ),
        "KEEPER_BACKUP_SERVER_PASSWORD": stack.credentials.postgres_superuser,
    }


def redis_url(stack: Stack) -> str:
    """Return where the console's cache is, password included."""
    return f"redis://:{stack.credentials.redis}@{HOST}:{stack.ports.redis}/0"


def console_url(stack: Stack) -> str:
    """Return where a reader on this machine reaches the console."""
    return f"http://localhost:{stack.ports.console}"


def simulator_url(stack: Stack) -> str:
    """Return the simulator's base URL."""
    return f"http://{HOST}:{stack.ports.simulator}"


def airflow_url(stack: Stack) -> str:
    """Return the address a person types to see Airflow."""
    return f"http://localhost:{stack.ports.airflow}"


def write_env_file(stack: Stack) -> None:
    """Write the product's settings where `keeper` in a shell beside the stack finds them."""
    lines = ["# Written by the local stack at each start; `make clean` removes it."]
    lines += [f"{name}={_quoted(value)}" for name, value in product_environment(stack).items()]
    write_private(stack.layout.env_file, "\n".join(lines) + "\n")


def export_lines(stack: Stack) -> str:
    """Return `export` lines for a shell: the product's settings and Airflow's."""
    variables = airflow_environment(stack)
    own = given_by_environment(stack.environ)
    marked = {name: value for name, value in variables.items() if name not in own}
    variables[EXPORTED] = exported_mark(marked)
    return "".join(f"export {name}={shlex.quote(value)}\n" for name, value in variables.items())


def _connections(stack: Stack, product: dict[str, str]) -> dict[str, str]:
    simulated = stack.keepa_key is None
    connections: dict[str, dict[str, object]] = {
        "keeper_postgres": {
            "conn_type": "postgres",
            "host": HOST,
            "port": stack.ports.postgres,
            "login": "keeper",
            "password": stack.credentials.postgres_keeper,
            "schema": "keeper",
        },
        "keeper_airflow_metadata": {
            "conn_type": "postgres",
            "host": HOST,
            "port": stack.ports.postgres,
            "login": "airflow",
            "password": stack.credentials.postgres_airflow,
            "schema": "airflow",
        },
        "keeper_kafka": {
            "conn_type": "kafka",
            "extra": {"bootstrap.servers": product["KAFKA_BOOTSTRAP_SERVERS"]},
        },
        "keeper_elasticsearch": {
            "conn_type": "keeper_elasticsearch",
            "host": HOST,
            "port": stack.ports.elasticsearch,
            "schema": "http",
        },
        "keeper_keepa": {
            "conn_type": "keepa",
            "host": product.get("KEEPER_KEEPA_URL", KEEPA_URL),
            # The simulator's key is no secret: Airflow would mask its word in every log.
            **({} if simulated else {"password": stack.keepa_key}),
            "extra": {"source": "simulator" if simulated else "keepa"},
        },
    }
    return {f"AIRFLOW_CONN_{name.upper()}": json.dumps(c) for name, c in connections.items()}


def _quoted(value: str) -> str:
    # python-dotenv reads single-quoted values with backslash escapes of "'" and "\" only.
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
