"""Writes the file from which Airflow's simple auth manager reads its users' passwords.

Standard library only: it runs before Airflow does.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path


def write_passwords(file: Path, password: str) -> None:
    """Give the user admin a password, in a file that only its owner may read."""
    file.touch(mode=0o600)
    file.chmod(0o600)
    file.write_text(json.dumps({"admin": password}), encoding="utf-8")


def given_password(environment: Mapping[str, str]) -> str:
    """Return KEEPER_AIRFLOW_PASSWORD, or what the file of KEEPER_AIRFLOW_PASSWORD_FILE says."""
    file = environment.get("KEEPER_AIRFLOW_PASSWORD_FILE")
    if file:
        return Path(file).read_text("utf-8").strip()
    return environment["KEEPER_AIRFLOW_PASSWORD"]


if __name__ == "__main__":
    write_passwords(
        Path(os.environ["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE"]),
        given_password(os.environ),
    )
