"""Where a message's pictures are, and which of them a mail carries."""

from dataclasses import replace

import pytest

from keeper.alerts.channels.email import mail_of
from keeper.alerts.compose import alert_message
from keeper.alerts.message import Message
from keeper.alerts.photos import Photo, linked_with
from keeper.settings import AMAZON_IMAGES_URL
from tests.alerts import NO_CONTEXT, queued

AMAZON = f"{AMAZON_IMAGES_URL}/41a%2Bb.jpg"
PHOTO = Photo(b"\xff\xd8\xff picture", "jpeg")


def message(*urls: str | None) -> Message:
    written = alert_message(queued(), NO_CONTEXT)
    (section,) = written.sections
    return replace(written, sections=tuple(replace(section, image_url=url) for url in urls))


@pytest.mark.parametrize(
    ("stored", "linked"),
    [
        (AMAZON, "http://keepa-simulator:8099/img/41a%2Bb.jpg"),
        ("https://images.example/1.jpg", "https://images.example/1.jpg"),
        (f"{AMAZON_IMAGES_URL}-2/1.jpg", f"{AMAZON_IMAGES_URL}-2/1.jpg"),
        (None, None),
    ],
    ids=["Amazon's", "another", "nearly Amazon's", "none"],
)
def test_amazons_pictures_are_linked_with_the_address_of_the_settings(
    stored: str | None, linked: str | None
) -> None:
    (section,) = linked_with(message(stored), "http://keepa-simulator:8099/img").sections

    assert section.image_url == linked


def test_a_mail_loads_nothing_from_elsewhere() -> None:
    page = mail_of(message(AMAZON), "a@example.org", "b@example.org").get_body(("html",))

    assert page is not None
    assert "<img" not in page.get_content()


def test_a_mail_carries_a_picture_for_each_section_that_has_one() -> None:
    mail = mail_of(message(AMAZON, None, AMAZON), "a@x.org", "b@x.org", {AMAZON: PHOTO})

    page = mail.get_body(("html",))
    assert page is not None
    parts = [part for part in mail.walk() if part.get_content_type() == "image/jpeg"]
    ids = [part["Content-ID"][1:-1] for part in parts]
    assert len(ids) == len(set(ids)) == 2
    assert all(f'src="cid:{identity}"' in page.get_content() for identity in ids)
    assert all(part.get_content() == PHOTO.content for part in parts)
    assert {part.get_filename() for part in parts} == {"product.jpeg"}


def test_a_mail_of_many_pictures_carries_the_first_three_megabytes() -> None:
    urls = [f"{AMAZON_IMAGES_URL}/{number}.jpg" for number in range(12)]
    large = Photo(b"\xff\xd8\xff" + b"x" * 400_000, "jpeg")

    mail = mail_of(message(*urls), "a@x.org", "b@x.org", dict.fromkeys(urls, large))

    page = mail.get_body(("html",))
    assert page is not None
    assert [part.get_content_type() for part in mail.walk()].count("image/jpeg") == 7
    assert page.get_content().count('src="cid:photo-') == 7
