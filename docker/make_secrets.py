"""Makes the files of secrets/ for docker-compose.prod.yaml: `python3 docker/make_secrets.py`.

What is there stays as it is, so it may run before every start. Files that only a person can fill,
as Keepa's key, are made empty; the certificate and its key are asked for, or made for a trial with
`--self-signed HOST`. Needs nothing but Python; openssl for that.

The folder can be entered by its owner alone, and that is what keeps others out: Compose mounts a
file with the owner and mode it has here, and each container reads those given to it as a user of
its own.
"""

import argparse
import base64
import hashlib
import hmac
import secrets
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

PASSWORDS = (
    "postgres_password",
    "keeper_postgres_password",
    "keeper_app_postgres_password",
    "keeper_console_postgres_password",
    "keeper_read_postgres_password",
    "airflow_postgres_password",
    "backup_postgres_password",
    "kafka_password",
    "kafka_admin_password",
    "elasticsearch_password",
    "keeper_elasticsearch_password",
    "kibana_password",
    "redis_password",
    "airflow_password",
    "airflow_console_password",
    "airflow_api_secret",
    "airflow_jwt_secret",
    "keeper_link_secret",
)
GIVEN = (
    "keepa_api_key",
    "smtp_password",
    "telegram_bot_token",
    "discord_webhook",
    "keeper_discord_webhooks",
    "keeper_apprise_urls",
    "keeper_bot_api_token",
    "keeper_mini_app_key",
)
TLS = ("tls_certificate", "tls_key")


def make_secrets(folder: Path) -> list[str]:
    """Make what is missing and return its names."""
    folder.mkdir(mode=0o700, exist_ok=True)
    folder.chmod(0o700)
    makers: dict[str, Callable[[], str]] = dict.fromkeys(PASSWORDS, _password)
    makers["airflow_fernet_key"] = _fernet_key
    makers["keeper_redis_url"] = _redis_url
    made = [name for name, make in makers.items() if _write(folder / name, make)]
    for name in GIVEN:
        (folder / name).touch()
    token = (folder / "telegram_bot_token").read_text("utf-8").strip()
    key_file = folder / "keeper_mini_app_key"
    if token and key_file.read_text("utf-8").strip() != _mini_app_key(token):
        # It follows from the token: an old one would refuse everybody.
        key_file.write_text(_mini_app_key(token), "utf-8")
        made.append("keeper_mini_app_key")
    for file in folder.iterdir():
        file.chmod(0o644)
    return made


def make_certificate(folder: Path, host: str) -> None:
    """Make a certificate that no browser trusts, and its key."""
    names = f"subjectAltName={'IP' if host.replace('.', '').isdigit() else 'DNS'}:{host}"
    command = [
        *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"),
        *("-nodes", "-days", "365", "-subj", f"/CN={host}", "-addext", names),
        *("-out", str(folder / TLS[0]), "-keyout", str(folder / TLS[1])),
    ]
    subprocess.run(command, check=True, capture_output=True)
    for name in TLS:
        (folder / name).chmod(0o644)


def _password() -> str:
    return secrets.token_hex(32)


def _mini_app_key(bot_token: str) -> str:
    """Return by what Telegram signs for the mini app; `keeper bot app-key` prints the same."""
    return hmac.new(b"WebAppData", bot_token.encode(), hashlib.sha256).hexdigest()


def _redis_url() -> str:
    return f"redis://keeper:{_password()}@cache:6379/0"


def _fernet_key() -> str:
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()


def _write(file: Path, make: Callable[[], str]) -> bool:
    if file.exists() and file.read_text("utf-8").strip():
        return False
    file.write_text(make(), encoding="utf-8")
    return True


def main() -> int:
    """Make the secrets and say what a person has yet to give; exit 1 without a certificate."""
    parser = argparse.ArgumentParser(description="Make what is missing of the secrets' files.")
    parser.add_argument("--folder", type=Path, default=Path("secrets"))
    parser.add_argument("--self-signed", metavar="HOST", help="make a certificate for a trial")
    options = parser.parse_args()
    folder: Path = options.folder
    made = make_secrets(folder)
    print(f"made: {', '.join(made) or 'nothing, all were there'}")
    missing = [name for name in TLS if not (folder / name).exists()]
    if missing and options.self_signed:
        make_certificate(folder, options.self_signed)
        print(f"made: a certificate for {options.self_signed} that no browser trusts")
        missing = []
    empty = [name for name in GIVEN if not (folder / name).read_text("utf-8").strip()]
    print(f"empty, and yours to fill where you want them: {', '.join(empty) or 'none'}")
    for name in missing:
        print(f"put your {name.replace('_', ' ')} in PEM into {folder / name}", file=sys.stderr)
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
