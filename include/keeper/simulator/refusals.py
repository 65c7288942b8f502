"""Keepa's refusals: the HTTP status and the `error` object of a request it does not run."""

from typing import Final

from keeper.errors import TerminalError

_INVALID: Final = "invalidParameter"


class RequestRefusedError(TerminalError):
    """Keepa would refuse this request.

    Attributes:
        status: HTTP status.
        error: The reply's `error` object.
        knows_key: False if the token fields of the envelope are 0, as for an unknown key.
    """

    def __init__(
        self,
        message: str,
        details: str = "",
        *,
        status: int = 400,
        error_type: str = _INVALID,
        knows_key: bool = True,
    ) -> None:
        super().__init__(f"{message} {details}".rstrip())
        self.status = status
        self.error = {"type": error_type, "message": message, "details": details}
        self.knows_key = knows_key


def unknown_key() -> RequestRefusedError:
    """Refuse a key the simulator was not given."""
    return RequestRefusedError("You used an invalid parameter for this API call.", knows_key=False)


def without_subscription() -> RequestRefusedError:
    """Refuse a key that is known and not paid for; how Keepa words it is not known."""
    return RequestRefusedError(
        "This API key has no valid subscription.",
        status=402,
        error_type="paymentRequired",
        knows_key=False,
    )


def invalid_parameter(name: str) -> RequestRefusedError:
    """Refuse a parameter that is missing or cannot be read."""
    return RequestRefusedError("You used an invalid parameter for this API call.", name)


def invalid_selection(field: str) -> RequestRefusedError:
    """Refuse a deal selection, naming the field that is wrong."""
    return RequestRefusedError("The queryJSON is of invalid format.", field)


def invalid_query() -> RequestRefusedError:
    """Refuse a selection that is not there or no JSON object."""
    return RequestRefusedError("The queryJSON is missing or invalid.")


def method_not_allowed(endpoint: str) -> RequestRefusedError:
    """Refuse a POST with a body to an endpoint that reads none."""
    return RequestRefusedError(
        "This request takes no body.", endpoint, status=405, error_type="METHOD_NOT_ALLOWED"
    )


def out_of_range(name: str) -> RequestRefusedError:
    """Refuse a parameter that can be read and lies outside of what Keepa takes."""
    return RequestRefusedError(
        "The parameter is out of its range.", name, status=405, error_type="METHOD_NOT_ALLOWED"
    )


def too_many_entries(limit: int) -> RequestRefusedError:
    """Refuse a request for more products or sellers than one reply carries."""
    return RequestRefusedError(f"Maximum allowed batch size for this request is {limit}.")


def too_few_offers() -> RequestRefusedError:
    """Refuse a number of offers outside of what Keepa collects; its sentence names the least."""
    return RequestRefusedError("Either no or a minimum of 20 offers must be requested.")


def unknown_endpoint(name: str) -> RequestRefusedError:
    """Refuse an endpoint the simulator does not have."""
    return RequestRefusedError(
        "The simulator has no such endpoint.", name, status=404, error_type="notFound"
    )
