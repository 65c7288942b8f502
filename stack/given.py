"""The settings that the user of the stack gives, in `.env` or the environment."""

import hashlib
from collections.abc import Mapping
from typing import Final

from dotenv import dotenv_values

from keeper.settings import VARIABLES
from stack.layout import Layout

EXPORTED: Final = "KEEPER_STACK_EXPORTED"
"""Names what `stack env` exported, each with a digest of its value: these nobody has given."""
_THE_STACKS_OWN: Final = (
    "DATABASE_URL",
    "ELASTICSEARCH_URL",
    "KAFKA_BOOTSTRAP_SERVERS",
    "KEEPA_API_KEY",
    "KEEPER_AIRFLOW_DATABASE_",
    "KEEPER_BACKUP_SERVER_",
    "KEEPER_DATABASE_PASSWORD",
    "KEEPER_ELASTICSEARCH_PASSWORD",
    "KEEPER_KAFKA_",
    "KEEPER_RUN_DIR",
    "KEEPER_BOT_API_URL",
)
_NAMES: Final = frozenset(
    spelled
    for name in VARIABLES
    if not name.startswith(_THE_STACKS_OWN)
    for spelled in (name, f"{name}_FILE")
)


def given_settings(layout: Layout, environ: Mapping[str, str]) -> dict[str, str]:
    """Return Keeper's settings of `.env` and the environment, which comes first.

    Where the stack's own services are is none of them. Blank counts as absent. What a shell has
    from `stack env` is not given: it would outlive a change of `.env`.
    """
    found = {**dotenv_values(layout.root / ".env"), **given_by_environment(environ)}
    return {name: value for name, value in sorted(found.items()) if value and name in _NAMES}


def given_by_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return those settings that the environment gives, and `stack env` has not put there."""
    exported = {}
    for entry in environ.get(EXPORTED, "").split():
        name, _, digest = entry.partition("=")
        exported[name] = digest
    return {
        name: value
        for name, value in environ.items()
        if value and name in _NAMES and exported.get(name) != _digest(value)
    }


def catches_mail(layout: Layout, environ: Mapping[str, str]) -> bool:
    """Return whether mails go to the stack's mail catcher, and not to a server of the user's."""
    return not {"SMTP_HOST", "SMTP_HOST_FILE"} & given_settings(layout, environ).keys()


def has_own_redis(layout: Layout, environ: Mapping[str, str]) -> bool:
    """Return whether the console keeps its answers in a Redis of the user's."""
    return bool(
        {"KEEPER_REDIS_URL", "KEEPER_REDIS_URL_FILE"} & given_settings(layout, environ).keys()
    )


def exported_mark(variables: Mapping[str, str]) -> str:
    """Return the value of EXPORTED for these variables."""
    return " ".join(f"{name}={_digest(value)}" for name, value in variables.items())


def _digest(value: str) -> str:
    return hashlib.sha256(value.encode()).hexdigest()[:8]
