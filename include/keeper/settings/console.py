"""The console's own settings."""

from pydantic import Field

from keeper.settings.group import SettingsGroup


class ConsoleSettings(SettingsGroup):
    """How people sign in to the console."""

    insecure_cookie: bool = Field(default=False, validation_alias="KEEPER_INSECURE_COOKIE")
