"""Finds what is wrong with the settings of a composed system before anything of it starts.

One line a mistake, none of which shows a secret; exit code 1 if there is one. In production, where
KEEPER_PRODUCTION is set, it looks into the secrets too and asks for more.
"""

import base64
import binascii
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

SECRETS = Path("/run/secrets")
REMEDY = "python3 docker/make_secrets.py makes those that are missing"
# What only a person can give: it may stay empty.
GIVEN = {
    "keepa_api_key",
    "smtp_password",
    "telegram_bot_token",
    "discord_webhook",
    "keeper_discord_webhooks",
    "keeper_apprise_urls",
}
SHORTEST = 16


def mistakes_of(environment: Mapping[str, str], secrets: Path = SECRETS) -> Iterator[str]:
    """Yield what is wrong, with the name of the variable or the file to mend."""
    yield from _of_keeper()
    if not environment.get("KEEPER_PRODUCTION"):
        yield from _of_airflow(
            environment.get("AIRFLOW__CORE__FERNET_KEY", ""),
            environment.get("AIRFLOW__API_AUTH__JWT_SECRET", ""),
            ("KEEPER_AIRFLOW_FERNET_KEY", "KEEPER_AIRFLOW_JWT_SECRET"),
        )
        return
    values = {}
    for file in sorted(secrets.iterdir()):
        try:
            values[file.name] = file.read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            yield f"secrets/{file.name}: cannot be read: {error}"
    for name, value in values.items():
        if name in GIVEN or name.startswith("tls_"):
            continue
        if len(value) < SHORTEST:
            yield f"secrets/{name}: is shorter than {SHORTEST} characters; {REMEDY}"
        elif not (value.isascii() and value.replace("-", "").replace("_", "").strip("=").isalnum()):
            yield f"secrets/{name}: must be of letters, digits, - and _ alone"
    yield from _of_airflow(
        values.get("airflow_fernet_key", ""),
        values.get("airflow_jwt_secret", ""),
        ("secrets/airflow_fernet_key", "secrets/airflow_jwt_secret"),
    )
    if not values.get("airflow_fernet_key"):
        yield f"secrets/airflow_fernet_key: is empty; {REMEDY}"
    if not environment.get("KEEPER_PUBLIC_URL", "").startswith("https://"):
        yield "KEEPER_PUBLIC_URL: must begin with https://, for nothing else is served"
    simulated = "simulator" in environment.get("KEEPER_PROFILES", "").split(",")
    if not simulated and not values.get("keepa_api_key"):
        yield (
            "secrets/keepa_api_key: is empty; put Keepa's key there, or set "
            "COMPOSE_PROFILES=simulator to try Keeper with invented prices"
        )
    yield from _of_tls(values.get("tls_certificate", ""), values.get("tls_key", ""))


def _of_keeper() -> Iterator[str]:
    from keeper.errors import SettingsError
    from keeper.settings import load_settings

    try:
        load_settings()
    except SettingsError as error:
        yield from (line.strip() for line in str(error).splitlines()[1:])


def _of_airflow(fernet_key: str, jwt_secret: str, names: tuple[str, str]) -> Iterator[str]:
    try:
        if fernet_key and len(base64.urlsafe_b64decode(fernet_key)) != 32:
            raise ValueError
    except (ValueError, binascii.Error):
        yield f"{names[0]}: must be 32 bytes in URL-safe base64"
    if len(jwt_secret) < 64:
        yield f"{names[1]}: must have 64 characters or more"


def _of_tls(certificate: str, key: str) -> Iterator[str]:
    from cryptography.hazmat.primitives.serialization import load_pem_private_key
    from cryptography.x509 import load_pem_x509_certificate

    try:
        public = load_pem_x509_certificate(certificate.encode()).public_key()
    except ValueError:
        yield "secrets/tls_certificate: is no certificate in PEM"
        return
    try:
        private = load_pem_private_key(key.encode(), password=None)
    except (ValueError, TypeError):
        yield "secrets/tls_key: is no private key in PEM without a password"
        return
    if private.public_key() != public:
        yield "secrets/tls_key: is not the key of secrets/tls_certificate"


if __name__ == "__main__":
    found = list(mistakes_of(os.environ))
    for mistake in found:
        print(mistake, file=sys.stderr)
    print("The settings are right." if not found else f"{len(found)} mistake(s); nothing starts.")
    sys.exit(bool(found))
