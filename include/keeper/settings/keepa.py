"""Where Keepa, or the simulator in its place, is asked, and with which key."""

from typing import Self

from pydantic import Field, SecretStr, model_validator

from keeper.settings.group import HttpUrl, SettingsGroup, is_readable_on_its_way

KEEPA_URL = "https://api.keepa.com"
AMAZON_IMAGES_URL = "https://m.media-amazon.com/images/I"
SIMULATOR_URL = "http://127.0.0.1:8099"
SIMULATOR_KEY = "simulator"


class KeepaSettings(SettingsGroup):
    """Keepa. Without a key the simulator is asked, and prices say so."""

    given_key: SecretStr | None = Field(default=None, validation_alias="KEEPA_API_KEY")
    given_url: HttpUrl | None = Field(default=None, validation_alias="KEEPER_KEEPA_URL")
    simulator_url: HttpUrl = Field(default=SIMULATOR_URL, validation_alias="KEEPER_SIMULATOR_URL")
    given_images_url: HttpUrl | None = Field(default=None, validation_alias="KEEPER_IMAGES_URL")
    timeout_s: float = Field(default=120, gt=0, validation_alias="KEEPER_KEEPA_TIMEOUT_S")

    @model_validator(mode="after")
    def _key_is_not_readable(self) -> Self:
        if self.given_key is not None and is_readable_on_its_way(self.url):
            raise ValueError("KEEPER_KEEPA_URL must begin with https://, for it gets the key")
        return self

    @property
    def uses_simulator(self) -> bool:
        """True when no Keepa key is set: prices then come from the simulator and say so."""
        return self.given_key is None

    @property
    def url(self) -> str:
        """Where Keepa is asked: the explicit URL, or Keepa with a key, the simulator without."""
        return self.given_url or (self.simulator_url if self.uses_simulator else KEEPA_URL)

    @property
    def key(self) -> SecretStr:
        """The key to send; the simulator's well-known one when none is set."""
        return self.given_key or SecretStr(SIMULATOR_KEY)

    @property
    def images_url(self) -> str:
        """Below which address pictures of products are: Amazon's, or the simulator's own."""
        own = f"{self.url}/img" if self.uses_simulator else AMAZON_IMAGES_URL
        return self.given_images_url or own
