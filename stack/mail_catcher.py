"""A mail server that keeps every message and shows it, for the local stack only.

SMTP on one port, which accepts any message and sends nothing on; on another a page for people and
JSON for programs. Both listen on loopback.
"""

import argparse
import asyncio
from html import escape
from pathlib import Path
from typing import Final

import uvicorn
from aiosmtpd.smtp import SMTP, Envelope, Session
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from stack.mail_store import CaughtMessage, MailStore
from stack.ports import HOST

_LARGEST_MESSAGE: Final = 10 * 1024**2
_LISTED: Final = 500
_PAGE_POLICY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
# A caught message is a stranger's HTML: no scripts, no forms, nothing loaded from elsewhere.
_MESSAGE_POLICY: Final = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'self'"
)
_STYLE: Final = """
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif; }
body { max-width: 68rem; margin: 1.5rem auto; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .4rem .6rem; border-bottom: 1px solid #8884; }
td.when { white-space: nowrap; }
iframe { width: 100%; height: 36rem; border: 1px solid #8884; background: #fff; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; padding: 1rem; background: #8881; }
"""


class StoringHandler:
    """What aiosmtpd calls with each message."""

    def __init__(self, store: MailStore) -> None:
        """Keep messages in `store`."""
        self._store = store

    async def handle_DATA(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        """Keep a message; the answer names it as mail servers do."""
        content = envelope.original_content or b""
        return f"250 OK kept as {self._store.add(content)}"


def make_app(store: MailStore) -> Starlette:
    """Return the web application over a store."""

    def index(request: Request) -> Response:
        return _page("Caught mail", _list_of(store))

    def messages(request: Request) -> Response:
        return JSONResponse([message.as_json() for message in store.newest_first()])

    def clear(request: Request) -> Response:
        return JSONResponse({"deleted": store.clear()})

    def show(request: Request) -> Response:
        message = store.get(request.path_params["id"])
        if message is None:
            return _page("No such message", "<p><a href='/'>All messages</a></p>", status=404)
        return _page(message.subject or "(no subject)", _view_of(message))

    def show_html(request: Request) -> Response:
        message = store.get(request.path_params["id"])
        if message is None:
            return Response(status_code=404)
        return HTMLResponse(message.html, headers={"Content-Security-Policy": _MESSAGE_POLICY})

    def show_raw(request: Request) -> Response:
        content = store.raw(request.path_params["id"])
        if content is None:
            return Response(status_code=404)
        headers = {"X-Content-Type-Options": "nosniff", "Content-Security-Policy": _MESSAGE_POLICY}
        return Response(content, media_type="text/plain; charset=utf-8", headers=headers)

    return Starlette(
        routes=[
            Route("/", index),
            Route("/messages", messages, methods=["GET"]),
            Route("/messages", clear, methods=["DELETE"]),
            Route("/message/{id}", show),
            Route("/message/{id}/html", show_html),
            Route("/message/{id}/raw", show_raw),
        ],
        # A web page elsewhere must not read mail through a host name it points at 127.0.0.1.
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=[HOST, "localhost"])],
    )


def _list_of(store: MailStore) -> str:
    rows = []
    count = 0
    for count, message in enumerate(store.newest_first(), start=1):
        if count <= _LISTED:
            rows.append(
                f"<tr><td class=when>{escape(message.date)}</td><td>{escape(message.to)}</td>"
                f"<td><a href='/message/{message.id}'>"
                f"{escape(message.subject or '(no subject)')}</a></td></tr>"
            )
    if not count:
        return "<p>Nothing yet. What Keeper mails in the local stack arrives here.</p>"
    shown = f"<p>{count} messages, newest first" + (
        f", the first {_LISTED} shown.</p>" if count > _LISTED else ".</p>"
    )
    head = "<tr><th>Date<th>To<th>Subject</tr>"
    return f"{shown}<table>{head}{''.join(rows)}</table>"


def _view_of(message: CaughtMessage) -> str:
    html = (
        f"<iframe sandbox title='HTML part' src='/message/{message.id}/html'></iframe>"
        if message.html
        else "<p>It has no HTML part.</p>"
    )
    return (
        f"<p><a href='/'>All messages</a> · <a href='/message/{message.id}/raw'>Source</a></p>"
        f"<p>From {escape(message.sender)}<br>To {escape(message.to)}<br>"
        f"{escape(message.date)}</p>{html}<h2>Text part</h2><pre>{escape(message.text)}</pre>"
    )


def _page(title: str, body: str, status: int = 200) -> Response:
    text = (
        f"<!doctype html><html lang=en><meta charset=utf-8><title>{escape(title)}</title>"
        f"<style>{_STYLE}</style><body><h1>{escape(title)}</h1>{body}</body></html>"
    )
    headers = {"Content-Security-Policy": _PAGE_POLICY, "Cache-Control": "no-store"}
    return HTMLResponse(text, status_code=status, headers=headers)


async def serve(store: MailStore, smtp_port: int, web_port: int) -> None:
    """Serve both ports until the process is asked to end."""
    handler = StoringHandler(store)
    smtp = await asyncio.get_running_loop().create_server(
        lambda: SMTP(
            handler, data_size_limit=_LARGEST_MESSAGE, enable_SMTPUTF8=True, ident="keeper"
        ),
        HOST,
        smtp_port,
    )
    web = uvicorn.Server(
        uvicorn.Config(make_app(store), host=HOST, port=web_port, log_level="warning")
    )
    async with smtp:
        await web.serve()


def main() -> None:
    """Run the mail catcher."""
    parser = argparse.ArgumentParser(prog="python -m stack.mail_catcher", description=__doc__)
    parser.add_argument("--store", type=Path, required=True, help="folder of the messages")
    parser.add_argument("--smtp-port", type=int, default=1025)
    parser.add_argument("--web-port", type=int, default=8025)
    options = parser.parse_args()
    asyncio.run(serve(MailStore(options.store), options.smtp_port, options.web_port))


if __name__ == "__main__":
    main()
