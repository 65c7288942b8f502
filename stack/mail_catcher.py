"""A mail server that keeps every message and shows it, for the local stack only.

Messages are files in a folder, so they survive a restart. SMTP on one port; on another a page
for people and JSON for programs. It accepts any login and never sends anything on.
"""

import argparse
import asyncio
import email
import html
import itertools
import secrets
import time
from collections.abc import Iterator
from email.message import EmailMessage
from email.policy import default as policy
from pathlib import Path
from typing import Final

import uvicorn
from aiosmtpd.handlers import AsyncMessage  # noqa: F401
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
