"""
A Cincopa to test against, without an account: :class:`FakeCincopa` behaves, :class:`MisbehavingServer` does not.

:func:`record` keeps what a client is answered, scrubbed, for a bug report.

Needs the extra ``testing``: ``pip install "cincopa-async[testing]"``.
"""

from __future__ import annotations

try:
    from ._counts import Counts
    from ._deliveries import Delivery
    from ._fake import FakeCincopa
    from ._misbehaving import MisbehavingServer
    from ._quirks import Quirk
    from ._recording import record
    from ._server import FakeServer
except ModuleNotFoundError as _error:
    if (_error.name or "").partition(".")[0] not in {"starlette", "uvicorn"}:
        raise
    raise ImportError(
        f'cincopa_async.testing needs {_error.name}, which is not installed: pip install "cincopa-async[testing]"'
    ) from _error

__all__ = ["Counts", "Delivery", "FakeCincopa", "FakeServer", "MisbehavingServer", "Quirk", "record"]
