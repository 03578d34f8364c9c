"""
A Cincopa to test against, without an account: :class:`FakeCincopa` behaves, :class:`MisbehavingServer` does not.

:func:`check_contract` tries against a service what is believed of it: all that this package and the fake rely on.

:func:`record` keeps what a client is answered, scrubbed, for a bug report.

Needs the extra ``testing``: ``pip install "cincopa-async[testing]"``.
"""

from __future__ import annotations

try:
    from ._contract import Contract, Fact
    from ._counts import Counts
    from ._deliveries import Delivery
    from ._fake import FakeCincopa
    from ._misbehaving import MisbehavingServer
    from ._quirks import Quirk
    from ._recording import record
    from ._server import FakeServer
    from ._trials import Finding, check_contract
except ModuleNotFoundError as _error:
    if (_error.name or "").partition(".")[0] not in {"starlette", "uvicorn"}:
        raise
    raise ImportError(
        f'cincopa_async.testing needs {_error.name}, which is not installed: pip install "cincopa-async[testing]"'
    ) from _error

__all__ = [
    "Contract",
    "Counts",
    "Delivery",
    "Fact",
    "FakeCincopa",
    "FakeServer",
    "Finding",
    "MisbehavingServer",
    "Quirk",
    "check_contract",
    "record",
]
