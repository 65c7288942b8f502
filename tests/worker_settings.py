"""Settings by which Keeper's processes work on a database of a test's own."""

import uuid
from pathlib import Path

from keeper.alerts.channels.smtp import SmtpConfig


def worker_settings(url: str, mail: SmtpConfig, folder: Path, *, reader: str) -> dict[str, str]:
    """Return variables of a database, a mail server and a reader, beside those of the stack."""
    return {
        "DATABASE_URL": url,
        "SMTP_HOST": mail.host,
        "SMTP_PORT": str(mail.port),
        "KEEPER_SMTP_TLS": "none",
        "KEEPER_USER_EMAIL": reader,
        "KEEPER_RUN_DIR": str(folder / "run"),
        "KEEPER_LINK_SECRET": uuid.uuid4().hex,
        "KEEPER_PUBLIC_URL": "http://localhost:8000",
    }
