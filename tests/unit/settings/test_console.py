"""The console's settings: whom it trusts, and how much each may have."""

from ipaddress import ip_network

import pytest

from keeper.domain.users.limits import DEFAULT_LIMITS, Limit
from keeper.errors import SettingsError
from keeper.settings import Settings


def test_proxies_are_addresses_or_networks() -> None:
    settings = Settings.from_variables(
        {
            "KEEPER_TRUSTED_PROXIES": "10.0.0.7, 172.16.0.0/12 ,fd00::/8",
            "KEEPER_PROXY_USER_HEADER": "Remote-Email",
        }
    ).console
    assert settings.trusted_proxies == tuple(
        map(ip_network, ("10.0.0.7/32", "172.16.0.0/12", "fd00::/8"))
    )
    assert Settings.from_variables({}).console.trusted_proxies == ()


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"KEEPER_TRUSTED_PROXIES": "nginx"}, "'nginx' is no address or network"),
        ({"KEEPER_TRUSTED_PROXIES": "10.0.0.7,"}, "'' is no address or network"),
        ({"KEEPER_TRUSTED_PROXIES": "10.0.0.7/8"}, "is no address or network"),
        ({"KEEPER_TRUSTED_PROXIES": "0.0.0.0/0"}, "is everybody"),
        ({"KEEPER_TRUSTED_PROXIES": "::/0"}, "is everybody"),
        ({"KEEPER_PROXY_USER_HEADER": "Remote-Email"}, "KEEPER_TRUSTED_PROXIES is not"),
        (
            {"KEEPER_TRUSTED_PROXIES": "10.0.0.7", "KEEPER_PROXY_USER_HEADER": "Remote: x"},
            "KEEPER_PROXY_USER_HEADER",
        ),
        ({"KEEPER_LIMIT_WATCHES": "-1"}, "KEEPER_LIMIT_WATCHES"),
        ({"KEEPER_LIMIT_TOKENS_A_DAY": "many"}, "KEEPER_LIMIT_TOKENS_A_DAY"),
    ],
)
def test_what_cannot_be_meant_is_refused(variables: dict[str, str], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        Settings.from_variables(variables)


def test_every_limit_has_a_setting() -> None:
    assert Settings.from_variables({}).console.limits == DEFAULT_LIMITS
    assert DEFAULT_LIMITS.keys() == set(Limit)
    fewer = Settings.from_variables({"KEEPER_LIMIT_CHECKS_AN_HOUR": "0"}).console.limits
    assert fewer[Limit.CHECKS_AN_HOUR] == 0
