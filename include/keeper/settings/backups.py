"""Where backups go, how PostgreSQL is backed up, and for how long backups are kept."""

from pathlib import Path
from typing import Self

from pydantic import Field, SecretStr, field_validator, model_validator

from keeper.settings.group import (
    PostgresUrl,
    SettingsGroup,
    require_user_without_password,
    with_password,
)


class BackupSettings(SettingsGroup):
    """Backups of PostgreSQL, of Keepa's replies and of the settings."""

    folder: str | None = Field(default=None, validation_alias="KEEPER_BACKUPS")
    staging: Path = Field(
        default=Path("/var/lib/keeper/backups"), validation_alias="KEEPER_BACKUP_STAGING"
    )
    server_url: PostgresUrl | None = Field(
        default=None, validation_alias="KEEPER_BACKUP_SERVER_URL"
    )
    server_password: SecretStr | None = Field(
        default=None, validation_alias="KEEPER_BACKUP_SERVER_PASSWORD"
    )
    programs: Path | None = Field(default=None, validation_alias="KEEPER_POSTGRES_PROGRAMS")
    recipient: Path | None = Field(default=None, validation_alias="KEEPER_BACKUP_RECIPIENT")
    sealed: Path | None = Field(default=None, validation_alias="KEEPER_BACKUP_SEALED")
    days: int = Field(default=14, ge=1, validation_alias="KEEPER_BACKUP_RETENTION_DAYS")

    @field_validator("folder")
    @classmethod
    def _is_a_folder_or_object_storage(cls, folder: str | None) -> str | None:
        if folder is not None and not folder.startswith(("/", "s3://")):
            raise ValueError("must be the path of a folder, from / on, or s3://bucket/folder")
        return folder

    @model_validator(mode="after")
    def _password_has_a_user(self) -> Self:
        require_user_without_password(
            "KEEPER_BACKUP_SERVER_URL", self.server_url, self.server_password
        )
        return self

    @property
    def server_url_with_password(self) -> SecretStr | None:
        """Where the server is asked for base backups and WAL; None where it is not Keeper's own."""
        if self.server_url is None:
            return None
        return with_password(self.server_url, self.server_password)
