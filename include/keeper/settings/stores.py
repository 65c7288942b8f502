"""Where the stores are: PostgreSQL, Elasticsearch, and Airflow's own database."""

from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, model_validator

from keeper.settings.group import (
    HttpUrl,
    PostgresUrl,
    SettingsGroup,
    require_user_without_password,
    with_password,
)


class DatabaseSettings(SettingsGroup):
    """Keeper's database. A password that is set by itself goes into the address."""

    url: PostgresUrl = Field(
        default=SecretStr("postgresql://keeper:keeper-on-a-laptop@localhost:5432/keeper"),
        validation_alias="DATABASE_URL",
    )
    password: SecretStr | None = Field(default=None, validation_alias="KEEPER_DATABASE_PASSWORD")

    @model_validator(mode="after")
    def _password_has_a_user(self) -> Self:
        require_user_without_password("DATABASE_URL", self.url, self.password)
        return self

    @property
    def url_with_password(self) -> SecretStr:
        """Where the database is, password and all."""
        return with_password(self.url, self.password)


def _with_port(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme == "http" and parts.port is None:
        raise ValueError("must name the port, like http://host:9200")
    return value


class ElasticsearchSettings(SettingsGroup):
    """Elasticsearch. A password that is set by itself goes into the address."""

    url: Annotated[HttpUrl, AfterValidator(_with_port)] = Field(
        default="http://localhost:9200", validation_alias="ELASTICSEARCH_URL"
    )
    password: SecretStr | None = Field(
        default=None, validation_alias="KEEPER_ELASTICSEARCH_PASSWORD"
    )

    @model_validator(mode="after")
    def _password_has_a_user(self) -> Self:
        require_user_without_password("ELASTICSEARCH_URL", self.url, self.password)
        return self

    @property
    def url_with_password(self) -> SecretStr:
        """Where Elasticsearch is, password and all."""
        return with_password(SecretStr(self.url), self.password)


class AirflowSettings(SettingsGroup):
    """What Keeper knows of the Airflow that runs it, and how the console asks it for runs."""

    url: HttpUrl | None = Field(default=None, validation_alias="KEEPER_AIRFLOW_URL")
    api_user: str = Field(default="keeper-console", validation_alias="KEEPER_AIRFLOW_API_USER")
    api_password: SecretStr | None = Field(
        default=None, validation_alias="KEEPER_AIRFLOW_API_PASSWORD"
    )
    database_url: PostgresUrl | None = Field(
        default=None, validation_alias="KEEPER_AIRFLOW_DATABASE_URL"
    )
    database_password: SecretStr | None = Field(
        default=None, validation_alias="KEEPER_AIRFLOW_DATABASE_PASSWORD"
    )
    task_logs: Literal["files", "elasticsearch"] = Field(
        default="files", validation_alias="KEEPER_TASK_LOGS"
    )

    @model_validator(mode="after")
    def _password_has_a_user(self) -> Self:
        require_user_without_password(
            "KEEPER_AIRFLOW_DATABASE_URL", self.database_url, self.database_password
        )
        return self

    @property
    def database_url_with_password(self) -> SecretStr | None:
        """Where Airflow's own database is, password and all; None where nobody said."""
        if self.database_url is None:
            return None
        return with_password(self.database_url, self.database_password)
