"""Channels that are left alone for a while."""

from datetime import UTC, datetime, timedelta

from keeper.alerts.channel_breakers import ChannelBreakers
from keeper.domain.messages.queue import Address, ChannelKind, DeliveryResult, DeliveryStatus

NOW = datetime(2026, 3, 1, tzinfo=UTC)
MAIL = Address(ChannelKind.EMAIL, "reader@example.org")
CHAT = Address(ChannelKind.TELEGRAM, "4711")
HOOK = Address(ChannelKind.DISCORD, "main")
SENT = DeliveryResult(DeliveryStatus.SENT, "")
AWAY = DeliveryResult(DeliveryStatus.FAILED, "", retry=True, unreachable=True)


def test_a_channel_that_is_away_is_left_alone_for_longer_each_time() -> None:
    breakers, now, pauses = ChannelBreakers(), NOW, []
    for _ in range(8):
        breakers.saw(MAIL, AWAY, now)
        opening = breakers.next_opening(now)
        assert opening is not None
        assert breakers.closed(now) == ["email"]
        pauses.append((opening - now).total_seconds())
        now = opening
        assert breakers.closed(now) == []

    assert pauses == [30, 60, 120, 240, 480, 900, 900, 900]


def test_once_it_answers_the_next_trouble_is_new() -> None:
    breakers = ChannelBreakers()
    for _ in range(5):
        breakers.saw(MAIL, AWAY, NOW)
    breakers.saw(MAIL, SENT, NOW)
    later = NOW + timedelta(hours=1)
    breakers.saw(MAIL, AWAY, later)

    assert breakers.next_opening(later) == later + timedelta(seconds=30)


def test_webhooks_fail_by_themselves_and_a_bot_as_a_whole() -> None:
    breakers = ChannelBreakers()
    breakers.saw(HOOK, AWAY, NOW)
    assert breakers.closed(NOW) == ["discord:main"]
    breakers.saw(CHAT, AWAY, NOW)
    assert breakers.closed(NOW) == ["discord:main", "telegram"]


def test_an_address_rests_for_as_long_as_its_provider_asks() -> None:
    breakers = ChannelBreakers()
    busy = DeliveryResult(DeliveryStatus.FAILED, "429", retry=True, retry_after_s=17)
    breakers.saw(CHAT, busy, NOW)

    assert breakers.closed(NOW + timedelta(seconds=16)) == ["telegram:4711"]
    assert breakers.closed(NOW + timedelta(seconds=17)) == []


def test_messages_to_a_chat_keep_their_distance() -> None:
    breakers = ChannelBreakers()
    breakers.saw(CHAT, SENT, NOW)

    assert breakers.closed(NOW + timedelta(milliseconds=999)) == ["telegram:4711"]
    assert breakers.breath(CHAT) == timedelta(milliseconds=40)
    assert breakers.breath(MAIL) == timedelta()
    assert breakers.closed(NOW + timedelta(seconds=1)) == []
    breakers.saw(MAIL, SENT, NOW)
    assert "email" not in breakers.closed(NOW)
