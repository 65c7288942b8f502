"""The console's own settings."""

from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Self

from pydantic import BeforeValidator, Field, SecretStr, field_validator, model_validator

from keeper.domain.users.limits import DEFAULT_LIMITS, Limit, Limits
from keeper.settings.group import SettingsGroup


def _networks(value: object) -> object:
    """Read addresses and networks between commas."""
    if not isinstance(value, str):
        return value
    networks = []
    for text in (part.strip() for part in value.split(",")):
        try:
            network = ip_network(text)
        except ValueError:
            raise ValueError(
                f"{text!r} is no address or network; write 10.0.0.7 or 10.0.0.0/24, several "
                "between commas"
            ) from None
        if network.prefixlen == 0:
            raise ValueError(f"{text} is everybody: name the proxies alone")
        networks.append(network)
    return tuple(networks)


class ConsoleSettings(SettingsGroup):
    """How people sign in to the console, what each may have and do, where it keeps answers."""

    pages_dir: Path | None = Field(default=None, validation_alias="KEEPER_PAGES_DIR")
    trends_floor: int = Field(default=10, ge=1, le=1000, validation_alias="KEEPER_TRENDS_FLOOR")
    redis_url: SecretStr | None = Field(default=None, validation_alias="KEEPER_REDIS_URL")
    insecure_cookie: bool = Field(default=False, validation_alias="KEEPER_INSECURE_COOKIE")
    trusted_proxies: Annotated[
        tuple[IPv4Network | IPv6Network, ...], BeforeValidator(_networks)
    ] = Field(default=(), validation_alias="KEEPER_TRUSTED_PROXIES")
    proxy_user_header: str | None = Field(
        default=None,
        pattern="^[A-Za-z][A-Za-z0-9-]*$",
        validation_alias="KEEPER_PROXY_USER_HEADER",
    )
    watches: int = Field(
        default=DEFAULT_LIMITS[Limit.WATCHES], ge=0, validation_alias="KEEPER_LIMIT_WATCHES"
    )
    deal_filters: int = Field(
        default=DEFAULT_LIMITS[Limit.DEAL_FILTERS],
        ge=0,
        validation_alias="KEEPER_LIMIT_DEAL_FILTERS",
    )
    tokens_a_day: int = Field(
        default=DEFAULT_LIMITS[Limit.TOKENS_A_DAY],
        ge=0,
        validation_alias="KEEPER_LIMIT_TOKENS_A_DAY",
    )
    checks_an_hour: int = Field(
        default=DEFAULT_LIMITS[Limit.CHECKS_AN_HOUR],
        ge=0,
        validation_alias="KEEPER_LIMIT_CHECKS_AN_HOUR",
    )
    imports_an_hour: int = Field(
        default=DEFAULT_LIMITS[Limit.IMPORTS_AN_HOUR],
        ge=0,
        validation_alias="KEEPER_LIMIT_IMPORTS_AN_HOUR",
    )

    @model_validator(mode="after")
    def _somebody_may_say_who(self) -> Self:
        if self.proxy_user_header and not self.trusted_proxies:
            raise ValueError(
                "KEEPER_PROXY_USER_HEADER is set but KEEPER_TRUSTED_PROXIES is not: nobody may say "
                "who has signed in"
            )
        return self

    @field_validator("redis_url")
    @classmethod
    def _redis_url(cls, value: SecretStr | None) -> SecretStr | None:
        url = value.get_secret_value() if value is not None else ""
        if not url:
            return None
        if not url.startswith(("redis://", "rediss://", "unix://")):
            # Its text may hold a password.
            raise ValueError("must look like redis://user:password@host:6379/0")
        return value

    @property
    def limits(self) -> Limits:
        """How much each user may have and do, unless an operator has set something else."""
        return {
            Limit.WATCHES: self.watches,
            Limit.DEAL_FILTERS: self.deal_filters,
            Limit.TOKENS_A_DAY: self.tokens_a_day,
            Limit.CHECKS_AN_HOUR: self.checks_an_hour,
            Limit.IMPORTS_AN_HOUR: self.imports_an_hour,
        }
