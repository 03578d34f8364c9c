"""The asyncio SDK of Cincopa: video, image and audio hosting, REST API v2."""

from ._client import CincopaClient
from ._paging import Pages
from ._retry import RetryPolicy
from ._starting import StartingUpload
from ._token import RenewingToken
from ._version import __version__
from ._watch import UploadWatch
from .errors import (
    APIError,
    AuthenticationError,
    CincopaError,
    ClientClosedError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    RequestTimeoutError,
    ResponseDecodeError,
    ServerError,
    TransportError,
    UploadAbortedError,
    UploadError,
    UploadFailedError,
    UploadTimeoutError,
    UploadUnknownError,
)
from .jobs import UploadJob
from .models import (
    Account,
    Asset,
    AssetPage,
    Page,
    StartedUpload,
    TagList,
    TemporaryToken,
    UploadResult,
    UploadState,
    UploadStatus,
    UploadURL,
)
from .polling import PollPolicy

__all__ = [
    "APIError",
    "Account",
    "Asset",
    "AssetPage",
    "AuthenticationError",
    "CincopaClient",
    "CincopaError",
    "ClientClosedError",
    "NotFoundError",
    "Page",
    "Pages",
    "PermissionDeniedError",
    "PollPolicy",
    "RateLimitError",
    "RenewingToken",
    "RequestTimeoutError",
    "ResponseDecodeError",
    "RetryPolicy",
    "ServerError",
    "StartedUpload",
    "StartingUpload",
    "TagList",
    "TemporaryToken",
    "TransportError",
    "UploadAbortedError",
    "UploadError",
    "UploadFailedError",
    "UploadJob",
    "UploadResult",
    "UploadState",
    "UploadStatus",
    "UploadTimeoutError",
    "UploadURL",
    "UploadUnknownError",
    "UploadWatch",
    "__version__",
]
