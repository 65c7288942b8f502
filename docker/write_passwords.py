"""Writes the file from which Airflow's simple auth manager reads its users' passwords.

Standard library only: it runs before Airflow does.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path


def write_passwords(file: Path, passwords: Mapping[str, str]) -> None:
    """Give users their passwords, in a file that only its owner may read."""
    file.touch(mode=0o600)
    file.chmod(0o600)
    file.write_text(json.dumps(passwords), encoding="utf-8")


def given_passwords(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the password of admin, and that of the console if it has one.

    Airflow makes up one that nobody knows for a user without.
    """
    passwords = {"admin": _given(environment, "KEEPER_AIRFLOW_PASSWORD")}
    if console := _given(environment, "KEEPER_AIRFLOW_API_PASSWORD"):
        passwords["keeper-console"] = console
    return passwords


def _given(environment: Mapping[str, str], name: str) -> str:
    """Return what a variable holds, or the file that NAME_FILE names."""
    file = environment.get(f"{name}_FILE")
    return Path(file).read_text("utf-8").strip() if file else environment.get(name, "")


if __name__ == "__main__":
    write_passwords(
        Path(os.environ["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE"]),
        given_passwords(os.environ),
    )
