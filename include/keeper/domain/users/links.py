"""One-time links to sign in: where they lead, and for how long."""

from datetime import timedelta
from typing import Final

LINK_LIFETIME: Final = timedelta(minutes=15)
SIGN_IN_PATH: Final = "/sign-in/"
"""Where the console shows a link's page; the link's secret follows."""
