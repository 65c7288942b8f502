"""The settings and secrets of an installation, encrypted for a backup.

They are encrypted for a recipient: a public key of age or OpenPGP. So the machine that makes
backups cannot read them, and neither can whoever steals a copy.

In containers what makes backups does not hold the others' secrets. There `check-settings`, which
has all of them and ends, leaves the encrypted file in a volume, and each backup gets a copy of it.
"""

import os
import shutil
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import msgspec
import pyrage

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
_AGE: Final = {"age1": pyrage.x25519.Recipient, "ssh-": pyrage.ssh.Recipient}
_NAME: Final = "settings.json"


def settings_now() -> dict[str, str]:
    """Return the variables that are set, Airflow's secrets among them where they are known."""
    return read_variables((*VARIABLES, *_AIRFLOWS))


def write_encrypted(variables: Mapping[str, str], folder: Path, recipient: Path | None) -> str:
    """Write variables to an encrypted file and return its name.

    Args:
        variables: What to write.
        folder: Where to.
        recipient: A file with the public key it is encrypted for, of age, SSH or OpenPGP; of the
            first two it may have several, a line each, and comments.

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
        name = f"{_NAME}.gpg"
        with TemporaryDirectory(prefix="keeper-gpg-") as home:
            command = ["gpg", "--homedir", home, "--batch", "--trust-model", "always", "--encrypt"]
            target = ("--recipient-file", str(recipient), "--output", str(folder / name))
            _encrypt([*command, *target], text)
    else:
        name = f"{_NAME}.age"
        (folder / name).write_bytes(pyrage.encrypt(text, _recipients(key)))
    return name


def seal(variables: Mapping[str, str], folder: Path, recipient: Path | None) -> str | None:
    """Leave variables encrypted in a folder, in place of an earlier file, and return its name.

    Without a recipient the earlier file goes: whoever took the key away wants no copy.

    Raises:
        SettingsError: As `write_encrypted`; the earlier file stays.
        ProgramFailedError: As `write_encrypted`; the earlier file stays.
    """
    name = None
    if recipient is not None:
        with TemporaryDirectory(prefix=".sealed-", dir=folder) as made:
            name = write_encrypted(variables, Path(made), recipient)
            (Path(made) / name).replace(folder / name)
    for file in sealed_in(folder):
        if file.name != name:
            file.unlink()
    return name


def copy_sealed(source: Path, folder: Path) -> str:
    """Copy into a backup what `seal` has left in a folder, and return its name.

    Raises:
        SettingsError: There is none.
    """
    for file in sealed_in(source):
        shutil.copyfile(file, folder / file.name)
        return file.name
    raise SettingsError(
        f"{_SETTING} named no key to encrypt them for when the containers were started: "
        "set it in .env, then run: docker compose up --wait"
    )


def sealed_in(folder: Path) -> list[Path]:
    """Return the encrypted files that `seal` has left there: one, or none."""
    return sorted(folder.glob(f"{_NAME}.*"))


def _recipients(text: str) -> list[pyrage.x25519.Recipient | pyrage.ssh.Recipient]:
    lines: Iterable[str] = (line.strip() for line in text.splitlines())
    wanted = [line for line in lines if line and not line.startswith("#")]
    try:
        found = [_AGE[line[:4]].from_str(line) for line in wanted]
    except (KeyError, pyrage.RecipientError):
        found = []
    if not found:
        raise SettingsError(f"{_SETTING} is no public key of age, SSH or OpenPGP")
    return found


def _encrypt(command: Sequence[str], text: bytes) -> None:
    if shutil.which(command[0]) is None:
        raise SettingsError(
            f"{command[0]} is not on PATH; {_SETTING} needs it, or a key of age or SSH in its place"
        )
    done = subprocess.run(command, input=text, env=os.environ, capture_output=True, check=False)
    if done.returncode != 0:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()[-1:]
        raise ProgramFailedError(f"{command[0]} failed: {' '.join(said) or 'it said nothing'}")
