"""The checks of the services ask for a configuration only when they need it."""

from dataclasses import fields, replace
from typing import NoReturn

import pytest

from keeper.errors import SettingsError
from keeper.pipeline.services.names import SERVICES, Configurations, probes_of
from keeper.pipeline.services.probes import NotConfiguredError
from keeper.settings import Settings


def unreadable() -> NoReturn:
    raise SettingsError("nobody knows where it is")


NOTHING = Configurations(**{field.name: unreadable for field in fields(Configurations)})


def test_each_service_has_its_check() -> None:
    assert tuple(probes_of(NOTHING)) == SERVICES


@pytest.mark.parametrize("service", SERVICES)
def test_a_configuration_that_cannot_be_had_fails_its_check(service: str) -> None:
    with pytest.raises(SettingsError, match="nobody knows"):
        probes_of(NOTHING)[service]()


def test_and_no_other() -> None:
    checks = probes_of(replace(NOTHING, settings=Settings))

    with pytest.raises(NotConfiguredError, match="SMTP_HOST"):
        checks["mail"]()
