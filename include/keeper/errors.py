"""The two kinds of error every room raises: those a retry can cure and those it cannot."""


class KeeperError(Exception):
    """Base of every error Keeper raises on purpose; its text names the remedy."""


class TerminalError(KeeperError):
    """Trying again with the same input gives the same error."""


class TransientError(KeeperError):
    """Trying again later may succeed."""


class SettingsError(TerminalError):
    """A setting is missing or wrong."""
