"""The page on which the API is read and tried: Swagger UI at /docs.

Its script and style are files of a Python package, so that no other host is asked, and the page may
load nothing else and talk to this console alone.
"""

import re
from base64 import b64encode
from hashlib import sha256
from pathlib import Path
from typing import Final

import fastapi_offline
from fastapi.openapi.docs import get_swagger_ui_html
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import Route

DOCS_PATH: Final = "/docs"
_SCRIPT: Final = "swagger-ui-bundle.js"
_STYLE: Final = "swagger-ui.css"
_STATIC: Final = Path(fastapi_offline.__file__).with_name("static")
_MEDIA_TYPES: Final = {_SCRIPT: "text/javascript", _STYLE: "text/css"}
_ICON: Final = "data:,"
_INLINE: Final = re.compile(r"<script>(.*?)</script>", re.DOTALL)


def documentation_routes(openapi_url: str) -> list[Route]:
    """Return the routes of the page and of what it loads."""
    page = bytes(
        get_swagger_ui_html(
            openapi_url=openapi_url,
            title="Keeper's API",
            swagger_js_url=f"{DOCS_PATH}/{_SCRIPT}",
            swagger_css_url=f"{DOCS_PATH}/{_STYLE}",
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
        f"default-src 'none'; script-src 'self' {' '.join(inline)}; "
        "style-src 'self' 'unsafe-inline'; img-src data:; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )

    async def show(request: Request) -> HTMLResponse:
        return HTMLResponse(
            page,
            # With no-referrer browsers would not say that what is tried comes from this page.
            headers={"Content-Security-Policy": policy, "Referrer-Policy": "same-origin"},
        )

    async def file(request: Request) -> Response:
        name = request.path_params["name"]
        if name not in _MEDIA_TYPES:
            return Response(status_code=404)
        headers = {"Cache-Control": "max-age=86400"}
        return FileResponse(_STATIC / name, headers=headers, media_type=_MEDIA_TYPES[name])

    return [
        Route(DOCS_PATH, show, methods=["GET"]),
        Route(f"{DOCS_PATH}/{{name}}", file, methods=["GET"]),
    ]
