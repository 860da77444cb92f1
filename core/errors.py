"""The errors that cross package borders. Each is raised where it is known and translated once, at the edge.

BatonError
├── Invalid            400  the request itself is wrong
├── Unauthenticated    401  who is asking is not known
├── Forbidden          403  known, and not allowed
├── NotFound           404
├── Conflict           409  true a moment ago, not now
│   └── StaleEpoch     409  the conversation has changed hands
├── TooSlow            408  the request did not come to its end
├── TooLarge           413
├── RateLimited        429
├── Unavailable        503  a part that is needed is not there
└── ConfigurationError      a setting or a file is wrong; the command stops with status 2
"""

from __future__ import annotations


class BatonError(Exception):
    """Something that a person can be told. `message` says what is wrong and what to do."""

    code = "internal"
    status = 500

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.field = field


class Invalid(BatonError):
    """The request is wrong in itself; repeating it will not help."""

    code = "invalid"
    status = 400


class Unauthenticated(BatonError):
    """Nobody knows who is asking."""

    code = "unauthenticated"
    status = 401


class Forbidden(BatonError):
    """Known, and not allowed."""

    code = "forbidden"
    status = 403


class NotFound(BatonError):
    """There is no such thing, or it is not for this person to know that there is."""

    code = "not_found"
    status = 404


class Conflict(BatonError):
    """The state has moved on since the request was made."""

    code = "conflict"
    status = 409


class StaleEpoch(Conflict):
    """The conversation has changed hands since this was composed."""

    code = "stale_epoch"


class TooSlow(BatonError):
    """The client began a request and did not finish it in time."""

    code = "too_slow"
    status = 408


class TooLarge(BatonError):
    """More than is taken at once."""

    code = "too_large"
    status = 413


class RateLimited(BatonError):
    """Too many in too short a time. `retry_after` is in whole seconds."""

    code = "rate_limited"
    status = 429

    def __init__(self, message: str, *, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Unavailable(BatonError):
    """A part that this needs is not there at the moment."""

    code = "unavailable"
    status = 503


class ConfigurationError(BatonError):
    """A setting, a file or the machine is not as it must be. Commands print it and exit with 2."""

    code = "configuration"
