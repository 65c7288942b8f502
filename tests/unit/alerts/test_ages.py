"""What alerts say of prices that Keepa has not looked at for long, and of hidden ones."""

from datetime import timedelta

import pytest

from keeper.alerts.compose import OLD_AFTER, alert_message, digest_message
from tests.alerts import ALERT, CHECKED_AT, NO_CONTEXT, queued

LOOKED = "Keepa last looked on"


def looked(age: timedelta, old_after: timedelta = OLD_AFTER) -> list[str]:
    one = queued(seen_at=CHECKED_AT - age)
    messages = (
        alert_message(one, NO_CONTEXT, old_after=old_after),
        digest_message([one], old_after=old_after),
    )
    (facts, of_digest) = (message.sections[0].facts for message in messages)
    said = [value for name, value in facts if name == LOOKED]
    assert said == [value for name, value in of_digest if name == LOOKED]
    return said


def test_an_alert_says_when_keepa_looked_if_that_is_long_ago() -> None:
    assert looked(timedelta(days=30)) == ["30 Jan 2026, 12:00 UTC"]
    assert looked(timedelta(hours=12)) == []
    assert looked(timedelta(hours=12), old_after=timedelta(hours=2)) != []
    assert looked(timedelta(hours=13), old_after=timedelta(hours=48)) == []


def test_an_alert_whose_look_is_not_known_says_nothing_of_it() -> None:
    message = alert_message(queued(), NO_CONTEXT)
    assert LOOKED not in dict(message.sections[0].facts)


@pytest.mark.parametrize(("hidden", "words"), [(True, "price hidden"), (False, "no offer")])
def test_a_newer_price_that_is_hidden_is_no_want_of_offers(hidden: bool, words: str) -> None:
    one = queued(has_newer_price=True, is_newest_hidden=hidden)
    assert ALERT.newest_price_minor is None
    facts = dict(alert_message(one, NO_CONTEXT).sections[0].facts)
    assert facts["Price now"] == words
