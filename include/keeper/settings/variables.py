"""Reads the variables that hold settings: from the environment, files of secrets, and `.env`.

The local stack writes the addresses of its own services to `.keeper/keeper.env`, so that `keeper`
works from a shell beside a running stack; `.env` overrides it and the environment overrides both.
Both are read in the folder of the checkout that Keeper runs from and in no other: in a folder of
somebody else's they could send the key, which the environment has, to an address of theirs. A
setting that is blank or absent in the environment may be in a file that NAME_FILE names there, as
containers get their secrets.
"""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from pydantic_settings import BaseSettings, DotEnvSettingsSource, EnvSettingsSource

from keeper.errors import SettingsError

_ENV_FILES: Final = (Path(".keeper/keeper.env"), Path(".env"))
_CHECKOUT: Final = Path(__file__).resolve().parents[3]


def files_of(folder: Path) -> tuple[Path, ...]:
    """Return the files with settings that count in a folder: none outside of Keeper's checkout."""
    return _ENV_FILES if folder.resolve() == _CHECKOUT else ()


def read_variables(names: Iterable[str], env_files: Iterable[Path] | None = None) -> dict[str, str]:
    """Return the values of those variables that are set.

    Args:
        names: Of the variables, in upper case; in the environment and in files any case counts.
        env_files: Files of NAME=value, a later one before an earlier one; they may be missing. By
            default those of the working directory that count there.

    Raises:
        SettingsError: A file that a NAME_FILE names cannot be read; one line each.
    """
    environment = EnvSettingsSource(BaseSettings, env_ignore_empty=True).env_vars
    files = DotEnvSettingsSource(
        BaseSettings,
        env_file=files_of(Path.cwd()) if env_files is None else tuple(env_files),
        env_ignore_empty=True,
    ).env_vars
    found: dict[str, str] = {}
    mistakes = []
    for name in names:
        try:
            secret = _of_file(name)
        except SettingsError as error:
            mistakes.append(str(error))
        else:
            key = name.lower()
            if value := environment.get(key) or secret or files.get(key):
                found[name] = value
    if mistakes:
        raise SettingsError(cannot_start(mistakes))
    return found


def cannot_start(mistakes: Iterable[str]) -> str:
    """Return what Keeper says in place of starting: one line per mistake."""
    return "\n".join(["Keeper cannot start:", *(f"  {mistake}" for mistake in mistakes)])


def _of_file(name: str) -> str | None:
    """Return what is in the file that NAME_FILE names; an empty file counts as absent."""
    file = os.environ.get(f"{name}_FILE")
    if not file:
        return None
    try:
        return Path(file).read_text("utf-8").strip() or None
    except UnicodeDecodeError:
        raise SettingsError(f"{name}_FILE: {file} is not UTF-8") from None
    except OSError as error:
        reason = error.strerror or "unreadable"
        raise SettingsError(f"{name}_FILE: {file}: {reason}") from None
