"""The settings and secrets of an installation, encrypted for a backup.

They are encrypted for a recipient: a public key of age or OpenPGP. So the machine that makes
backups cannot read them, and neither can whoever steals a copy.
"""

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import msgspec

from keeper.errors import SettingsError
from keeper.settings.load import VARIABLES
from keeper.settings.variables import read_variables
from keeper.stores.postgres.backups.programs import ProgramFailedError

_SETTING: Final = "KEEPER_BACKUP_RECIPIENT"
_AIRFLOWS: Final = (
    "AIRFLOW__API__SECRET_KEY",
    "AIRFLOW__API_AUTH__JWT_SECRET",
    "AIRFLOW__CORE__FERNET_KEY",
)
"""Without the Fernet key Airflow cannot read its own connections."""
_OPENPGP: Final = "-----BEGIN PGP PUBLIC KEY BLOCK-----"
_AGE: Final = ("age1", "ssh-")


def settings_now() -> dict[str, str]:
    """Return the variables that are set, Airflow's secrets among them where they are known."""
    return read_variables((*VARIABLES, *_AIRFLOWS))


def write_encrypted(variables: Mapping[str, str], folder: Path, recipient: Path | None) -> str:
    """Write variables to an encrypted file and return its name.

    Args:
        variables: What to write.
        folder: Where to.
        recipient: A file with the public key it is encrypted for, of age, SSH or OpenPGP.

    Raises:
        SettingsError: There is no such key, or no program that encrypts for it; a backup goes on
            without the secrets then, and says so.
        ProgramFailedError: The program failed.
    """
    if recipient is None:
        raise SettingsError(f"{_SETTING} names no key to encrypt them for")
    try:
        key = recipient.read_text("utf-8").lstrip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{_SETTING} cannot be read: {error}") from None
    text = msgspec.json.format(msgspec.json.encode(dict(sorted(variables.items()))), indent=1)
    if key.startswith(_OPENPGP):
        name = "settings.json.gpg"
        with TemporaryDirectory(prefix="keeper-gpg-") as home:
            command = ["gpg", "--homedir", home, "--batch", "--trust-model", "always", "--encrypt"]
            target = ("--recipient-file", str(recipient), "--output", str(folder / name))
            _encrypt([*command, *target], text)
    elif key.startswith(_AGE):
        name = "settings.json.age"
        _encrypt(["age", "--recipients-file", str(recipient), "--output", str(folder / name)], text)
    else:
        raise SettingsError(f"{_SETTING} is no public key of age, SSH or OpenPGP")
    return name


def _encrypt(command: Sequence[str], text: bytes) -> None:
    if shutil.which(command[0]) is None:
        raise SettingsError(f"{command[0]} is not on PATH; {_SETTING} needs it")
    done = subprocess.run(command, input=text, env=os.environ, capture_output=True, check=False)
    if done.returncode != 0:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()[-1:]
        raise ProgramFailedError(f"{command[0]} failed: {' '.join(said) or 'it said nothing'}")
