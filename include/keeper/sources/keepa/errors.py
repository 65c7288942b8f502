"""What can go wrong with Keepa: errors a retry can cure and errors it cannot.

None of their texts ever holds the API key.
"""

from http import HTTPStatus
from typing import Final

from keeper.errors import TerminalError, TransientError

SELECTION_REFUSED: Final = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.METHOD_NOT_ALLOWED})
"""The statuses of a request at fault: 405 is Keepa's for a parameter out of its range."""


class KeepaRequestRejectedError(TerminalError):
    """Keepa refused the request itself.

    Attributes:
        status: The HTTP status.
        type: Keepa's name for the kind of error, empty if the reply had no error object.
        message: Keepa's own words.
        details: What they refer to, usually a parameter's name.
    """

    def __init__(
        self,
        text: str,
        *,
        status: int = 400,
        error_type: str = "",
        message: str = "",
        details: str = "",
    ) -> None:
        """Keep Keepa's error object beside the text for people."""
        super().__init__(text)
        self.status = status
        self.type = error_type
        self.message = message
        self.details = details


class KeepaKeyRejectedError(TerminalError):
    """Keepa does not know the API key.

    Attributes:
        otherwise: What the reply means if Keepa does know the key; None if only the key can be at
            fault.
    """

    def __init__(self, text: str, otherwise: KeepaRequestRejectedError | None = None) -> None:
        """Keep the other reading of the reply beside the text for people."""
        super().__init__(text)
        self.otherwise = otherwise


class KeepaPaymentError(TerminalError):
    """The Keepa subscription is unpaid or has ended."""


class KeepaDecodeError(TerminalError):
    """The bytes are no product reply; reading them again gives the same error."""


class KeepaReplyTooLargeError(TerminalError):
    """The reply is far larger than any of Keepa's; asking again would pay for it again."""


class TokensExhaustedError(TransientError):
    """The token balance is zero or below.

    Attributes:
        refill_in_s: Seconds, counted from the reply, until the balance is above zero again and
            the next request can run. It comes from Keepa's own durations, never from two clocks.
        tokens_left: The balance; negative after a request that cost more than there was.
    """

    def __init__(self, text: str, *, refill_in_s: float = 60.0, tokens_left: int = 0) -> None:
        """Keep the numbers a caller waits by beside the text for people."""
        super().__init__(text)
        self.refill_in_s = refill_in_s
        self.tokens_left = tokens_left


class KeepaUnavailableError(TransientError):
    """Keepa did not answer or answered 5xx, also after the configured attempts."""


class KeepaLateReplyError(KeepaUnavailableError):
    """The reply did not come within the timeout, and Keepa charged the request, or may have.

    Sent again as it is, it would be late again and paid for again.
    """


class KeepaLeftAloneError(TransientError):
    """Keepa fails everybody at the moment, so this request was not sent; a breaker is open."""


class KeepaReplyError(TransientError):
    """The reply was cut, not JSON or of another shape, also after the configured attempts."""
