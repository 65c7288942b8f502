"""Links that only Keeper can make."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from itsdangerous import URLSafeSerializer

from keeper.alerts.channels.email import mail_of
from keeper.alerts.compose import alert_message, digest_message
from keeper.alerts.links import InvalidLinkError, LinkAction, Links, LinkTarget
from tests.alerts import NO_STORY, queued

LINKS = Links("https://keeper.test", "a-secret-of-some-length")


def token_of(url: str) -> str:
    base, _, token = url.rpartition("/a/")
    assert base == "https://keeper.test"
    return token


@given(st.sampled_from(LinkAction), st.integers(1, 2**60))
def test_a_link_is_read_back(action: LinkAction, number: int) -> None:
    assert LINKS.read(token_of(LINKS.to(action, number))) == LinkTarget(action, number)


@pytest.mark.parametrize(
    ("token", "target"),
    [
        (
            "WyJzbm9vemUiLDEyMzQ1XQ.4LA1IkyR5slVc8I3g739d0ymu5o",
            LinkTarget(LinkAction.SNOOZE, 12345),
        ),
        ("WyJzdG9wIiwxMjM0NV0.c2x7hX26cIqQ7BgUEDd1tqj3sro", LinkTarget(LinkAction.STOP, 12345)),
        (
            "WyJ1bnN1YnNjcmliZSIsMTIzNDVd.HlxWzL7pJGHh_oRBAuov16e24Lk",
            LinkTarget(LinkAction.UNSUBSCRIBE, 12345),
        ),
    ],
    ids=["snooze", "stop", "unsubscribe"],
)
def test_a_link_of_a_mail_sent_long_ago_is_still_read(token: str, target: LinkTarget) -> None:
    assert LINKS.read(token) == target


@given(st.text())
def test_anything_else_is_no_link(token: str) -> None:
    with pytest.raises(InvalidLinkError):
        LINKS.read(token)


def test_a_link_of_another_secret_or_another_use_is_no_link() -> None:
    other = Links("https://keeper.test", "another-secret-of-length")
    for token in (
        token_of(other.to(LinkAction.STOP, 1)),
        URLSafeSerializer("a-secret-of-some-length", salt="other").dumps(["stop", 1]),
        token_of(LINKS.to(LinkAction.STOP, 1))[:-1],
    ):
        with pytest.raises(InvalidLinkError):
            LINKS.read(token)


@pytest.mark.parametrize("content", [["destroy", 1], ["stop"], "stop", None, ["stop", "x"]])
def test_a_signed_link_must_still_make_sense(content: object) -> None:
    signed = URLSafeSerializer("a-secret-of-some-length", salt="keeper.alerts.links.v1")
    with pytest.raises(InvalidLinkError):
        LINKS.read(str(signed.dumps(content)))


def test_a_message_tells_what_its_reader_may_do() -> None:
    message = alert_message(queued(), NO_STORY, LINKS)

    assert [(one.label, LINKS.read(token_of(one.url))) for one in message.actions] == [
        ("Snooze for a week", LinkTarget(LinkAction.SNOOZE, 3)),
        ("Stop watching", LinkTarget(LinkAction.STOP, 3)),
    ]
    assert message.unsubscribe_url is not None
    assert LINKS.read(token_of(message.unsubscribe_url)) == LinkTarget(LinkAction.UNSUBSCRIBE, 5)


def test_a_mail_is_unsubscribed_from_by_one_click() -> None:
    for message in (
        alert_message(queued(), NO_STORY, LINKS),
        digest_message([queued(1), queued(2)], LINKS),
    ):
        mail = mail_of(message, "reader@example.org", "keeper@example.org")
        url, by_mail = mail["List-Unsubscribe"].split(", ")
        assert url == f"<{message.unsubscribe_url}>"
        assert by_mail == "<mailto:keeper@example.org?subject=unsubscribe>"
        assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
