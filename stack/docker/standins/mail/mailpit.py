#!/usr/bin/python3
"""The part of Mailpit that the tests ask for: `/mailpit`, `/mailpit readyz`, /api/v1/messages.

Its probe needs nothing but the standard library.
"""

import email
import email.policy
import json
import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.request import urlopen

from aiosmtpd.controller import Controller

MESSAGES: list[dict[str, object]] = []


class Keeping:
    """What aiosmtpd calls with each message."""

    async def handle_DATA(self, server: object, session: object, envelope: object) -> str:  # noqa: N802
        """Keep a message."""
        message = email.message_from_bytes(
            envelope.original_content,  # type: ignore[attr-defined]
            policy=email.policy.default,
        )
        to = [{"Address": address} for address in envelope.rcpt_tos]  # type: ignore[attr-defined]
        MESSAGES.append({"Subject": str(message["Subject"]), "To": to})
        return "250 OK"


class MailpitApi(BaseHTTPRequestHandler):
    """Answers the API's questions."""

    def do_GET(self) -> None:
        """Answer."""
        body = json.dumps({"total": len(MESSAGES), "messages": MESSAGES}).encode()
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Be quiet."""


if sys.argv[1:] == ["readyz"]:
    sys.exit(urlopen("http://127.0.0.1:8025/readyz", timeout=5).status != 200)
port = int(os.environ["MP_SMTP_BIND_ADDR"].rpartition(":")[2])
Controller(Keeping(), hostname="0.0.0.0", port=port).start()  # noqa: S104 - a container's network
ThreadingHTTPServer(("0.0.0.0", 8025), MailpitApi).serve_forever()  # noqa: S104 - as above
