"""Writes the file from which Airflow's simple auth manager reads its users' passwords.

Standard library only: it runs before Airflow does.
"""

import json
import os
from pathlib import Path


def write_passwords(file: Path, password: str) -> None:
    """Give the user admin a password, in a file that only its owner may read."""
    file.touch(mode=0o600)
    file.chmod(0o600)
    file.write_text(json.dumps({"admin": password}), encoding="utf-8")


if __name__ == "__main__":
    write_passwords(
        Path(os.environ["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE"]),
        os.environ["KEEPER_AIRFLOW_PASSWORD"],
    )
