"""The bot's settings, and its mistakes in words."""

import pytest

from keeper.errors import SettingsError
from keeper.settings import Settings


def test_without_any_it_asks_the_console_of_this_machine() -> None:
    bot = Settings.from_variables({}).bot
    assert bot.api_url == "http://127.0.0.1:8000"
    assert bot.host_and_port == ("127.0.0.1", 8001)
    assert (bot.webhook_url, bot.api_token, bot.app_key) == (None, None, None)
    assert bot.session.total_seconds() == 600


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("KEEPER_MINI_APP_KEY", "4711:secret-word", "64 hexadecimal digits"),
        ("KEEPER_MINI_APP_KEY", "abcd", "64 hexadecimal digits"),
        ("KEEPER_BOT_WEBHOOK_URL", "http://keeper.example.org", "must begin with https://"),
        ("KEEPER_BOT_LISTEN", "8001", "127.0.0.1:8001"),
        ("KEEPER_BOT_LISTEN", "127.0.0.1:0", "127.0.0.1:8001"),
        ("KEEPER_BOT_SESSION_S", "5", "greater than or equal to 10"),
        ("KEEPER_BOT_UPDATES_A_MINUTE", "0", "greater than or equal to 1"),
    ],
)
def test_a_mistake_is_named_and_no_secret(name: str, value: str, said: str) -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.from_variables({name: value})
    assert name in str(caught.value)
    assert said in str(caught.value)
    assert "secret-word" not in str(caught.value)
