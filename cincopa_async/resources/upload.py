"""Calls ``upload.*``: invitation pages, on which others upload into a gallery."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cincopa_async._calls import Call, optional, required
from cincopa_async._token import checked_token
from cincopa_async.models import UploadToken

if TYPE_CHECKING:
    from cincopa_async._base import BaseClient


def iframe(*, fid: str | None, rrid: str | None, token: str) -> Call[str]:
    """Describe ``upload.iframe``."""
    if (fid is None) == (rrid is None):
        raise ValueError("fid or rrid must be given, and not both: the gallery whose page it is")
    return Call(
        name="upload.iframe",
        method="GET",
        params={"fid": optional("fid", fid), "rrid": optional("rrid", rrid)},
        safety="read",
        result=str,
        token=checked_token(token, "token"),
    )


def get_upload_token(fid: str) -> Call[UploadToken]:
    """Describe ``upload.get_upload_token``."""
    params = {"fid": required("fid", fid)}
    return Call(name="upload.get_upload_token", method="GET", params=params, safety="write", result=UploadToken)


class UploadGroup:
    """
    Calls ``upload.*``: the invitation page of a gallery.

    To upload something yourself, see :meth:`CincopaClient.upload_from_url` and :meth:`CincopaClient.upload_file`.
    """

    def __init__(self, client: BaseClient) -> None:
        self._client = client

    async def iframe(self, *, token: str, fid: str | None = None, rrid: str | None = None) -> str:
        """
        Fetch the invitation page. To embed it by its URL, use :meth:`CincopaClient.url_for_iframe`.

        Source: ``GET upload.iframe`` (documented; its parameters are seen in clients).

        Args:
            token: What opens it: a temporary token, or that of :meth:`get_upload_token`. The page shows it to whoever
                sees the page, so the client's own is never taken in its place.
            fid: The gallery, or
            rrid: the caller's own key for one.

        Returns:
            The HTML of the page.

        Raises:
            AuthenticationError: The token does not open it.
        """
        return await self._client.send(iframe(fid=fid, rrid=rrid, token=token))

    async def get_upload_token(self, fid: str) -> UploadToken:
        """
        Get a token that opens the invitation page of one gallery.

        Source: ``GET upload.get_upload_token.json`` (documented; its parameters are not, nor is its answer).

        Args:
            fid: The gallery.

        Returns:
            The token as `value`, which its repr does not show.
        """
        return await self._client.send(get_upload_token(fid))
