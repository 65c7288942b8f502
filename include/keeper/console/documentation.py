"""The page on which the API is read and tried: Swagger UI at /docs.

Its scripts come from a public network, so that they are of one fixed version, and the page may load
nothing else and talk to this console alone.
"""

import re
from base64 import b64encode
from hashlib import sha256
from typing import Final

from fastapi.openapi.docs import get_swagger_ui_html
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route

DOCS_PATH: Final = "/docs"
_FILES: Final = "https://cdn.jsdelivr.net/npm/swagger-ui-dist@5.17.14"
_ICON: Final = "data:,"
_INLINE: Final = re.compile(r"<script>(.*?)</script>", re.DOTALL)


def documentation_route(openapi_url: str) -> Route:
    """Return the page's route."""
    page = bytes(
        get_swagger_ui_html(
            openapi_url=openapi_url,
            title="Keeper's API",
            swagger_js_url=f"{_FILES}/swagger-ui-bundle.js",
            swagger_css_url=f"{_FILES}/swagger-ui.css",
            swagger_favicon_url=_ICON,
            # What is typed in stays in the page.
            swagger_ui_parameters={"persistAuthorization": False},
        ).body
    )
    inline = [
        f"'sha256-{b64encode(sha256(script.encode()).digest()).decode()}'"
        for script in _INLINE.findall(page.decode())
    ]
    policy = (
        f"default-src 'none'; script-src {_FILES}/swagger-ui-bundle.js {' '.join(inline)}; "
        f"style-src {_FILES}/swagger-ui.css 'unsafe-inline'; img-src data:; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )

    async def show(request: Request) -> HTMLResponse:
        return HTMLResponse(
            page,
            # With no-referrer browsers would not say that what is tried comes from this page.
            headers={"Content-Security-Policy": policy, "Referrer-Policy": "same-origin"},
        )

    return Route(DOCS_PATH, show, methods=["GET"])
