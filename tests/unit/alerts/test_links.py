"""Links that only Keeper can make, for one row and for a while."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from itsdangerous import URLSafeSerializer

from keeper.alerts.channels.email import mail_of
from keeper.alerts.compose import alert_message, digest_message
from keeper.alerts.links import (
    InvalidLinkError,
    LinkAction,
    Links,
    LinkTarget,
    channel_mark,
    watch_mark,
)
from keeper.domain.messages.queue import Address, ChannelKind
from tests.alerts import ALERT, NO_CONTEXT, QUEUED, queued
from tests.outbox import Clock

KEY = "a-secret-of-some-length"
ISSUED = datetime(2026, 3, 1, 12, tzinfo=UTC)
LINKS = Links("https://keeper.test", [KEY], lambda: ISSUED)


def token_of(url: str) -> str:
    base, _, token = url.rpartition("/a/")
    assert base == "https://keeper.test"
    return token


@given(st.sampled_from(LinkAction), st.integers(1, 2**60), st.text())
def test_a_link_is_read_back(action: LinkAction, number: int, mark: str) -> None:
    target = LinkTarget(action, number, mark, ISSUED)
    assert LINKS.read(token_of(LINKS.to(action, number, mark))) == target


@pytest.mark.parametrize(
    ("token", "target"),
    [
        (
            "WyJzdG9wIiwxMjM0NSwiVzUzU041ejdMNFpEUkQ3cSIsMTc3MjM2NjQwMDAwMF0.OlT2yDoDqsUg9Sv2DxW_hkqbLlU",
            LinkTarget(LinkAction.STOP, 12345, "W53SN5z7L4ZDRD7q", ISSUED),
        ),
        (
            "WyJ1bnN1YnNjcmliZSIsMTIzNDVd.HlxWzL7pJGHh_oRBAuov16e24Lk",
            LinkTarget(LinkAction.UNSUBSCRIBE, 12345),
        ),
    ],
    ids=["stop", "unsubscribe of the former form"],
)
def test_a_link_of_a_mail_sent_long_ago_is_still_read(token: str, target: LinkTarget) -> None:
    assert LINKS.read(token) == target


@pytest.mark.parametrize(
    "token",
    [
        "WyJzbm9vemUiLDEyMzQ1XQ.4LA1IkyR5slVc8I3g739d0ymu5o",
        "WyJzdG9wIiwxMjM0NV0.c2x7hX26cIqQ7BgUEDd1tqj3sro",
    ],
    ids=["snooze", "stop"],
)
def test_a_link_of_the_former_form_says_what_to_use_instead(token: str) -> None:
    with pytest.raises(InvalidLinkError, match=r"older version of Keeper.*a newer message"):
        LINKS.read(token)


@pytest.mark.parametrize("action", LinkAction)
def test_a_link_acts_for_ninety_days_and_unsubscribes_for_ever(action: LinkAction) -> None:
    clock = Clock(ISSUED)
    links = Links("https://keeper.test", [KEY], clock)
    token = token_of(links.to(action, 1, "mark"))

    clock.now = ISSUED + timedelta(days=90)
    assert links.read(token).action is action
    clock.now += timedelta(seconds=1)
    if action is LinkAction.UNSUBSCRIBE:
        assert links.read(token).action is action
        return
    with pytest.raises(InvalidLinkError, match=r"older than 90 days.*a newer message"):
        links.read(token)


def test_links_are_signed_with_the_newest_key_and_read_with_each() -> None:
    former = Links("https://keeper.test", [KEY])
    rotating = Links("https://keeper.test", ["the-newest-of-the-keys", KEY])
    newest = Links("https://keeper.test", ["the-newest-of-the-keys"])

    assert rotating.read(token_of(former.to(LinkAction.STOP, 1, "mark"))).number == 1
    assert newest.read(token_of(rotating.to(LinkAction.STOP, 2, "mark"))).number == 2
    assert rotating.read("WyJ1bnN1YnNjcmliZSIsMTIzNDVd.HlxWzL7pJGHh_oRBAuov16e24Lk").number == 12345
    with pytest.raises(InvalidLinkError):
        newest.read(token_of(former.to(LinkAction.STOP, 1, "mark")))


def test_a_link_made_within_a_millisecond_counts_from_its_end() -> None:
    links = Links("https://keeper.test", [KEY], lambda: ISSUED + timedelta(microseconds=1))

    target = links.read(token_of(links.to(LinkAction.SNOOZE, 1, "mark")))

    assert target.issued_at == ISSUED + timedelta(milliseconds=1)


@given(st.text())
def test_anything_else_is_no_link(token: str) -> None:
    with pytest.raises(InvalidLinkError):
        LINKS.read(token)


def test_a_link_of_another_secret_or_another_use_is_no_link() -> None:
    other = Links("https://keeper.test", ["another-secret-of-length"])
    for token in (
        token_of(other.to(LinkAction.STOP, 1, "mark")),
        URLSafeSerializer(KEY, salt="other").dumps(["stop", 1, "mark", 1_772_366_400_000]),
        token_of(LINKS.to(LinkAction.STOP, 1, "mark"))[:-1],
    ):
        with pytest.raises(InvalidLinkError):
            LINKS.read(str(token))


@pytest.mark.parametrize(
    "content",
    [
        ["destroy", 1, "mark", 1_772_366_400_000],
        ["stop", 1],
        ["stop"],
        "stop",
        None,
        ["stop", "x", "mark", 1_772_366_400_000],
        ["stop", 1, "mark", "x"],
        ["stop", 1, "mark", 10**30],
    ],
)
@pytest.mark.parametrize("form", ["v1", "v2"])
def test_a_signed_link_must_still_make_sense(content: object, form: str) -> None:
    signed = URLSafeSerializer(KEY, salt=f"keeper.alerts.links.{form}")
    with pytest.raises(InvalidLinkError):
        LINKS.read(str(signed.dumps(content)))


def test_a_row_is_known_by_all_that_distinguishes_it() -> None:
    since = datetime(2026, 1, 2, 3, 4, 5, 6, UTC)
    watch = ("B000000001", "de", "NEW", since)
    later = since + timedelta(microseconds=1)
    others = [
        watch_mark("B000000002", "de", "NEW", since),
        watch_mark("B000000001", "uk", "NEW", since),
        watch_mark("B000000001", "de", "USED", since),
        watch_mark("B000000001", "de", "NEW", later),
        channel_mark(Address(ChannelKind.TELEGRAM, "4711"), since),
        channel_mark(Address(ChannelKind.TELEGRAM, "4712"), since),
        channel_mark(Address(ChannelKind.DISCORD, "4711"), since),
        channel_mark(Address(ChannelKind.TELEGRAM, "4711"), later),
    ]

    assert len({watch_mark(*watch), *others}) == 1 + len(others)
    elsewhere = since.astimezone(timezone(timedelta(hours=2)))
    assert watch_mark(*watch[:3], elsewhere) == watch_mark(*watch)


def test_a_message_says_what_its_reader_may_do() -> None:
    message = alert_message(queued(), NO_CONTEXT, LINKS)
    watch = watch_mark("B000000001", "de", "BUY_BOX_SHIPPING", ALERT.watched_since)
    channel = channel_mark(QUEUED.to, QUEUED.channel_since)

    assert [(one.label, LINKS.read(token_of(one.url))) for one in message.actions] == [
        ("Snooze for a week", LinkTarget(LinkAction.SNOOZE, 3, watch, ISSUED)),
        ("Stop watching", LinkTarget(LinkAction.STOP, 3, watch, ISSUED)),
    ]
    assert message.unsubscribe_url is not None
    assert LINKS.read(token_of(message.unsubscribe_url)) == LinkTarget(
        LinkAction.UNSUBSCRIBE, 5, channel, ISSUED
    )


def test_links_to_a_row_with_the_same_number_differ() -> None:
    another = replace(ALERT, watched_since=ALERT.watched_since + timedelta(days=1))
    first = alert_message(queued(), NO_CONTEXT, LINKS)
    second = alert_message(replace(queued(), alert=another), NO_CONTEXT, LINKS)

    assert {one.url for one in first.actions}.isdisjoint(one.url for one in second.actions)


def test_a_mail_is_unsubscribed_from_by_one_click() -> None:
    for message in (
        alert_message(queued(), NO_CONTEXT, LINKS),
        digest_message([queued(1), queued(2)], LINKS),
    ):
        mail = mail_of(message, "reader@example.org", "keeper@example.org")
        url, by_mail = mail["List-Unsubscribe"].split(", ")
        assert url == f"<{message.unsubscribe_url}>"
        assert by_mail == "<mailto:keeper@example.org?subject=unsubscribe>"
        assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
