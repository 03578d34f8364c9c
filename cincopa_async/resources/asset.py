"""Calls ``asset.*``: what is in the account, and how it gets there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from cincopa_async._calls import Param
from cincopa_async._paging import Pages
from cincopa_async._ready import ReadyWait
from cincopa_async.models import Asset, AssetPage, TagList, UploadStatus, UploadURL

from . import _asset_calls as calls
from . import _upload_calls as uploads
from ._asset_calls import AssetDetail, AssetType

if TYPE_CHECKING:
    from cincopa_async._base import BaseClient


class AssetGroup:
    """
    Calls ``asset.*``.

    An ``rid`` names an asset, an ``fid`` a gallery, a ``status_id`` an upload. Each method raises APIError where
    Cincopa says no, TransportError where no answer came, and ValueError for a wrong argument before anything is sent.
    """

    def __init__(self, client: BaseClient) -> None:
        self._client = client

    async def list(
        self,
        *,
        search: str | None = None,
        type: AssetType | None = None,
        rid: str | None = None,
        reference_id: str | None = None,
        tag: str | None = None,
        details: Sequence[AssetDetail] | None = None,
        page: int | None = None,
        items_per_page: int | None = None,
    ) -> AssetPage:
        """
        Return one page of the account's assets. For all of them, use :meth:`iter`.

        Source: ``GET asset.list.json`` (documented).

        Args:
            search: Words to look for in the texts of the assets.
            type: ``video``, ``image``, ``audio`` or ``other``.
            rid: The one asset with exactly this rid.
            reference_id: Assets that carry this key of your own.
            tag: Assets that carry this tag; ``no-tag`` and ``any-tag`` are special.
            details: Fields to send beside the usual ones; caption, tags and the like are None unless asked for.
            page: Which page, from 1.
            items_per_page: How many a page; 1 or more.
        """
        return await self._client.send(
            calls.list_assets(
                search=search,
                type=type,
                rid=rid,
                reference_id=reference_id,
                tag=tag,
                details=details,
                page=page,
                items_per_page=items_per_page,
            )
        )

    def iter(
        self,
        *,
        search: str | None = None,
        type: AssetType | None = None,
        rid: str | None = None,
        reference_id: str | None = None,
        tag: str | None = None,
        details: Sequence[AssetDetail] | None = None,
        items_per_page: int | None = None,
        ahead: int = 4,
        limit: int | None = None,
    ) -> Pages[Asset]:
        """
        Return an async iterator over the assets of all pages, in order, none twice.

        Source: ``GET asset.list.json`` (documented).

        Args:
            search: Words to look for in the texts of the assets.
            type: ``video``, ``image``, ``audio`` or ``other``.
            rid: The one asset with exactly this rid.
            reference_id: Assets that carry this key of your own.
            tag: Assets that carry this tag; ``no-tag`` and ``any-tag`` are special.
            details: Fields to send beside the usual ones.
            items_per_page: How many a page; 1 or more.
            ahead: How many pages are fetched at once; 1 is page by page.
            limit: How many assets at most; None is all of them.
        """
        first = calls.list_assets(
            search=search,
            type=type,
            rid=rid,
            reference_id=reference_id,
            tag=tag,
            details=details,
            page=1,
            items_per_page=items_per_page,
        )
        return Pages(self._client, first, key=lambda asset: asset.rid, ahead=ahead, limit=limit)

    async def wait_ready(self, rid: str, *, timeout: float | None = None) -> Asset:
        """
        Wait until Cincopa has made the versions of an asset that it is shown by, and return the asset.

        An asset that is uploaded is not yet ready: its `syncstatus` says how far that is. That no poll is answered
        for a while does not end the wait. Source: ``GET asset.list.json`` (documented; the words of a syncstatus are
        not).

        Args:
            rid: The asset.
            timeout: Seconds to wait at most; None is the deadline of the client's :class:`PollPolicy`.

        Raises:
            AssetNotReadyError: Cincopa says that it failed.
            AssetTimeoutError: It took too long.
            NotFoundError: Cincopa knows no such asset, several times running.
            ResponseDecodeError: Cincopa says nothing of how far it is, several times running.
            ClientClosedError: The client was closed meanwhile.
        """
        return await ReadyWait(self._client, self._client._life, rid, self._client._poll).run(timeout)

    async def get_tags(self) -> TagList:
        """
        Return the tags of the account's assets.

        Source: ``GET asset.get_tags.json`` (documented; the shape of its answer is not).
        """
        return await self._client.send(calls.get_tags())

    async def set_meta(
        self,
        /,
        rid: str,
        *,
        caption: str | None = None,
        description: str | None = None,
        long_description: str | None = None,
        related_link_text: str | None = None,
        related_link_url: str | None = None,
        reference_id: str | None = None,
        tags: Sequence[str] | None = None,
        video_thumb_sec: float | None = None,
        thumb_attached_rid: str | None = None,
        **fields: Param,
    ) -> None:
        """
        Change an asset's texts. What is None stays as it is; an empty string empties a field.

        Source: ``POST asset.set_meta.json`` (documented).

        Args:
            rid: The asset.
            caption: Its title.
            description: A short text.
            long_description: A long text.
            related_link_text: What a link beside it says.
            related_link_url: Where that link leads.
            reference_id: A key of your own.
            tags: Replace the tags it has; a tag has no comma in it.
            video_thumb_sec: The second of the video to make its thumbnail of.
            thumb_attached_rid: The image that becomes its thumbnail, as ``rid:12345ABCDE``. It must be attached first.
            **fields: Custom fields of the account.
        """
        call = calls.set_meta(
            rid,
            caption=caption,
            description=description,
            long_description=long_description,
            related_link_text=related_link_text,
            related_link_url=related_link_url,
            reference_id=reference_id,
            tags=tags,
            video_thumb_sec=video_thumb_sec,
            thumb_attached_rid=thumb_attached_rid,
            **fields,
        )
        await self._client.send(call)

    async def resync(self, rid: str) -> None:
        """
        Have the versions of an asset that are missing made again.

        Source: ``POST asset.resync.json`` (documented).
        """
        await self._client.send(calls.change("resync", rid))

    async def delete(self, rid: str) -> None:
        """
        Delete an asset for good, out of all galleries too.

        Source: ``POST asset.delete.json`` (documented).

        Raises:
            NotFoundError: Cincopa knows no such asset.
        """
        await self._client.send(calls.change("delete", rid, vanishes=True))

    async def get_upload_url(
        self,
        *,
        fid: str | None = None,
        rid: str | None = None,
        type: str | None = None,
        ttl: int | None = None,
        sourceip: str | None = None,
    ) -> UploadURL:
        """
        Get a URL that takes the bytes of a file by POST.

        Source: ``GET asset.get_upload_url.json`` (documented).

        Args:
            fid: The gallery to put the asset into.
            rid: The asset to attach the file to; needs `type`.
            type: What is attached: ``thumb``, ``subtitle-en``, …
            ttl: How long the URL is good, in seconds; None is without end.
            sourceip: The only address that may use it.

        Returns:
            The URL, which its repr does not show.
        """
        return await self._client.send(uploads.get_upload_url(fid=fid, rid=rid, type=type, ttl=ttl, sourceip=sourceip))

    async def upload_from_url(
        self, input: str, *, fid: str | None = None, rid: str | None = None, type: str | None = None
    ) -> str:
        """
        Start an upload from a URL, and no more. For a whole job, use :meth:`CincopaClient.upload_from_url`.

        If it is cancelled while its request is in flight, the request is let finish and the upload it made is aborted.
        Source: ``POST asset.upload_from_url.json`` (documented).

        Args:
            input: The http(s) URL that Cincopa fetches.
            fid: The gallery to put the asset into.
            rid: The asset to attach the file to, in place of making a new one; needs `type`.
            type: What is attached: ``thumb``, ``subtitle-en``, …

        Returns:
            The status_id, the only handle of the upload.
        """
        started = await self._client.send(uploads.upload_from_url(input, fid=fid, rid=rid, type=type))
        return started.status_id

    async def upload_from_url_get_status(self, status_id: str) -> UploadStatus:
        """
        Say how far an upload from a URL has come, asking once. To follow it to its end, use :meth:`UploadJob.watch`.

        Source: ``GET asset.upload_from_url_get_status.json`` (documented).

        Args:
            status_id: What :meth:`upload_from_url` answered. A fresh one may be unknown for a moment.

        Returns:
            Sizes in bytes, None where Cincopa does not know them yet.

        Raises:
            NotFoundError: Cincopa knows no such upload.
        """
        return await self._client.send(uploads.upload_from_url_get_status(status_id))

    async def upload_from_url_abort(self, status_id: str) -> None:
        """
        Abort an upload: its partial data is dropped. To learn how it ended, use :meth:`UploadJob.abort`.

        Source: ``POST asset.upload_from_url_abort.json`` (documented).

        Raises:
            NotFoundError: Cincopa knows no such upload.
        """
        await self._client.send(uploads.upload_from_url_abort(status_id))
