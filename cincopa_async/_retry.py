"""What may be sent again, and when. Pure: no clock, no socket."""

from __future__ import annotations

import random

from attrs import field, frozen, validators

from ._calls import Safety
from .errors import CincopaError, RateLimitError, ServerError, TransportError

_positive = validators.gt(0.0)


@frozen(kw_only=True)
class RetryPolicy:
    """
    How often a call is sent, and how long to wait in between.

    A read, or a call that changes nothing when it is repeated, is sent again after connection faults, timeouts, HTTP
    429 and 5xx. A write is sent again only if Cincopa certainly did not act on it: connection refused, never sent, 429,
    503 with Retry-After.
    """

    attempts: int = field(default=4, validator=[validators.instance_of(int), validators.ge(1)])
    """How often a call is sent at most, the first time included; 1 is no retry."""
    base_delay: float = field(default=0.5, validator=_positive)
    """Upper end of the first wait in seconds; each further one may be twice as long."""
    max_delay: float = field(default=8.0, validator=_positive)
    """Longest wait of our own choosing, in seconds."""
    max_retry_after: float = field(default=60.0, validator=_positive)
    """Longest wait in seconds that a Retry-After of the service can ask for."""

    def pause(self, attempt: int, safety: Safety, error: CincopaError) -> float | None:
        """
        Say how long to wait before the next attempt.

        Args:
            attempt: How often the call has been sent so far, from 1.
            safety: What sending it again does.
            error: How the last attempt ended.

        Returns:
            Seconds, drawn at random ("full jitter") and on top of a Retry-After; None where it must not be sent again.
        """
        if attempt >= self.attempts or not isinstance(error, TransportError | RateLimitError | ServerError):
            return None
        if safety == "write" and error.maybe_applied:
            return None
        # The exponent is bounded for the float's sake; long before, the longest wait is reached.
        jitter = random.uniform(0, min(self.max_delay, self.base_delay * 2.0 ** min(attempt - 1, 500)))
        asked = getattr(error, "retry_after", None)
        return jitter if asked is None else min(asked, self.max_retry_after) + jitter
