"""Calls ``gallery.*``: ordered lists of assets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from cincopa_async._calls import Param
from cincopa_async._paging import Pages
from cincopa_async.models import Asset, AssetPage, CreatedGallery, Gallery, GalleryArchive, GalleryPage

from . import _gallery_calls as calls
from ._asset_calls import AssetDetail

if TYPE_CHECKING:
    from cincopa_async._base import BaseClient


class GalleryGroup:
    """
    Calls ``gallery.*``.

    An ``fid`` names a gallery, an ``rid`` an asset. The calls are documented, their parameters are not: those here are
    seen in clients and in third parties' schemas. Each method raises APIError where Cincopa says no, TransportError
    where no answer came, and ValueError for a wrong argument before anything is sent.
    """

    def __init__(self, client: BaseClient) -> None:
        self._client = client

    async def create(
        self,
        *,
        name: str | None = None,
        description: str | None = None,
        template: str | None = None,
        master: str | None = None,
        copy_args: bool | str | None = None,
        copy_items: bool | None = None,
    ) -> CreatedGallery:
        """
        Make a gallery. To make it only if there is none of that name, use :meth:`CincopaClient.ensure_gallery`.

        Source: ``POST gallery.create.json`` (documented; its parameters are known from a third party's schema).

        Args:
            name: What it is called.
            description: A short text.
            template: How it looks, as Cincopa names it.
            master: The gallery that it is modelled on.
            copy_args: What to take over of that one's settings.
            copy_items: Whether to take over its items.

        Returns:
            The new gallery's fid.
        """
        return await self._client.send(
            calls.create(
                name=name,
                description=description,
                template=template,
                master=master,
                copy_args=copy_args,
                copy_items=copy_items,
            )
        )

    async def set_meta(
        self,
        /,
        fid: str,
        *,
        name: str | None = None,
        description: str | None = None,
        tags: Sequence[str] | None = None,
        template: str | None = None,
        **fields: Param,
    ) -> None:
        """
        Change what is known of a gallery. What is None stays as it is; an empty string empties a field.

        Source: ``POST gallery.set_meta.json`` (documented; its parameters are known from a third party's schema).

        Args:
            fid: The gallery.
            name: What it is called.
            description: A short text.
            tags: Replace the tags it has; a tag has no comma in it.
            template: How it looks, as Cincopa names it.
            **fields: Custom properties.
        """
        params: dict[str, Param] = {"name": name, "description": description, "template": template, **fields}
        await self._client.send(calls.set_meta(fid, tags, params))

    async def delete(self, fid: str, *, delete_assets: bool | None = None) -> None:
        """
        Delete a gallery. Its assets stay in the account unless told otherwise.

        Source: ``POST gallery.delete.json`` (documented; its parameters are known from a third party's schema).

        Args:
            fid: The gallery.
            delete_assets: Whether to delete its assets for good too.

        Raises:
            NotFoundError: Cincopa knows no such gallery.
        """
        await self._client.send(calls.delete(fid, delete_assets=delete_assets))

    async def add_item(
        self, fid: str, rid: str | Sequence[str], *, insert_position: Literal["top", "bottom"] | None = None
    ) -> None:
        """
        Put assets into a gallery.

        Source: ``POST gallery.add_item.json`` (documented; its parameters are seen in clients).

        Args:
            fid: The gallery.
            rid: The asset, or several.
            insert_position: ``top`` or ``bottom``; None leaves it to Cincopa, which takes the bottom.
        """
        await self._client.send(calls.add_item(fid, rid, insert_position=insert_position))

    async def remove_item(self, fid: str, rid: str | Sequence[str], *, delete_asset: bool | None = None) -> None:
        """
        Take assets out of a gallery. They stay in the account unless told otherwise.

        Source: ``POST gallery.remove_item.json`` (documented; its parameters are known from a third party's schema).

        Args:
            fid: The gallery.
            rid: The asset, or several.
            delete_asset: Whether to delete them for good too.
        """
        await self._client.send(calls.remove_item(fid, rid, delete_asset=delete_asset))

    async def list(
        self,
        *,
        search: str | None = None,
        tag: str | None = None,
        page: int | None = None,
        items_per_page: int | None = None,
    ) -> GalleryPage:
        """
        Return one page of the account's galleries. For all of them, use :meth:`iter`.

        Source: ``GET gallery.list.json`` (documented; its parameters are known from a third party's schema).

        Args:
            search: Words to look for; clients also write ``caption=…`` in it, to look at names alone.
            tag: Galleries that carry this tag.
            page: Which page, from 1.
            items_per_page: How many a page, from 1 to 100.
        """
        return await self._client.send(
            calls.list_galleries(search=search, tag=tag, page=page, items_per_page=items_per_page)
        )

    def iter(
        self,
        *,
        search: str | None = None,
        tag: str | None = None,
        items_per_page: int | None = None,
        ahead: int = 4,
        limit: int | None = None,
    ) -> Pages[Gallery]:
        """
        Return an async iterator over the galleries of all pages, in order, none twice.

        Source: ``GET gallery.list.json`` (documented; its parameters are known from a third party's schema).

        Args:
            search: Words to look for.
            tag: Galleries that carry this tag.
            items_per_page: How many a page, from 1 to 100.
            ahead: How many pages are fetched at once; 1 is page by page.
            limit: How many galleries at most; None is all of them.
        """
        first = calls.list_galleries(search=search, tag=tag, page=1, items_per_page=items_per_page)
        return Pages(self._client, first, key=lambda gallery: gallery.fid, ahead=ahead, limit=limit)

    async def get_items(
        self,
        fid: str,
        *,
        details: Sequence[AssetDetail] | None = None,
        page: int | None = None,
        items_per_page: int | None = None,
    ) -> AssetPage:
        """
        Return one page of a gallery's assets, in its order. For all of them, use :meth:`iter_items`.

        Source: ``GET gallery.get_items.json`` (documented; its parameters are known from a third party's schema).

        Args:
            fid: The gallery.
            details: Fields to send beside the usual ones; caption, tags and the like are None unless asked for.
            page: Which page, from 1.
            items_per_page: How many a page, from 1 to 100.
        """
        return await self._client.send(calls.get_items(fid, details=details, page=page, items_per_page=items_per_page))

    def iter_items(
        self,
        fid: str,
        *,
        details: Sequence[AssetDetail] | None = None,
        items_per_page: int | None = None,
        ahead: int = 4,
        limit: int | None = None,
    ) -> Pages[Asset]:
        """
        Return an async iterator over the assets of a gallery, in its order, none twice.

        Source: ``GET gallery.get_items.json`` (documented; its parameters are known from a third party's schema).

        Args:
            fid: The gallery.
            details: Fields to send beside the usual ones.
            items_per_page: How many a page, from 1 to 100.
            ahead: How many pages are fetched at once; 1 is page by page.
            limit: How many assets at most; None is all of them.
        """
        first = calls.get_items(fid, details=details, page=1, items_per_page=items_per_page)
        return Pages(self._client, first, key=lambda asset: asset.rid, ahead=ahead, limit=limit)

    async def set_master(self, fid: str, *, master: str) -> None:
        """
        Name the one item that a gallery shows first.

        Source: ``POST gallery.set_master.json`` (documented; its parameters are seen in clients).

        Args:
            fid: The gallery.
            master: What becomes its master, as Cincopa names it.
        """
        await self._client.send(calls.set_master(fid, master))

    async def download(self, fid: str) -> GalleryArchive:
        """
        Get a link to an archive of a gallery's files.

        Source: ``GET gallery.download.json`` (not documented; known from a third party's schema).

        Args:
            fid: The gallery.

        Returns:
            The link, which its repr does not show.
        """
        return await self._client.send(calls.download(fid))
