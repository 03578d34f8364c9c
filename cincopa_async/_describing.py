"""What an asset is called and where it is shown: set once it is there, for an upload takes no metadata along."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, contextmanager, suppress
from typing import TYPE_CHECKING, Any

from attrs import evolve, field, frozen

from ._calls import Param, required
from .errors import AssetNotDescribedError, CincopaError, ClientClosedError, LeaseLostError
from .resources._asset_calls import set_meta
from .resources._gallery_calls import add_item

if TYPE_CHECKING:
    from ._base import BaseClient


@frozen(kw_only=True)
class AssetMeta:
    """
    The texts of an asset, as :meth:`AssetGroup.set_meta` takes them. What is None is not set.

    Raises:
        ValueError: A field is wrong, or there is none.
    """

    caption: str | None = None
    """Its title."""
    description: str | None = None
    long_description: str | None = None
    related_link_text: str | None = None
    """What a link beside it says."""
    related_link_url: str | None = field(default=None, repr=False)
    """Where that link leads."""
    reference_id: str | None = None
    """A key of your own: what a batch knows an asset by that is there already."""
    tags: Sequence[str] | None = None
    """A tag has no comma in it."""
    video_thumb_sec: float | None = None
    """The second of the video to make its thumbnail of."""
    fields: Mapping[str, Param] = field(factory=dict)
    """Custom fields of the account."""

    def __attrs_post_init__(self) -> None:
        """Refuse now what could not be set later, when the upload is done."""
        set_meta("rid", thumb_attached_rid=None, **self._params())

    def _params(self) -> dict[str, Any]:
        return {
            "caption": self.caption,
            "description": self.description,
            "long_description": self.long_description,
            "related_link_text": self.related_link_text,
            "related_link_url": self.related_link_url,
            "reference_id": self.reference_id,
            "tags": self.tags,
            "video_thumb_sec": self.video_thumb_sec,
            **self.fields,
        }


@frozen
class Description:
    """What is to be done with an asset once it is there."""

    meta: AssetMeta | None = None
    galleries: tuple[str, ...] = ()

    @classmethod
    def of(cls, meta: AssetMeta | None, galleries: Sequence[str]) -> Description:
        """Check what a caller wants to be set."""
        if meta is not None and not isinstance(meta, AssetMeta):
            raise TypeError(f"meta must be an AssetMeta, not {type(meta).__name__}")
        if isinstance(galleries, str) or not isinstance(galleries, Sequence):
            raise TypeError(f"galleries must be a sequence of fids, not {type(galleries).__name__}")
        for fid in galleries:
            add_item(required("galleries", fid), "rid", insert_position=None)
        return cls(meta, tuple(galleries))

    @property
    def reference_id(self) -> str | None:
        """The caller's own key for the asset, if it is to have one."""
        return None if self.meta is None else self.meta.reference_id

    def __bool__(self) -> bool:
        return self.meta is not None or bool(self.galleries)

    async def apply(
        self,
        client: BaseClient,
        rid: str,
        *,
        again: bool = False,
        behind: AbstractAsyncContextManager[None] | None = None,
    ) -> None:
        """
        Set the texts of an asset, and put it into its galleries.

        Args:
            client: Who sends.
            rid: The asset.
            again: Whether this may have been done before: then it is looked up where the asset is already.
            behind: What lets one call at a time stand in line, where it is done for many.

        Raises:
            CincopaError: It could not be done, or not all of it.
        """
        if self.meta is not None:
            await client.send(evolve(set_meta(rid, thumb_attached_rid=None, **self.meta._params()), behind=behind))
        for fid in self.galleries:
            if not (again and await _holds(client, fid, rid)):
                await _put(client, fid, rid, behind)


@contextmanager
def describing(rid: str) -> Iterator[None]:
    """Have what goes wrong in the block say that the upload is done, and as which asset: AssetNotDescribedError."""
    failure: CincopaError | None = None
    try:
        yield
    except (ClientClosedError, LeaseLostError):
        raise
    except CincopaError as error:
        failure = AssetNotDescribedError(rid, str(error))
    if failure is not None:
        raise failure


async def _put(client: BaseClient, fid: str, rid: str, behind: AbstractAsyncContextManager[None] | None) -> None:
    # Put into a gallery twice, an asset would be shown twice, so this is a write, whose answer may be lost.
    try:
        await client.send(evolve(add_item(fid, rid, insert_position=None), behind=behind))
    except CincopaError as error:
        if error.maybe_applied:
            with suppress(CincopaError):
                if await _holds(client, fid, rid):
                    return
        raise


async def _holds(client: BaseClient, fid: str, rid: str) -> bool:
    async for asset in client.gallery.iter_items(fid, items_per_page=100):
        if asset.rid == rid:
            return True
    return False
