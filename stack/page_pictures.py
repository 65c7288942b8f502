"""Pictures of the console's pages: each in a wide window beside a phone's, one of them dark."""

from io import BytesIO
from typing import Final, Literal

from PIL import Image
from playwright.sync_api import Browser, BrowserContext, ViewportSize

from keeper.stores.postgres.connection import PostgresConfig, session
from stack.context import Stack
from stack.environment import console_url, database_url, product_environment
from stack.errors import StackError
from stack.product import keeper_output

_DESK: Final[ViewportSize] = {"width": 1280, "height": 900}
_PHONE: Final[ViewportSize] = {"width": 375, "height": 900}
_Scheme = Literal["light", "dark"]
_SCHEMES: Final[tuple[tuple[_Scheme, _Scheme], ...]] = (("light", "dark"), ("dark", "light"))
"""How the wide window of a picture looks, and how the narrow one; in turn."""
_BETWEEN: Final = 24
_BACKGROUND: Final = (200, 204, 210)
PAGES: Final = {
    "home": "",
    "watches": "watches?sort=change",
    "add": "add?text=https://www.amazon.de/dp/B0SAMPLE02",
    "product": "products/{product}",
    "alert": "products/{product}&edit",
    "deals": "deals?seen=month",
    "discovery": "deals/discovery",
    "messages": "messages",
    "channels": "messages/channels",
    "rules": "messages/rules",
    "operations": "operations",
    "tokens": "operations/tokens",
    "runs": "operations/runs",
    "settings": "settings",
}
"""Where each page is, by the name of its picture."""
_HAS_ITS_PICTURES: Final = """() => [...document.images].every(
    (image) => image.complete || image.getBoundingClientRect().top > innerHeight)"""
"""Those beneath the window's end are not fetched."""
_PRODUCT: Final = """
SELECT domain, asin, price_type FROM price_alerts JOIN price_series USING (asin, domain, price_type)
ORDER BY price_type = 'NEW' DESC, domain = 'de' DESC, alert_id LIMIT 1
"""


def page_pictures(browser: Browser, stack: Stack) -> dict[str, bytes]:
    """Return a picture of each page by the name of its file.

    Raises:
        StackError: Nothing has alerted yet, so that there is no product to show.
    """
    product = _product(stack)
    windows = [
        [_signed_in(browser, stack, _DESK, wide), _signed_in(browser, stack, _PHONE, narrow)]
        for wide, narrow in _SCHEMES
    ]
    return {
        f"page-{name}.png": _side_by_side(
            [
                _picture(context, stack, path.format(product=product))
                for context in windows[place % len(windows)]
            ]
        )
        for place, (name, path) in enumerate(PAGES.items())
    }


def _signed_in(
    browser: Browser, stack: Stack, viewport: ViewportSize, scheme: _Scheme
) -> BrowserContext:
    context = browser.new_context(viewport=viewport, locale="en-GB", color_scheme=scheme)
    page = context.new_page()
    address = product_environment(stack)["KEEPER_USER_EMAIL"]
    page.goto(keeper_output(stack, "console", "login", address).strip())
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("link", name="Go on to Keeper").wait_for()
    page.close()
    return context


def _picture(context: BrowserContext, stack: Stack, path: str) -> bytes:
    page = context.new_page()
    # The live feed never ends, so that a page is never without a request that runs.
    page.goto(f"{console_url(stack)}/app/{path}")
    page.get_by_role("heading", level=1).wait_for()
    page.wait_for_function("() => document.querySelector('[data-loading]') === null")
    page.wait_for_function(_HAS_ITS_PICTURES)
    shown = page.screenshot(animations="disabled")
    page.close()
    return shown


def _side_by_side(pictures: list[bytes]) -> bytes:
    images = [Image.open(BytesIO(one)).convert("RGB") for one in pictures]
    width = sum(image.width for image in images) + _BETWEEN * (len(images) - 1)
    sheet = Image.new("RGB", (width, max(image.height for image in images)), _BACKGROUND)
    left = 0
    for image in images:
        sheet.paste(image, (left, 0))
        left += image.width + _BETWEEN
    written = BytesIO()
    # 256 colours are more than these pages have, and a third of the bytes; with 64, green is grey.
    sheet.quantize(256).save(written, "PNG", optimize=True)
    return written.getvalue()


def _product(stack: Stack) -> str:
    with session(PostgresConfig(database_url(stack))) as connection:
        row = connection.execute(_PRODUCT).fetchone()
    if row is None:
        raise StackError("No alert has been raised yet; raise one with: make demo")
    return f"{row['domain']}/{row['asin']}?type={row['price_type']}"
