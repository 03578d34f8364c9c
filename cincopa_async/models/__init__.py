"""
What the API answers, as frozen values.

Fields that Cincopa does not send are None; what it sends beyond them, or in an unreadable shape, is kept in `extra`.
"""

from __future__ import annotations

from ._account import Account, TemporaryToken, UploadToken
from ._asset import Asset, AssetPage, TagList, UploadURL
from ._gallery import CreatedGallery, Gallery, GalleryArchive, GalleryPage
from ._live import LiveList, LiveStream
from ._page import Page
from ._portal import Portal, PortalList
from ._upload import StartedUpload, UploadResult, UploadState, UploadStatus
from ._webhook import Webhook, WebhookList

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
