"""The client: whole jobs, each of which makes several calls."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

import cincopa_async

from ._base import BaseClient
from ._calls import CHUNK_SIZE, at_least, required
from ._starting import StartingUpload, started, started_once
from .jobs import OnCancel, UploadJob
from .polling import PollPolicy
from .resources._upload_calls import get_upload_url as describe_get_upload_url
from .resources._upload_calls import upload_from_url as describe_upload_from_url

# What some methods alone need they import themselves: whoever imports the client does not wait for it. Their signatures
# name it by way of the package, which imports it when `typing.get_type_hints` asks.
if TYPE_CHECKING:
    from ._kept import Kept


class CincopaClient(BaseClient):
    """
    Cincopa's REST API v2, for as many tasks at once as you like.

    Use it as an async context manager, or call :meth:`aclose` at the end. Entering and leaving may happen in different
    tasks. One client is enough for a program; it belongs to the event loop that uses it.

    Args:
        api_token: The account's token, or a callable, plain or async, that gives one: it is asked again, once for all
            tasks, when a token is refused. None takes it from the environment variable ``CINCOPA_API_TOKEN``.
        base_url: Where the API is. None takes ``CINCOPA_BASE_URL`` from the environment, else Cincopa's own.
        timeout: Seconds that one attempt of a call may take, from its turn to the last byte of the answer. Waiting for
            the turn, and the pauses between attempts, come on top.
        max_concurrency: How many calls are under way at once, and so how many connections there are at most.
        rate_limit: How many calls a second are sent at most, over all that the client does; None is as many as Cincopa
            takes. Either way a client that is told "too many" (HTTP 429) slows down, and finds its way up again. Chunks
            of files are no calls, and aborts wait for nothing.
        retry: What is sent again, and when.
        poll: How jobs ask how far their upload is.
        http_client: An ``httpx.AsyncClient`` or ``httpx2.AsyncClient`` to be used in place of the client's own
            connections; never closed here.
        transport: The same with a transport of httpx or httpx2, or the ``AiohttpTransport`` of httpx-aiohttp.

    Raises:
        ValueError: An argument is wrong, or there is no token.
        TypeError: An argument is of a wrong type.
    """

    def start_upload(
        self,
        input: str,
        *,
        fid: str | None = None,
        rid: str | None = None,
        type: str | None = None,
        on_cancel: OnCancel = "abort",
        poll: PollPolicy | None = None,
        key: str | None = None,
        store: cincopa_async.UploadStore | None = None,
        meta: cincopa_async.AssetMeta | None = None,
        galleries: Sequence[str] = (),
    ) -> StartingUpload:
        """
        Start an upload from a URL. Await the result for the job, or enter it: then leaving the block early counts too.

        If the start is cancelled while its request is in flight, the request is let finish and the upload it made is
        aborted, under ``"detach"`` too unless there is a store, for nobody has its id yet. A job that nobody waits for,
        in a block or otherwise, runs on when it is forgotten or the client is closed.
        Source: ``POST asset.upload_from_url.json``.

        Args:
            input: The http(s) URL that Cincopa fetches.
            fid: The gallery to put the asset into.
            rid: The asset to attach the file to, in place of making a new one; needs `type`.
            type: What is attached: ``thumb``, ``subtitle-en``, …
            on_cancel: What cancelling, timing out or leaving the block early does to the upload: ``"abort"`` ends it,
                ``"detach"`` leaves it running, to be taken up by :meth:`resume_upload`.
            poll: How the job asks how far it is; None is the client's own way.
            key: What the store knows the upload by; needs `store`.
            store: An open store, which remembers the upload. One that was started before, in an earlier life of the
                program, is taken up where it is, and one that has ended is the job of that end.
            meta: What is set once the asset is there, by whoever waits for the job's end.
            galleries: The fids of galleries that it is put into then.

        Raises:
            ValueError: An argument is wrong. Nothing was sent.
            APIError: Cincopa says no.
            TransportError: No answer came; `maybe_applied` says whether an upload may be running.
            UploadUnknownError: In an earlier life it may have been started, or not, as the store has it.
            LeaseLostError: Another worker has it, as the store has it.
        """
        from ._describing import Description
        from ._follow_up import FollowUp

        if on_cancel not in ("abort", "detach"):
            raise ValueError("on_cancel must be 'abort' or 'detach'")
        call = describe_upload_from_url(input, fid=fid, rid=rid, type=type)
        description = Description.of(meta, galleries)
        if (key is None) != (store is None):
            raise ValueError("key and store must be given together: the store knows the upload by its key")

        def make(status_id: str, kept: Kept | None = None) -> UploadJob:
            after = FollowUp(self, description, kept) if kept is not None or description else None
            return UploadJob(self, self._life, status_id, on_cancel=on_cancel, poll=poll or self._poll, follow_up=after)

        if store is None or key is None:
            return StartingUpload(started(self, call, make))
        return StartingUpload(
            started_once(self, call, make, store=store, key=required("key", key), on_cancel=on_cancel)
        )

    async def upload_from_url(
        self,
        input: str,
        *,
        fid: str | None = None,
        rid: str | None = None,
        type: str | None = None,
        timeout: float | None = None,
        poll: PollPolicy | None = None,
        meta: cincopa_async.AssetMeta | None = None,
        galleries: Sequence[str] = (),
    ) -> cincopa_async.UploadResult:
        """
        Upload from a URL and return when it has completed. Cancelling it aborts the upload.

        For an upload that outlives who waits for it, use :meth:`start_upload`, which tells its id.
        Source: ``POST asset.upload_from_url.json``, then ``GET asset.upload_from_url_get_status.json``.

        Args:
            input: The http(s) URL that Cincopa fetches.
            fid: The gallery to put the asset into.
            rid: The asset to attach the file to, in place of making a new one; needs `type`.
            type: What is attached: ``thumb``, ``subtitle-en``, …
            timeout: Seconds from the start's answer to the end, after which it is aborted; None leaves it to the
                deadlines of `poll`.
            poll: How it asks how far the upload is; None is the client's own way.
            meta: What is set once the asset is there.
            galleries: The fids of galleries that it is put into then.

        Raises:
            UploadFailedError: Cincopa says it failed.
            UploadAbortedError: Somebody else aborted it.
            UploadTimeoutError: It took too long, and was aborted.
            APIError: Cincopa says no to the start, or refuses the token later; `maybe_applied` tells the two apart.
            TransportError: No answer to the start came; `maybe_applied` says whether an upload may be running.
            ResponseDecodeError: It completed, and Cincopa does not say as which asset.
            AssetNotDescribedError: It completed, and its metadata could not be set.
            ClientClosedError: The client was closed meanwhile.
        """
        at_least(0, "timeout", timeout)
        job = await self.start_upload(input, fid=fid, rid=rid, type=type, poll=poll, meta=meta, galleries=galleries)
        return await job.wait(timeout=timeout)

    def upload_many(
        self,
        items: cincopa_async.UploadItems,
        *,
        max_active: int = 64,
        store: cincopa_async.UploadStore | None = None,
        on_cancel: OnCancel = "abort",
        poll: PollPolicy | None = None,
        item_attempts: int = 1,
        unknown: cincopa_async.IfUnknown = "report",
        if_exists: cincopa_async.IfExists = "upload",
    ) -> cincopa_async.UploadBatch:
        """
        Upload any number of URLs and files: enter the result with ``async with``, and iterate over the outcomes.

        What goes wrong with an item is its outcome's error. What concerns the account (the token is refused or may not
        do this, the quota, a service that fails start after start) halts the batch: BatchHaltedError is raised from the
        iteration, and the items that had not ended are left for a rerun. Memory does not grow with the number of items.
        Source: as for :meth:`start_upload` and :meth:`upload_file`.

        Args:
            items: URLs, ``pathlib.Path`` objects of local files, or :class:`UploadItem`, from an iterable or an async
                one, each taken when its turn comes. An async generator is closed at the end.
            max_active: How many items are under way at once, local files too.
            store: Remembers what became of each item, so that a run that is killed can be done again with the same
                items. Opened and closed here; one that is open stays so.
            on_cancel: What leaving the block early, by an error, a cancel or ``break``, does to uploads under way, and
                closing the client: ``"abort"`` ends them, ``"detach"`` leaves them running, for a rerun with the same
                store to take up.
            poll: How it asks how far each upload is; None is the client's own way.
            item_attempts: How often an item is started at most. Again only where its upload has certainly not gone
                well, for a passing reason: the source's server failed or was not reached in time, not that there is no
                such file.
            unknown: What is done with an item of which nobody knows whether it was started: ``"report"`` makes that its
                error (UploadUnknownError), ``"restart"`` starts it again, perhaps for the second time. An asset that
                carries its meta's `reference_id` settles it: one that somebody has described, for an upload takes none
                along.
            if_exists: With ``"skip"`` an item is not uploaded if an asset carries its meta's `reference_id`: all assets
                are listed once for that, and their keys kept in memory. Where none carries it yet, the second item of a
                run with the same one is an error.

        Raises:
            ValueError: An argument is wrong. What is wrong with an item is told by its outcome.
            TypeError: `items` is no iterable.
        """
        from ._shared import Options
        from .bulk import UploadBatch

        options = Options(
            max_active=max_active,
            on_cancel=on_cancel,
            poll=poll,
            item_attempts=item_attempts,
            unknown=unknown,
            if_exists=if_exists,
        )
        return UploadBatch(self, items, store, options)

    async def ensure_gallery(
        self, *, name: str, description: str | None = None, template: str | None = None
    ) -> cincopa_async.Gallery:
        """
        Return the gallery of that name, and make it if there is none, so that a script can run twice.

        Of several of that name it is the first. One that is there is left as it is. Tasks that ask for it at once make
        one between them; two processes may make two. Source: ``GET gallery.list.json``, ``POST gallery.create.json``.

        Args:
            name: What it is called, letter by letter.
            description: A short text for a new one.
            template: How a new one looks, as Cincopa names it.

        Raises:
            APIError: Cincopa says no.
            TransportError: No answer came; `maybe_applied` says whether one may have been made. Ask again to know.
        """
        from . import _ensure

        return await _ensure.gallery(self, name, description=description, template=template)

    async def ensure_webhook(
        self, hook_url: str, *, events: Sequence[cincopa_async.WebhookEventName], security_key: str | None = None
    ) -> cincopa_async.Webhook:
        """
        Have a URL called for these events and no others, and send nothing if it is so already.

        Source: ``GET webhook.list.json``, ``POST webhook.set.json``.

        Args:
            hook_url: The http(s) URL that Cincopa calls.
            events: What for: names such as ``asset.uploaded``, or ``asset.*``; at least one.
            security_key: What Cincopa shall show with each call. Where it does not tell the key of a hook, the hook is
                set again.

        Raises:
            APIError: Cincopa says no.
            TransportError: No answer came. Ask again to know what became of it.
        """
        from . import _ensure

        return await _ensure.webhook(self, hook_url, events=events, security_key=security_key)

    async def upload_file(
        self,
        source: cincopa_async.FileSource,
        *,
        fid: str | None = None,
        rid: str | None = None,
        type: str | None = None,
        name: str | None = None,
        size: int | None = None,
        chunk_size: int = CHUNK_SIZE,
        ttl: int | None = None,
        progress: cincopa_async.Progress | None = None,
        resend_last: bool = False,
        meta: cincopa_async.AssetMeta | None = None,
        galleries: Sequence[str] = (),
    ) -> cincopa_async.UploadResult:
        """
        Upload a local file, or an async stream, and return when it has become an asset. Read in worker threads.

        If it is cancelled before the last bytes are sent, nothing becomes of it; after that the answer is waited for,
        and the asset deleted again. Source: ``GET asset.get_upload_url.json``, then a POST for each chunk to what that
        answers.

        Args:
            source: The path of a file, or an async stream of bytes: an async iterable, or an object with an async
                ``read(n)`` or ``receive()``. Who opened a stream closes it; an async generator is closed here.
            fid: The gallery to put the asset into.
            rid: The asset to attach the file to, in place of making a new one; needs `type`.
            type: What is attached: ``thumb``, ``subtitle-en``, …
            name: What the file is called; None takes a file's own, a stream needs one.
            size: How many bytes a stream has: it is sent as it comes then. None spools it to a temporary file first.
            chunk_size: Bytes of each request, 50,000,000 at most.
            ttl: How long the upload URL is to be good, in seconds; None is without end. If it ends too early, the file
                is sent anew with another one.
            progress: A plain callable, called with the bytes sent and the bytes in all; what it raises ends the
                upload. It is called with all of them at the end alone, when there is an asset; otherwise it may fall
                back, where something is sent again.
            resend_last: Send the last chunk again, too, when it may have arrived: that can make the asset twice.
            meta: What is set once the asset is there. If it is cancelled then, the asset stays.
            galleries: The fids of galleries that it is put into then.

        Returns:
            The new asset's rid.

        Raises:
            ValueError: An argument is wrong, or a stream has another size than was told.
            OSError: The file cannot be read.
            FileChangedError: It changed meanwhile. No asset was made.
            APIError: Cincopa says no; of a chunk it is never AuthenticationError, for no token goes with those.
            TransportError: No answer came; `maybe_applied` says whether there may be an asset.
            ResponseDecodeError: Cincopa's answer does not say what became of the file.
            AssetNotDescribedError: There is an asset, and its metadata could not be set.
            ClientClosedError: The client was closed meanwhile.
        """
        from ._describing import Description, describing
        from .files import FileUpload

        get_url = describe_get_upload_url(fid=fid, rid=rid, type=type, ttl=ttl, sourceip=None)
        description = Description.of(meta, galleries)
        result = await self._files.send(
            FileUpload(
                source=source,
                name=name,
                size=size,
                chunk_size=chunk_size,
                progress=progress,
                resend_last=resend_last,
                get_url=get_url,
            )
        )
        with describing(result.rid):
            await description.apply(self, result.rid)
        return result

    async def set_poster(self, rid: str, image: str | os.PathLike[str]) -> cincopa_async.UploadResult:
        """
        Give a video a poster: attach an image to it, then have it shown.

        Both steps are needed. If the second fails, or is cancelled, the image stays attached and is not shown; to do
        it all again does no harm. Source: ``POST asset.set_meta.json``, after an upload with the video's rid.

        Args:
            rid: The video.
            image: The path of a file, or an http(s) URL.

        Returns:
            The rid of the image.

        Raises:
            CincopaError: What :meth:`upload_file`, for a URL :meth:`upload_from_url`, or ``asset.set_meta`` raises.
            OSError: The file cannot be read.
        """
        required("rid", rid)  # An upload would take None for no rid, and make an asset of its own.
        if isinstance(image, str) and image.lower().startswith(("http://", "https://")):
            done = await self.upload_from_url(image, rid=rid, type="thumb")
        else:
            done = await self.upload_file(os.fspath(image), rid=rid, type="thumb")
        await self.asset.set_meta(rid, thumb_attached_rid=f"rid:{done.rid}")
        return done
