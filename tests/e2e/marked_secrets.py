"""Secrets that are like no other word, and channels that are set up with them."""

import json

from tests.services import free_port

MARKED = {
    "keepa": "MarkedKeepaKey7f3a9c",
    "smtp": "MarkedMailWord7f3a9c",
    "telegram": "4711:MarkedBotToken7f3a9c",
    "discord": "MarkedWebhook7f3a9c",
    "apprise": "MarkedNotifier7f3a9c",
    "search": "MarkedSearchWord7f3a9c",
    "kafka": "MarkedKafkaWord7f3a9c",
    "bot": "keeper_pat_MarkedBotApiWord7f3a9c",
    "mini app": "7f3a9c5e" * 8,
}


def chat_channels() -> dict[str, str]:
    """Return settings of chat channels, each with a secret and none of which can be reached."""
    nobody = f"127.0.0.1:{free_port()}"
    return {
        "TELEGRAM_BOT_TOKEN": MARKED["telegram"],
        "KEEPER_BOT_API_TOKEN": MARKED["bot"],
        "KEEPER_MINI_APP_KEY": MARKED["mini app"],
        "KEEPER_TELEGRAM_URL": f"http://{nobody}",
        "DISCORD_WEBHOOK": f"http://{nobody}/api/webhooks/99/{MARKED['discord']}",
        "KEEPER_APPRISE_URLS": json.dumps({"pager": f"json://user:{MARKED['apprise']}@{nobody}/"}),
    }
