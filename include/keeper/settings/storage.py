"""Where Keeper keeps files, and for how many days it keeps what."""

from pydantic import Field

from keeper.settings.group import SettingsGroup


class FolderSettings(SettingsGroup):
    """Folders of this machine; the lake may be elsewhere."""

    lake: str = Field(default="file:///var/lib/keeper/lake", validation_alias="KEEPER_LAKE")
    data_docs: str = Field(default="/var/lib/keeper/data-docs", validation_alias="KEEPER_DATA_DOCS")
    run_dir: str = Field(default="/var/lib/keeper/run", validation_alias="KEEPER_RUN_DIR")


class RetentionSettings(SettingsGroup):
    """Days after which `maintain_storage` drops what nobody needs any more, and whether it does."""

    apply: bool = Field(default=False, validation_alias="KEEPER_APPLY_RETENTION")
    least_free_percent: float = Field(
        default=10, ge=0, le=90, validation_alias="KEEPER_LEAST_FREE_PERCENT"
    )

    replies_days: int = Field(default=400, ge=1, validation_alias="KEEPER_LAKE_RETENTION_DAYS")
    run_files_days: int = Field(
        default=14, ge=1, validation_alias="KEEPER_RUN_FILES_RETENTION_DAYS"
    )
    history_days: int | None = Field(
        default=None, ge=100, validation_alias="KEEPER_HISTORY_RETENTION_DAYS"
    )
    records_days: int = Field(default=400, ge=30, validation_alias="KEEPER_RECORDS_RETENTION_DAYS")
    airflow_days: int = Field(default=90, ge=7, validation_alias="KEEPER_AIRFLOW_RETENTION_DAYS")
