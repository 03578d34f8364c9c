"""
What can go wrong, as one tree.

::

    CincopaError
    ├── APIError                     Cincopa answered, and said no
    │   ├── AuthenticationError      the token is missing, wrong or expired
    │   ├── PermissionDeniedError    the token is valid and may not do this
    │   ├── NotFoundError            no such rid, fid, status_id or call
    │   ├── RateLimitError           too many calls (.retry_after)
    │   └── ServerError              HTTP 5xx
    ├── ResponseDecodeError          an answer that cannot be read
    ├── TransportError               no whole answer came
    │   └── RequestTimeoutError      … in time (a TimeoutError too)
    ├── FileChangedError             a file changed while it was uploaded
    ├── ClientClosedError            the client was closed
    ├── AssetNotReadyError           Cincopa did not make an asset's versions (.rid .syncstatus)
    │   └── AssetTimeoutError        … in time (a TimeoutError too)
    ├── AssetNotDescribedError       an asset was uploaded, and its metadata not set (.rid .reason)
    ├── BatchHaltedError             a batch was halted by what concerns all of it (.reason)
    ├── WebhookDecodeError           a webhook's body that is no event
    ├── WebhookDroppedError          a webhook event whose handler was cancelled
    ├── LeaseLostError               a store's item is another worker's by now
    └── UploadError                  an upload did not come to a good end
        ├── UploadFailedError        Cincopa says it failed (.reason)
        ├── UploadAbortedError       it was aborted
        ├── UploadTimeoutError       it took too long (a TimeoutError too)
        └── UploadUnknownError       nobody can know whether it was started

Errors hold plain values only: no client, no request, no URL, no token. They survive pickle and copy.
"""

from __future__ import annotations

from ._base import CincopaError
from ._calls import (
    APIError,
    AuthenticationError,
    ClientClosedError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    RequestTimeoutError,
    ResponseDecodeError,
    ServerError,
    TransportError,
)
from ._others import BatchHaltedError, LeaseLostError, WebhookDecodeError, WebhookDroppedError
from ._uploads import (
    AssetNotDescribedError,
    AssetNotReadyError,
    AssetTimeoutError,
    FileChangedError,
    UploadAbortedError,
    UploadError,
    UploadFailedError,
    UploadTimeoutError,
    UploadUnknownError,
)

__all__ = [
    "APIError",
    "AssetNotDescribedError",
    "AssetNotReadyError",
    "AssetTimeoutError",
    "AuthenticationError",
    "BatchHaltedError",
    "CincopaError",
    "ClientClosedError",
    "FileChangedError",
    "LeaseLostError",
    "NotFoundError",
    "PermissionDeniedError",
    "RateLimitError",
    "RequestTimeoutError",
    "ResponseDecodeError",
    "ServerError",
    "TransportError",
    "UploadAbortedError",
    "UploadError",
    "UploadFailedError",
    "UploadTimeoutError",
    "UploadUnknownError",
    "WebhookDecodeError",
    "WebhookDroppedError",
]
