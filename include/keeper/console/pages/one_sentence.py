"""The page behind a link in a message or to sign in: one sentence, and a button or a way on."""

from typing import Final

from jinja2 import Environment, PackageLoader
from starlette.responses import HTMLResponse, Response

from keeper.domain.users.languages import Language

SECURITY_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
}
"""What is served with them reads nothing from elsewhere, is in no frame and in no cache."""
_TEMPLATE: Final = Environment(
    loader=PackageLoader("keeper.console"), autoescape=True
).get_template("one_sentence.html")


def one_sentence_page(
    says: str,
    *,
    title: str = "Keeper",
    button: str = "",
    way_on: tuple[str, str] | None = None,
    referrer: str = SECURITY_HEADERS["Referrer-Policy"],
    status: int = 200,
    language: Language = Language.ENGLISH,
) -> Response:
    """Return the page.

    Args:
        says: The sentence, of anybody's words.
        title: The page's title.
        button: What is on the button that posts to the page's own address; "" for none.
        way_on: The address of a link and its text.
        referrer: How much of the address browsers say elsewhere.
        status: The reply's status.
        language: What all of it is in.
    """
    html = _TEMPLATE.render(says=says, title=title, button=button, way_on=way_on, language=language)
    headers = {**SECURITY_HEADERS, "Referrer-Policy": referrer}
    return HTMLResponse(html, status_code=status, headers=headers)
