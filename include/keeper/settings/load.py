"""All groups of settings, checked before anything starts."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Final, Self, cast

from pydantic import Field, ValidationError
from pydantic.fields import FieldInfo

from keeper.errors import SettingsError
from keeper.settings.backups import BackupSettings
from keeper.settings.bot import BotSettings
from keeper.settings.console import ConsoleSettings
from keeper.settings.group import SettingsGroup
from keeper.settings.kafka import KafkaSettings
from keeper.settings.keepa import KeepaSettings
from keeper.settings.messages import ChatSettings, LinkSettings, MailSettings, PeopleSettings
from keeper.settings.metrics import MetricsSettings
from keeper.settings.runs import DealSettings, RunSettings
from keeper.settings.storage import FolderSettings, RetentionSettings
from keeper.settings.stores import AirflowSettings, DatabaseSettings, ElasticsearchSettings
from keeper.settings.variables import cannot_start, read_variables


class Settings(SettingsGroup):
    """Every setting, by group. Each group says which variable holds which of its fields."""

    database: DatabaseSettings = Field(default_factory=DatabaseSettings)
    kafka: KafkaSettings = Field(default_factory=KafkaSettings)
    elasticsearch: ElasticsearchSettings = Field(default_factory=ElasticsearchSettings)
    airflow: AirflowSettings = Field(default_factory=AirflowSettings)
    keepa: KeepaSettings = Field(default_factory=KeepaSettings)
    mail: MailSettings = Field(default_factory=MailSettings)
    chat: ChatSettings = Field(default_factory=ChatSettings)
    people: PeopleSettings = Field(default_factory=PeopleSettings)
    links: LinkSettings = Field(default_factory=LinkSettings)
    console: ConsoleSettings = Field(default_factory=ConsoleSettings)
    bot: BotSettings = Field(default_factory=BotSettings)
    folders: FolderSettings = Field(default_factory=FolderSettings)
    retention: RetentionSettings = Field(default_factory=RetentionSettings)
    backups: BackupSettings = Field(default_factory=BackupSettings)
    metrics: MetricsSettings = Field(default_factory=MetricsSettings)
    runs: RunSettings = Field(default_factory=RunSettings)
    deals: DealSettings = Field(default_factory=DealSettings)

    @classmethod
    def from_variables(cls, variables: Mapping[str, str]) -> Self:
        """Check the values of variables and sort them into groups.

        Args:
            variables: Values by variable. Blank ones count as absent, so that a copied
                `.env.example` works as it is; those that are no setting are ignored.

        Raises:
            SettingsError: One line per mistake, each with the variable's name; never a secret's
                value.
        """
        groups: dict[str, dict[str, str]] = {}
        for variable, (group, _) in _PLACES.items():
            if value := variables.get(variable):
                groups.setdefault(group, {})[variable] = value
        try:
            return cls.model_validate(groups)
        except ValidationError as error:
            mistakes = [
                # The group is no concern of who set the variable.
                f"{'.'.join(str(part) for part in item['loc'][1:]).upper() or 'settings'}: "
                f"{item['msg'].removeprefix('Value error, ')}"
                for item in error.errors(include_input=False, include_url=False)
            ]
            raise SettingsError(cannot_start(mistakes)) from None


def _places() -> dict[str, tuple[str, FieldInfo]]:
    places: dict[str, tuple[str, FieldInfo]] = {}
    for group, field in Settings.model_fields.items():
        for setting in cast("type[SettingsGroup]", field.annotation).model_fields.values():
            places[cast("str", setting.validation_alias)] = (group, setting)
    return places


_PLACES: Final = _places()

VARIABLES: Final[Mapping[str, FieldInfo]] = {name: field for name, (_, field) in _PLACES.items()}
"""The field of every setting, by the environment variable that holds it."""


@lru_cache(maxsize=1)
def load_settings() -> Settings:
    """Read and check the settings, once a process.

    Raises:
        SettingsError: One line per mistake, each with the variable's name; never a secret's value.
    """
    return Settings.from_variables(read_variables(_PLACES))
