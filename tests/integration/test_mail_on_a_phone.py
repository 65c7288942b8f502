"""A mail in a view 375 pixels wide, as a phone shows it."""

import base64
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route

from keeper.alerts.compose import alert_message, digest_message
from keeper.alerts.message import Message
from keeper.alerts.notices import notice_message
from keeper.alerts.reports import report_message
from keeper.alerts.texts import as_page
from tests.alerts import a_context, queued, queued_notice, queued_report
from tests.deals import a_reported_deal

WIDTH = 375
PICTURE = "https://images.example/I/1.jpg"
SQUARE = (
    b'<svg xmlns="http://www.w3.org/2000/svg" width="500" height="500"><rect width="500" '
    b'height="500" fill="teal"/></svg>'
)
LONG = "Unbreakable" * 45
PRODUCT = "Mechanical keyboard, 87 keys, German layout, with wrist rest"
MESSAGES = {
    "an alert": alert_message(queued(image_url=PICTURE, title=PRODUCT), a_context()),
    "a simulated one": alert_message(queued(source="simulator"), a_context()),
    "a long title": alert_message(queued(image_url=PICTURE, title=LONG), a_context()),
    "from right to left": alert_message(queued(title="لوحة مفاتيح ميكانيكية " * 8), a_context()),
    "many reasons": alert_message(queued(reason="fell by 33 % from $15.00; " * 8), a_context()),
    "a report": report_message(
        queued_report(
            *(
                a_reported_deal(asin=f"B{n}", title=title, image_url=PICTURE)
                for n, title in enumerate((PRODUCT, LONG))
            ),
            left_out=3,
            simulated=True,
        )
    ),
    "a notice": notice_message(queued_notice()),
    "a digest": digest_message(
        [queued(n, asin=f"B00000000{n}", title=title) for n, title in enumerate((PRODUCT, LONG))]
    ),
}
AT_EVERY_COMMIT = ("a long title", "a report")
EVERY_MESSAGE = pytest.mark.parametrize(
    "message",
    [
        pytest.param(
            message, id=name, marks=() if name in AT_EVERY_COMMIT else [pytest.mark.nightly]
        )
        for name, message in MESSAGES.items()
    ],
)
_BOXES = """
() => [...document.querySelectorAll('h1, p, td, a, img')].map(element => {
    const range = document.createRange();
    range.selectNodeContents(element);
    const own = element.tagName === 'IMG' ? element : range;
    const box = own.getBoundingClientRect();
    return {tag: element.tagName, text: element.innerText || element.alt, left: box.left,
        right: box.right, top: box.top, bottom: box.bottom};
})
"""


def shown(browser: Browser, message: Message) -> Page:
    """Return the mail in a phone's view, with its pictures."""
    page = browser.new_page(viewport={"width": WIDTH, "height": 720}, color_scheme="light")
    ids = [f"chart-{number}" for number in range(len(message.sections))]
    photos = [
        f"photo-{number}" if one.image_url else None for number, one in enumerate(message.sections)
    ]
    html = as_page(message, ids, photos)
    for photo in filter(None, photos):
        html = html.replace(f"cid:{photo}", PICTURE)
    for name, section in zip(ids, message.sections, strict=True):
        if section.chart is not None:
            png = base64.b64encode(section.chart.png).decode()
            html = html.replace(f"cid:{name}", f"data:image/png;base64,{png}")

    def picture(route: Route) -> None:
        route.fulfill(body=SQUARE, content_type="image/svg+xml")

    page.route("https://images.example/**", picture)
    page.set_content(html, wait_until="networkidle")
    return page


def boxes(page: Page) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = page.evaluate(_BOXES)
    return [box for box in found if box["right"] > box["left"]]


@EVERY_MESSAGE
def test_nothing_sticks_out(browser: Browser, message: Message) -> None:
    page = shown(browser, message)

    assert page.evaluate("document.documentElement.scrollWidth") <= WIDTH
    for box in boxes(page):
        assert box["left"] >= 0, box
        assert box["right"] <= WIDTH, box
    page.close()


@EVERY_MESSAGE
def test_every_picture_is_loaded_and_no_text_lies_on_one(
    browser: Browser, message: Message
) -> None:
    page = shown(browser, message)
    found = boxes(page)
    images = [box for box in found if box["tag"] == "IMG"]

    widths = page.evaluate("[...document.images].map(image => image.naturalWidth)")
    assert all(widths)
    for text in (box for box in found if box["tag"] in ("H1", "TD")):
        for image in images:
            apart = (
                text["right"] <= image["left"] + 1
                or text["left"] >= image["right"] - 1
                or text["bottom"] <= image["top"] + 1
                or text["top"] >= image["bottom"] - 1
            )
            # A text that flows around a picture has a box that holds both.
            assert apart or text["tag"] == "H1", (text, image)
    page.close()


def test_price_and_button_are_the_first_things_seen(browser: Browser) -> None:
    page = shown(browser, MESSAGES["an alert"])
    picture = page.screenshot()
    price = page.get_by_text("1.234,50").first.bounding_box()
    button = page.get_by_role("link", name="Open on amazon.de").bounding_box()

    assert picture.startswith(b"\x89PNG")
    assert price is not None
    assert price["y"] < 400
    assert button is not None
    # What a thumb can hit.
    assert button["height"] >= 44
    page.close()


def test_the_mail_loads_nothing_from_elsewhere(browser: Browser) -> None:
    page = browser.new_page(viewport={"width": WIDTH, "height": 720})
    asked: list[str] = []

    def note(route: Route) -> None:
        asked.append(route.request.url)
        route.abort()

    page.route("**/*", note)
    page.set_content(as_page(MESSAGES["an alert"], ["chart"], ["photo"]), wait_until="load")

    assert page.evaluate("document.images.length") == 2
    assert [url for url in asked if not url.startswith("cid:")] == []
    page.close()
