"""Settings and secrets of a backup: for their recipient alone, or left out."""

import shutil
import subprocess
from pathlib import Path

import pyrage
import pytest

from keeper.errors import SettingsError
from keeper.pipeline.backups.secrets import copy_sealed, seal, write_encrypted


@pytest.mark.skipif(shutil.which("gpg") is None, reason="needs gpg, which Debian brings")
def test_only_the_recipient_reads_the_secrets(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o700)

    def gpg(*words: str) -> bytes:
        command = ["gpg", "--homedir", str(home), "--batch", "--quiet", "--passphrase", "", *words]
        return subprocess.run(command, check=True, capture_output=True).stdout

    try:
        gpg("--quick-generate-key", "operator@example.org", "future-default", "default", "never")
        key = tmp_path / "recipient.asc"
        key.write_bytes(gpg("--armor", "--export", "operator@example.org"))
        name = write_encrypted({"SMTP_PASSWORD": "hush"}, tmp_path, key)
        assert b"hush" not in (tmp_path / name).read_bytes()
        assert b'"SMTP_PASSWORD": "hush"' in gpg("--decrypt", str(tmp_path / name))
    finally:
        subprocess.run(["gpgconf", "--homedir", str(home), "--kill", "all"], check=False)


def test_secrets_are_encrypted_or_left_out(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="names no key"):
        write_encrypted({"A": "b"}, tmp_path, None)
    key = tmp_path / "key"
    key.write_text("a password")
    with pytest.raises(SettingsError, match="is no public key"):
        write_encrypted({"A": "b"}, tmp_path, key)
    assert [file.name for file in tmp_path.iterdir()] == ["key"]


def test_a_key_of_age_or_ssh_needs_no_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    identity = pyrage.x25519.Identity.generate()
    key = tmp_path / "key.txt"
    key.write_text(f"# of the operator\n{identity.to_public()}\n")

    name = write_encrypted({"SMTP_PASSWORD": "hush"}, tmp_path, key)

    assert name == "settings.json.age"
    written = (tmp_path / name).read_bytes()
    assert b"hush" not in written
    assert b'"SMTP_PASSWORD": "hush"' in pyrage.decrypt(written, [identity])
    with pytest.raises(pyrage.DecryptError):
        pyrage.decrypt(written, [pyrage.x25519.Identity.generate()])


def test_each_of_several_recipients_reads_them(tmp_path: Path) -> None:
    identities = [pyrage.x25519.Identity.generate() for _ in range(2)]
    key = tmp_path / "key.txt"
    key.write_text("\n".join(str(identity.to_public()) for identity in identities))

    name = write_encrypted({"SMTP_PASSWORD": "hush"}, tmp_path, key)

    for identity in identities:
        assert b"hush" in pyrage.decrypt((tmp_path / name).read_bytes(), [identity])


@pytest.mark.parametrize("text", ["", "# none", "age1broken", "ssh-rsa broken", "AGE-SECRET-KEY-1"])
def test_what_is_no_public_key_of_age_is_refused(text: str, tmp_path: Path) -> None:
    key = tmp_path / "key.txt"
    key.write_text(text)
    with pytest.raises(SettingsError, match="is no public key") as refused:
        write_encrypted({"A": "b"}, tmp_path, key)
    assert "SECRET" not in str(refused.value)
    assert [file.name for file in tmp_path.iterdir()] == ["key.txt"]


def test_a_program_that_is_missing_is_named_with_the_way_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    key = tmp_path / "key.asc"
    key.write_text("-----BEGIN PGP PUBLIC KEY BLOCK-----")
    with pytest.raises(SettingsError, match=r"gpg is not on PATH; .* a key of age or SSH"):
        write_encrypted({"A": "b"}, tmp_path, key)


def test_what_is_sealed_is_the_newest_and_goes_with_the_key(tmp_path: Path) -> None:
    folder, backup = tmp_path / "sealed", tmp_path / "backup"
    folder.mkdir()
    backup.mkdir()
    identity = pyrage.x25519.Identity.generate()
    key = tmp_path / "key.txt"
    key.write_text(str(identity.to_public()))
    (folder / "settings.json.gpg").write_bytes(b"of a former key")

    seal({"A": "first"}, folder, key)
    seal({"A": "second"}, folder, key)

    assert [file.name for file in folder.iterdir()] == ["settings.json.age"]
    assert copy_sealed(folder, backup) == "settings.json.age"
    copied = (backup / "settings.json.age").read_bytes()
    assert b"second" in pyrage.decrypt(copied, [identity])

    key.write_text("broken")
    with pytest.raises(SettingsError):
        seal({"A": "third"}, folder, key)
    assert [file.name for file in folder.iterdir()] == ["settings.json.age"]

    assert seal({"A": "third"}, folder, None) is None
    assert [*folder.iterdir()] == []
    with pytest.raises(SettingsError, match=r"set it in \.env, then run: docker compose up"):
        copy_sealed(folder, backup)
