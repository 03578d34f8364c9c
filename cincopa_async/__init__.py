"""The asyncio SDK of Cincopa: video, image and audio hosting, REST API v2."""

from typing import TYPE_CHECKING

from . import models
from ._lazy import lazily
from ._version import __version__
from .errors import (
    APIError,
    AssetNotDescribedError,
    AssetNotReadyError,
    AssetTimeoutError,
    AuthenticationError,
    BatchHaltedError,
    CincopaError,
    ClientClosedError,
    FileChangedError,
    LeaseLostError,
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
    WebhookDecodeError,
    WebhookDroppedError,
)

if TYPE_CHECKING:
    from ._calls import Call, Param, Safety, Turn
    from ._client import CincopaClient
    from ._describing import AssetMeta
    from ._events import WebhookEvent, parse_event
    from ._filesource import AsyncReader, AsyncReceiver, FileSource
    from ._items import UploadInput, UploadItem, UploadItems
    from ._outcomes import BatchEvent, BatchEvents, BatchProgress, UploadOutcome
    from ._paging import Pages
    from ._retry import RetryPolicy
    from ._shared import IfExists, IfUnknown
    from ._starting import StartingUpload
    from ._token import RenewingToken, TokenSource
    from ._watch import UploadWatch
    from .bulk import UploadBatch
    from .files import Progress
    from .jobs import OnCancel, Until, UploadJob
    from .models import (
        Account,
        Asset,
        AssetPage,
        CreatedGallery,
        Gallery,
        GalleryArchive,
        GalleryPage,
        LiveList,
        LiveStream,
        Page,
        Portal,
        PortalList,
        StartedUpload,
        TagList,
        TemporaryToken,
        UploadResult,
        UploadState,
        UploadStatus,
        UploadToken,
        UploadURL,
        Webhook,
        WebhookList,
    )
    from .polling import PollPolicy
    from .resources._asset_calls import AssetDetail, AssetType
    from .resources.webhook import WebhookEventName
    from .stores import Claim, RecordState, StoredError, UploadRecord, UploadStore
    from .webhooks import OnWebhookError, WebhookHandler, WebhookReceiver
else:
    __getattr__, __dir__ = lazily(
        __name__,
        {
            "_calls": ("Call", "Param", "Safety", "Turn"),
            "_client": ("CincopaClient",),
            "_describing": ("AssetMeta",),
            "_events": ("WebhookEvent", "parse_event"),
            "_filesource": ("AsyncReader", "AsyncReceiver", "FileSource"),
            "_items": ("UploadInput", "UploadItem", "UploadItems"),
            "_outcomes": ("BatchEvent", "BatchEvents", "BatchProgress", "UploadOutcome"),
            "_paging": ("Pages",),
            "_retry": ("RetryPolicy",),
            "_shared": ("IfExists", "IfUnknown"),
            "_starting": ("StartingUpload",),
            "_token": ("RenewingToken", "TokenSource"),
            "_watch": ("UploadWatch",),
            "bulk": ("UploadBatch",),
            "files": ("Progress",),
            "jobs": ("OnCancel", "Until", "UploadJob"),
            "models": models.__all__,
            "polling": ("PollPolicy",),
            "resources._asset_calls": ("AssetDetail", "AssetType"),
            "resources.webhook": ("WebhookEventName",),
            "stores": ("Claim", "RecordState", "StoredError", "UploadRecord", "UploadStore"),
            "webhooks": ("OnWebhookError", "WebhookHandler", "WebhookReceiver"),
        },
    )

__all__ = [
    "APIError",
    "Account",
    "Asset",
    "AssetDetail",
    "AssetMeta",
    "AssetNotDescribedError",
    "AssetNotReadyError",
    "AssetPage",
    "AssetTimeoutError",
    "AssetType",
    "AsyncReader",
    "AsyncReceiver",
    "AuthenticationError",
    "BatchEvent",
    "BatchEvents",
    "BatchHaltedError",
    "BatchProgress",
    "Call",
    "CincopaClient",
    "CincopaError",
    "Claim",
    "ClientClosedError",
    "CreatedGallery",
    "FileChangedError",
    "FileSource",
    "Gallery",
    "GalleryArchive",
    "GalleryPage",
    "IfExists",
    "IfUnknown",
    "LeaseLostError",
    "LiveList",
    "LiveStream",
    "NotFoundError",
    "OnCancel",
    "OnWebhookError",
    "Page",
    "Pages",
    "Param",
    "PermissionDeniedError",
    "PollPolicy",
    "Portal",
    "PortalList",
    "Progress",
    "RateLimitError",
    "RecordState",
    "RenewingToken",
    "RequestTimeoutError",
    "ResponseDecodeError",
    "RetryPolicy",
    "Safety",
    "ServerError",
    "StartedUpload",
    "StartingUpload",
    "StoredError",
    "TagList",
    "TemporaryToken",
    "TokenSource",
    "TransportError",
    "Turn",
    "Until",
    "UploadAbortedError",
    "UploadBatch",
    "UploadError",
    "UploadFailedError",
    "UploadInput",
    "UploadItem",
    "UploadItems",
    "UploadJob",
    "UploadOutcome",
    "UploadRecord",
    "UploadResult",
    "UploadState",
    "UploadStatus",
    "UploadStore",
    "UploadTimeoutError",
    "UploadToken",
    "UploadURL",
    "UploadUnknownError",
    "UploadWatch",
    "Webhook",
    "WebhookDecodeError",
    "WebhookDroppedError",
    "WebhookEvent",
    "WebhookEventName",
    "WebhookHandler",
    "WebhookList",
    "WebhookReceiver",
    "__version__",
    "parse_event",
]
