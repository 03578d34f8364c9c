"""The asyncio SDK of Cincopa: video, image and audio hosting, REST API v2."""

from ._calls import Call, Param, Safety, Turn
from ._client import CincopaClient
from ._paging import Pages
from ._retry import RetryPolicy
from ._starting import StartingUpload
from ._token import RenewingToken, TokenSource
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
from .jobs import OnCancel, UploadJob
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
from .resources._asset_calls import AssetDetail, AssetType

__all__ = [
    "APIError",
    "Account",
    "Asset",
    "AssetDetail",
    "AssetPage",
    "AssetType",
    "AuthenticationError",
    "Call",
    "CincopaClient",
    "CincopaError",
    "ClientClosedError",
    "NotFoundError",
    "OnCancel",
    "Page",
    "Pages",
    "Param",
    "PermissionDeniedError",
    "PollPolicy",
    "RateLimitError",
    "RenewingToken",
    "RequestTimeoutError",
    "ResponseDecodeError",
    "RetryPolicy",
    "Safety",
    "ServerError",
    "StartedUpload",
    "StartingUpload",
    "TagList",
    "TemporaryToken",
    "TokenSource",
    "TransportError",
    "Turn",
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
