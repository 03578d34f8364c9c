"""
What the API answers, as frozen values.

Fields that Cincopa does not send are None; what it sends beyond them, or in an unreadable shape, is kept in `extra`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cincopa_async._lazy import lazily

if TYPE_CHECKING:
    from ._account import Account, TemporaryToken, UploadToken
    from ._asset import Asset, AssetPage
    from ._gallery import CreatedGallery, Gallery, GalleryArchive, GalleryPage
    from ._live import LiveList, LiveStream
    from ._page import Page
    from ._portal import Portal, PortalList
    from ._tags import TagList
    from ._upload import StartedUpload, UploadResult, UploadState, UploadStatus, UploadURL
    from ._webhook import Webhook, WebhookList
else:
    __getattr__, __dir__ = lazily(
        __name__,
        {
            "_account": ("Account", "TemporaryToken", "UploadToken"),
            "_asset": ("Asset", "AssetPage"),
            "_gallery": ("CreatedGallery", "Gallery", "GalleryArchive", "GalleryPage"),
            "_live": ("LiveList", "LiveStream"),
            "_page": ("Page",),
            "_portal": ("Portal", "PortalList"),
            "_tags": ("TagList",),
            "_upload": ("StartedUpload", "UploadResult", "UploadState", "UploadStatus", "UploadURL"),
            "_webhook": ("Webhook", "WebhookList"),
        },
    )

__all__ = [
    "Account",
    "Asset",
    "AssetPage",
    "CreatedGallery",
    "Gallery",
    "GalleryArchive",
    "GalleryPage",
    "LiveList",
    "LiveStream",
    "Page",
    "Portal",
    "PortalList",
    "StartedUpload",
    "TagList",
    "TemporaryToken",
    "UploadResult",
    "UploadState",
    "UploadStatus",
    "UploadToken",
    "UploadURL",
    "Webhook",
    "WebhookList",
]
