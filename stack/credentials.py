"""Passwords and keys of one stack, generated once."""

import base64
import json
import os
import secrets
from dataclasses import asdict, dataclass, fields

from stack.layout import Layout, write_private


@dataclass(frozen=True, slots=True)
class Credentials:
    """Generated at first start and kept until `make clean`.

    Only letters, digits, "-", "_" and (for the Fernet key) "=", so that they need no quoting in
    URLs and configuration files.
    """

    postgres_superuser: str
    postgres_keeper: str
    postgres_app: str
    postgres_console: str
    postgres_read: str
    postgres_airflow: str
    airflow_admin: str
    airflow_console: str
    airflow_fernet_key: str
    airflow_jwt_secret: str
    airflow_api_secret: str
    kafka_cluster_id: str
    keeper_link_secret: str
    redis: str


def load_credentials(layout: Layout) -> Credentials:
    """Read this stack's credentials, generating those it does not have yet."""
    path = layout.secrets / "credentials.json"
    stored: dict[str, str] = {}
    if path.exists():
        stored = json.loads(path.read_text(encoding="utf-8"))
    names = {field.name for field in fields(Credentials)}
    known = {name: value for name, value in stored.items() if name in names}
    credentials = Credentials(**(asdict(_generate()) | known))
    if asdict(credentials) != stored:
        write_private(path, json.dumps(asdict(credentials), indent=2) + "\n")
    return credentials


def _generate() -> Credentials:
    return Credentials(
        postgres_superuser=secrets.token_hex(16),
        postgres_keeper=secrets.token_hex(16),
        postgres_app=secrets.token_hex(16),
        postgres_console=secrets.token_hex(16),
        postgres_read=secrets.token_hex(16),
        postgres_airflow=secrets.token_hex(16),
        airflow_admin=secrets.token_hex(6),
        airflow_console=secrets.token_hex(16),
        airflow_fernet_key=base64.urlsafe_b64encode(os.urandom(32)).decode(),
        airflow_jwt_secret=secrets.token_urlsafe(48),
        airflow_api_secret=secrets.token_urlsafe(48),
        keeper_link_secret=secrets.token_hex(16),
        redis=secrets.token_hex(16),
        # Kafka's Uuid: 16 bytes, base64url without padding, not starting with "-".
        kafka_cluster_id="k" + base64.urlsafe_b64encode(os.urandom(16)).decode()[1:22],
    )
