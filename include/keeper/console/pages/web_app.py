"""The pages that people use in the browser, as `web/` builds them: served below /app/.

One document is the whole of them: its script shows what an address says. What the build names by
its content never changes, so browsers keep it; the document is asked for each time.
"""

import re
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from keeper.console.pages.one_sentence import one_sentence_page

APP_PATH: Final = "/app/"
_DOCUMENT: Final = "index.html"
_BASE: Final = '<base href="/app/" />'
_NOT_BUILT: Final = "The pages are not built: `make up` builds them, or `make web`."
_ASSET: Final = re.compile(r"assets/[\w.-]+")
_MEDIA_TYPES: Final = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
}
PICTURE_HOSTS: Final = ("https://m.media-amazon.com", "https://images-na.ssl-images-amazon.com")
"""Where products' pictures come from; nothing else is asked but the console itself."""
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    f"manifest-src 'self'; worker-src 'self'; img-src 'self' {' '.join(PICTURE_HOSTS)}; "
    "base-uri 'self'; form-action 'self'; frame-ancestors {ancestors}"
)


MINI_APP: Final = "telegram"
"""Where Telegram's mini app begins: the only page that Telegram may show in a frame."""
_TELEGRAM: Final = "https://web.telegram.org"


def web_app_routes(folder: Path | None, *, ancestors: str = "'none'") -> list[Route]:
    """Return the routes of the pages.

    Args:
        folder: Where they were built; None for nowhere. They may be built later.
        ancestors: In whose frames they may be shown, as a Content-Security-Policy says it.
    """
    headers = {
        "Content-Security-Policy": _POLICY.format(ancestors=ancestors),
        # With no-referrer browsers would not say that a change comes from these pages.
        "Referrer-Policy": "same-origin",
    }

    in_telegram = headers | {"Content-Security-Policy": _POLICY.format(ancestors=_TELEGRAM)}

    async def begin(request: Request) -> Response:
        return RedirectResponse(f"{_root(request)}{APP_PATH}", status_code=307)

    async def show(request: Request) -> Response:
        path = request.path_params["path"]
        if folder is None or not (folder / _DOCUMENT).is_file():
            return one_sentence_page(_NOT_BUILT, status=503)
        file = folder / path
        if _ASSET.fullmatch(path):
            if not file.is_file():
                return Response(status_code=404, headers=headers)
            kept = {"Cache-Control": "public, max-age=31536000, immutable"}
            return _file(file, headers | kept)
        if "/" not in path and file.suffix in _MEDIA_TYPES and file.is_file():
            return _file(file, headers | {"Cache-Control": "no-cache"})
        document = (folder / _DOCUMENT).read_text(encoding="utf-8")
        own_base = f'<base href="{_root(request)}{APP_PATH}" />'
        return HTMLResponse(
            document.replace(_BASE, own_base), headers=in_telegram if path == MINI_APP else headers
        )

    return [
        Route("/", begin, methods=["GET"]),
        Route(APP_PATH.rstrip("/"), begin, methods=["GET"]),
        Route(f"{APP_PATH}{{path:path}}", show, methods=["GET"]),
    ]


def _root(request: Request) -> str:
    """Return below which path the console is, as whoever mounts it says."""
    root: str = request.scope.get("root_path", "")
    return root.rstrip("/")


def _file(file: Path, headers: dict[str, str]) -> Response:
    return FileResponse(file, headers=headers, media_type=_MEDIA_TYPES[file.suffix])
