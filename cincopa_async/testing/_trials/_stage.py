"""What trials make in an account to try facts on: all of it marked, and removed in the end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from cincopa_async._finish import Finisher
from cincopa_async.errors import ResponseDecodeError

from ._marks import HOME, MARK, Notes, Run
from ._posting import Posted, post
from ._tidying import Tidying
from ._unseen import UnseenError

if TYPE_CHECKING:
    from cincopa_async import CincopaClient

# As small as files of their kinds can be. Of each there is one asset.
FILES: Final[Mapping[str, bytes]] = {
    "clip.mp4": b"\0\0\0\x18ftypmp42",
    "picture.png": bytes.fromhex(
        "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de"
        "0000000c49444154789c63606060000000040001f61738550000000049454e44ae426082"
    ),
    "note.txt": b"note",
    "gone.txt": b"gone",
    "first.txt": b"first",
    "second.txt": b"second",
}


class Stage:
    """
    The galleries and assets of one run, each with the mark on it.

    What is made elsewhere is told here: see :meth:`made`, :meth:`hooked` and :meth:`pulls`.
    """

    def __init__(self, client: CincopaClient) -> None:
        self._client = client
        self._run = Run()
        self._notes: dict[str, Notes] = {}
        self._rids: list[str] = []
        self._hooks: list[str] = []
        self._home: str | None = None
        self._begun = False
        self._finisher = Finisher(lambda: None)

    @property
    def run(self) -> str:
        """What tells this run's things from others'."""
        return self._run.id

    @property
    def description(self) -> str:
        """What is said of a gallery of this run, by which it is found where names are not taken."""
        return f"{Notes()} {self.run}"

    def name(self, about: str) -> str:
        """Give something a name that carries the mark."""
        return self._run.name(about)

    def hook_url(self, base: str, about: str) -> str:
        """Write the mark into the URL of a hook."""
        return self._run.hook_url(base, about)

    async def begin(self) -> None:
        """Make the gallery that tells others of this run, then remove what runs that are over have left."""
        self._begun = True  # Before: refused or cancelled, it may be made all the same, and other things are.
        self._home = await self._gallery(HOME, Notes(process=str(self._run.maker)))
        await Tidying(self._client, self._run).remove_left_over()

    async def home(self) -> str:
        """Return the gallery that all assets are made in, unless told otherwise."""
        if self._home is None:
            await self.begin()
        assert self._home is not None  # noqa: S101 - for the type checkers
        return self._home

    async def gallery(self, about: str, *, pulls: str = "") -> str:
        """Make a gallery, and return its fid; `pulls` is the name of the file that is pulled into it."""
        await self.home()
        return await self._gallery(about, Notes(pulls=pulls))

    async def asset(self, file_name: str, content: bytes, *, fid: str | None = None) -> str:
        """Upload a small file, mark it, and return its rid."""
        fid = fid or await self.home()
        name = self.name(file_name)
        rid = await self._uploaded(name, content, fid=fid)
        self.made(rid)
        await self._client.asset.set_meta(rid, reference_id=MARK)
        return rid

    async def attached(self, file_name: str, content: bytes, *, to: str, as_type: str) -> str:
        """Upload a small file that is attached to an asset, and return its rid."""
        rid = await self._uploaded(self.name(file_name), content, rid=to, type=as_type)
        self.made(rid)
        return rid

    def made(self, rid: str) -> None:
        """Remember an asset, to remove it in the end."""
        self._rids.append(rid)

    async def post(
        self, url: str, content: bytes, *, name: str, range: str | None = None, unique_id: str | None = None
    ) -> Posted:
        """Send a file as :func:`post` does, and remember the asset that it says it made."""
        posted = await post(self._client, url, content, name=name, range=range, unique_id=unique_id)
        if posted.rid is not None:
            self.made(posted.rid)
        return posted

    def hooked(self, hook_url: str) -> None:
        """Remember a hook, to remove it in the end."""
        self._hooks.append(hook_url)

    def unhooked(self, hook_url: str) -> None:
        """Forget a hook that is gone."""
        self._hooks.remove(hook_url)

    def made_gallery(self, fid: str) -> None:
        """Remember a gallery, to remove it in the end."""
        self._notes[fid] = Notes()

    async def pulls(self, fid: str, status_id: str) -> None:
        """Remember an upload into a gallery of `pulls`, and have the gallery tell of it, so that a later run can."""
        notes = self._notes[fid]
        notes = self._notes[fid] = replace(notes, uploads=(*notes.uploads, status_id))
        await self._client.gallery.set_meta(fid, description=str(notes))

    async def tidy(self) -> None:
        """Remove all that was made, although the run was cancelled; a second cancel leaves it to a later run."""
        if not self._begun:
            return
        tidying = Tidying(self._client, self._run)
        await self._finisher.finish(lambda: tidying.remove_own(self._rids, self._notes, self._hooks))

    async def _gallery(self, about: str, notes: Notes) -> str:
        name = self.name(about)
        try:
            fid = (await self._client.gallery.create(name=name, description=str(notes))).fid
        except ResponseDecodeError:  # Made, and not told as what: the list may tell.
            fid = await self._fid_of(name)
        self._notes[fid] = notes
        return fid

    async def _fid_of(self, name: str) -> str:
        async for gallery in self._client.gallery.iter(search=name, limit=Tidying.LIMIT):
            if gallery.name == name and gallery.fid is not None:
                return gallery.fid
        raise UnseenError("no gallery can be made: its fid is not answered, nor is it listed")

    async def _uploaded(
        self, name: str, content: bytes, *, fid: str | None = None, rid: str | None = None, type: str | None = None
    ) -> str:
        """Upload in the documented way; where that is rejected, in the way of the vendor's own uploader."""
        url = (await self._client.asset.get_upload_url(fid=fid, rid=rid, type=type)).upload_url
        reply = await self.post(url, content, name=name)
        if reply.rejected:
            range = f"bytes 0-{len(content)}/{len(content)}"
            reply = await self.post(url, content, name=name, range=range, unique_id=f"{self.run} {name}")
        if reply.rejected:
            raise UnseenError(f"no file can be uploaded: HTTP {reply.status}")
        return reply.rid or await self._rid_of(name)

    async def _rid_of(self, name: str) -> str:
        async for asset in self._client.asset.iter(search=self.run, limit=Tidying.LIMIT):
            if asset.filename == name and asset.rid is not None:
                return asset.rid
        raise UnseenError("no file can be uploaded: its rid is not answered, nor is it listed")
