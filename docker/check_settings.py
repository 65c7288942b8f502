"""Finds what is wrong with the settings of a composed system before anything of it starts.

One line a mistake, none of which shows a secret; exit code 1 if there is one. In production, where
KEEPER_PRODUCTION is set, it looks into the secrets too and asks for more. On a laptop the passwords
that .env.example publishes are good enough as long as nobody else reaches what they protect.

Where KEEPER_BACKUP_RECIPIENT names a public key it leaves settings and secrets encrypted for it in
the folder KEEPER_BACKUP_SEALED, for backups.
"""

import base64
import binascii
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

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
    "keeper_bot_api_token",
    "keeper_mini_app_key",
}
SHORTEST = 16
# Of .env.example and docker-compose.dev.yaml, where everybody can read them.
PUBLISHED = {
    "admin",
    "airflow-on-a-laptop",
    "keeper-on-a-laptop",
    "postgres-on-a-laptop",
    "for-development-only",
    "for-development-only-for-development-only-for-development-only-for",
}
# On a laptop: the variables that hold what signs and logs in, by their names in .env.
SIGN_AND_LOG_IN = {
    "KEEPER_AIRFLOW_PASSWORD": "KEEPER_AIRFLOW_PASSWORD",
    "KEEPER_AIRFLOW_API_PASSWORD": "KEEPER_AIRFLOW_API_PASSWORD",
    "KEEPER_AIRFLOW_JWT_SECRET": "AIRFLOW__API_AUTH__JWT_SECRET",
    "KEEPER_AIRFLOW_API_SECRET": "AIRFLOW__API__SECRET_KEY",
    "KEEPER_LINK_SECRET": "KEEPER_LINK_SECRET",
}
# And those of the databases, which are reached where ports are published alone.
DATABASE_PASSWORDS = {
    "KEEPER_POSTGRES_PASSWORD": "KEEPER_DATABASE_PASSWORD",
    "KEEPER_AIRFLOW_POSTGRES_PASSWORD": "KEEPER_AIRFLOW_DATABASE_PASSWORD",
    "KEEPER_POSTGRES_ADMIN_PASSWORD": "KEEPER_POSTGRES_ADMIN_PASSWORD",
    "KEEPER_BACKUP_SERVER_PASSWORD": "KEEPER_BACKUP_LOGIN",
}


def mistakes_of(environment: Mapping[str, str], secrets: Path = SECRETS) -> Iterator[str]:
    """Yield what is wrong, with the name of the variable or the file to mend."""
    yield from _of_keeper()
    yield from _of_containers(environment)
    if not environment.get("KEEPER_PRODUCTION"):
        yield from _of_airflow(
            environment.get("AIRFLOW__CORE__FERNET_KEY", ""),
            environment.get("AIRFLOW__API_AUTH__JWT_SECRET", ""),
            ("KEEPER_AIRFLOW_FERNET_KEY", "KEEPER_AIRFLOW_JWT_SECRET"),
        )
        yield from _of_a_laptop(environment)
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
        # These two may be several, the newest first, while one takes the place of another.
        keys = value.split(",") if name in {"keeper_link_secret", "airflow_fernet_key"} else [value]
        if name == "keeper_redis_url":
            keys = [_password_of(value)]
        if any(len(key) < SHORTEST for key in keys):
            yield f"secrets/{name}: is shorter than {SHORTEST} characters; {REMEDY}"
        elif not all(
            key.isascii() and key.replace("-", "").replace("_", "").strip("=").isalnum()
            for key in keys
        ):
            yield f"secrets/{name}: must be of letters, digits, - and _ alone"
        elif not PUBLISHED.isdisjoint(keys):
            yield f"secrets/{name}: is published in Keeper's files; empty it, then {REMEDY}"
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


def seal_for_backups(environment: Mapping[str, str], secrets: Path = SECRETS) -> Iterator[str]:
    """Leave settings and secrets encrypted for backups, and yield why that cannot be done.

    Without KEEPER_BACKUP_RECIPIENT nothing is left, and what was is removed.
    """
    from keeper.errors import KeeperError
    from keeper.pipeline.backups.secrets import seal
    from keeper.settings import VARIABLES

    variables = {
        name: value
        for name, value in environment.items()
        if value
        and (name in VARIABLES or name.startswith(("KEEPER_", "AIRFLOW__")))
        # Where to find them is of no use without the container.
        and (name in VARIABLES or not name.endswith(("_FILE", "_CMD")))
    }
    recipient = environment.get("KEEPER_BACKUP_RECIPIENT")
    try:
        for file in secrets.iterdir() if secrets.is_dir() else ():
            if value := file.read_text("utf-8").strip():
                variables[f"secrets/{file.name}"] = value
        seal(
            variables,
            Path(environment["KEEPER_BACKUP_SEALED"]),
            Path(recipient) if recipient else None,
        )
    except (KeeperError, OSError) as error:
        yield f"KEEPER_BACKUP_RECIPIENT: settings are not encrypted for backups: {error}"


def _of_keeper() -> Iterator[str]:
    from keeper.errors import SettingsError
    from keeper.settings import load_settings

    try:
        load_settings()
    except SettingsError as error:
        yield from (line.strip() for line in str(error).splitlines()[1:])


def _of_containers(environment: Mapping[str, str]) -> Iterator[str]:
    """Yield what would run the console and the workers twice, or not at all."""
    separate = environment.get("KEEPER_SEPARATE_CONTAINERS") or "1"
    together = "all-in-one" in environment.get("KEEPER_PROFILES", "").split(",")
    if separate not in {"0", "1"}:
        yield "KEEPER_SEPARATE_CONTAINERS: must be 1 or 0"
    elif together and separate == "1":
        yield (
            "KEEPER_SEPARATE_CONTAINERS: must be 0 with the profile all-in-one, or the console and "
            "each worker run twice"
        )
    elif not together and separate == "0":
        yield (
            "COMPOSE_PROFILES: must name all-in-one with KEEPER_SEPARATE_CONTAINERS=0, or nothing "
            "runs the console and the workers"
        )


def _of_a_laptop(environment: Mapping[str, str]) -> Iterator[str]:
    """Yield what others could guess, if anybody but this machine reaches what it protects."""
    from keeper.settings.group import is_this_machine

    bound = environment.get("KEEPER_BIND_ADDRESS") or "127.0.0.1"
    try:
        public = urlsplit(environment.get("KEEPER_PUBLIC_URL", "")).hostname or "localhost"
    except ValueError:
        # Half an IPv6 address, which Keeper itself has reported.
        return
    if not is_this_machine(bound):
        reached = "KEEPER_BIND_ADDRESS"
        protected = SIGN_AND_LOG_IN | DATABASE_PASSWORDS
    elif not is_this_machine(public):
        reached, protected = "KEEPER_PUBLIC_URL", SIGN_AND_LOG_IN
    else:
        return
    for name, variable in protected.items():
        keys = environment.get(variable, "").split(",")
        # Keeper itself says which of its links' keys are wrong for its public address.
        is_reported = name == "KEEPER_LINK_SECRET" and reached == "KEEPER_PUBLIC_URL"
        if not is_reported and any(key in PUBLISHED or len(key) < SHORTEST for key in keys):
            yield (
                f"{name}: is published or shorter than {SHORTEST} characters, and {reached} lets "
                "others in; make one: openssl rand -hex 32"
            )


def _password_of(url: str) -> str:
    try:
        return urlsplit(url).password or ""
    except ValueError:
        return ""


def _of_airflow(fernet_key: str, jwt_secret: str, names: tuple[str, str]) -> Iterator[str]:
    try:
        # Airflow encrypts with the first and still reads what the others have encrypted.
        for key in fernet_key.split(",") if fernet_key else ():
            if len(base64.urlsafe_b64decode(key)) != 32:
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
    found = list(mistakes_of(os.environ)) or list(seal_for_backups(os.environ))
    for mistake in found:
        print(mistake, file=sys.stderr)
    print("The settings are right." if not found else f"{len(found)} mistake(s); nothing starts.")
    sys.exit(bool(found))
