"""What an account holds, in memory: assets, galleries, tokens and uploads; the rest is in `_records`."""

from __future__ import annotations

import itertools
import mimetypes
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import PurePosixPath
from threading import RLock
from typing import Final
from urllib.parse import unquote, urlsplit

from ._clock import Instant, date
from ._counts import End, Tally
from ._records import Hook, Portal, Stream

ALL_PERMISSIONS = ("asset.*", "gallery.*", "upload.*", "portal.*", "webhook.*", "live.*", "token.*")
SYNCING: Final = "syncing"
SYNCED: Final = "synced"
_ID_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
# A table of its own: the system's differs from machine to machine, and is read from disk.
_MEDIA_TYPES = mimetypes.MimeTypes()


@dataclass(slots=True)
class Token:
    """What a request shows to be let in."""

    value: str = field(repr=False)
    permissions: tuple[tuple[str, ...], ...]
    """Patterns of calls. A temporary token carries those of the token it was made with too: all must allow a call."""
    ttl: float | None
    issued: Instant
    fid: str | None = None
    """The gallery whose invitation page it opens, where it does nothing else."""

    @property
    def valid(self) -> bool:
        """Whether its time is not over yet."""
        return self.ttl is None or self.issued.elapsed() < self.ttl

    def allows(self, call: str) -> bool:
        """Say whether it may make a call; ping needs no permission, but a token of the account itself."""
        if call == "ping":
            return self.fid is None
        return all(any(fnmatchcase(call, pattern) for pattern in patterns) for patterns in self.permissions)


@dataclass(slots=True)
class Capability:
    """What the secret part of an issued URL stands for."""

    fid: str | None = None
    rid: str | None = None
    type: str | None = None
    ttl: float | None = None
    sourceip: str | None = None
    issued: Instant = field(default_factory=Instant.now)

    @property
    def valid(self) -> bool:
        """Whether its time is not over yet."""
        return self.ttl is None or self.issued.elapsed() < self.ttl


@dataclass(slots=True)
class Asset:
    """A stored file and what is known of it."""

    id: int
    rid: str
    type: str
    filename: str
    content: bytes | bytearray = field(repr=False)
    """Never changed: a bytearray only because turning a large one into bytes would copy it."""
    content_type: str
    uploaded: str
    modified: str
    meta: dict[str, str] = field(default_factory=dict)
    """What `asset.set_meta` sets, by the API's names."""
    attached_to: str | None = None
    attached_as: str | None = None
    poster: str | None = None
    syncstatus: str = SYNCED
    syncs: int = 0
    """How many sync phases have begun: the last of them counts."""


@dataclass(slots=True)
class Gallery:
    """An ordered list of assets."""

    fid: str
    modified: str
    meta: dict[str, str] = field(default_factory=dict)
    rids: list[str] = field(default_factory=list)
    master: str = ""


@dataclass(slots=True, eq=False)
class Upload:
    """A pull from a URL."""

    status_id: str
    input: str = field(repr=False)
    fid: str | None
    rid: str | None
    type: str | None
    started: Instant
    started_on: str
    state: str = "inprogress"
    received: int = 0
    size: int | None = None
    more: str = ""
    resid: str | None = None
    polls: int = 0
    leaves: str = "aborted"
    """What an abort makes of it, as its status tells: the documentation does not say."""
    sync_ends: str = SYNCED
    """What the sync phase makes of its asset."""
    goes_on: bool = False
    """Whether it makes an asset although it was aborted."""
    cancel: Callable[[], None] = field(init=False)
    """Ends the work on it, once that has begun."""


Listener = Callable[[str, Asset | Gallery], None]


class Account:
    """One account. Whoever reads or changes it holds `lock`: servers run in threads of their own."""

    def __init__(self, *, seed: int, api_token: str | None) -> None:
        self.lock = RLock()
        self.counts = Tally(self.lock)
        self.assets: dict[str, Asset] = {}
        self.remains: dict[str, Asset] = {}
        """Assets that are deleted, and still listed in galleries."""
        self.deleted: set[str] = set()
        """The rids and fids of what was deleted."""
        self.galleries: dict[str, Gallery] = {}
        self.uploads: dict[str, Upload] = {}
        self.tokens: dict[str, Token] = {}
        self.portals: dict[str, Portal] = {}
        self.streams: dict[str, Stream] = {}
        self.hooks: dict[str, Hook] = {}
        self.listeners: list[Listener] = []
        """Told of each event, under the lock and within an event loop: they only note it."""
        self.capabilities: dict[bytes, Capability] = {}
        """By the path and query of the URL that was issued, byte for byte."""
        self._random = random.Random(seed)
        self._numbers = itertools.count(1_000_001)
        self.accid = self._random.randrange(100_000, 999_999)
        self.api_token = self.issue_token([ALL_PERMISSIONS], ttl=None, value=api_token).value

    def issue_token(
        self,
        permissions: Iterable[tuple[str, ...]],
        *,
        ttl: float | None,
        value: str | None = None,
        fid: str | None = None,
    ) -> Token:
        """Make a token."""
        with self.lock:
            token = Token(value or f"AAAAfake{self.new_id(24)}", tuple(permissions), ttl, Instant.now(), fid)
            self.tokens[token.value] = token
            return token

    def emit(self, event: str, about: Asset | Gallery) -> None:
        """Tell the listeners what has happened to an asset or a gallery, by the name that webhooks have for it."""
        with self.lock:
            for listener in self.listeners:
                listener(event, about)

    def new_id(self, length: int = 11) -> str:
        """Make an id of the look that rids and fids have."""
        with self.lock:
            return "A" + "".join(self._random.choices(_ID_LETTERS, k=length))

    def add_asset(self, content: bytes | bytearray, *, name: str, content_type: str, rid: str | None = None) -> Asset:
        """Store a file."""
        with self.lock:
            now = date()
            asset = Asset(
                id=next(self._numbers),
                rid=rid or self.new_id(),
                type=asset_type(content_type, name),
                filename=name,
                content=content,
                content_type=content_type or guessed_content_type(name),
                uploaded=now,
                modified=now,
                meta={"caption": PurePosixPath(name).stem},
            )
            self.assets[asset.rid] = asset
            return asset

    def place(self, asset: Asset, *, fid: str | None, rid: str | None, type: str | None) -> None:
        """Attach an uploaded asset to another one as `type`, or put it into a gallery that is still there."""
        with self.lock:
            if rid is not None:
                asset.attached_to, asset.attached_as = rid, type
            elif fid in self.galleries:
                self.galleries[fid].rids.append(asset.rid)
            self.emit("asset.uploaded", asset)

    def asset_synced(self, asset: Asset) -> None:
        """Note that an asset is ready, and with it each gallery that has waited for it alone."""
        with self.lock:
            asset.syncstatus = SYNCED
            self.emit("asset.synced", asset)
            for gallery in self.galleries.values():
                if asset.rid in gallery.rids and self.gallery_syncstatus(gallery) == SYNCED:
                    self.emit("gallery.synced", gallery)

    def gallery_syncstatus(self, gallery: Gallery) -> str:
        """Say whether one of a gallery's assets is in its sync phase."""
        with self.lock:
            return SYNCING if any(asset.syncstatus == SYNCING for asset in self.items(gallery)) else SYNCED

    def items(self, gallery: Gallery) -> list[Asset]:
        """Return what a gallery lists, in its order."""
        with self.lock:
            return [self.assets.get(rid) or self.remains[rid] for rid in gallery.rids]

    def delete_gallery(self, gallery: Gallery) -> None:
        """Drop a gallery; its assets stay."""
        with self.lock:
            del self.galleries[gallery.fid]
            self.deleted.add(gallery.fid)
            self.emit("gallery.deleted", gallery)

    def delete_asset(self, rid: str, *, from_galleries: bool = True) -> None:
        """Drop an asset with what is attached to it, from every gallery too unless told otherwise."""
        with self.lock:
            attached = [asset.rid for asset in self.assets.values() if asset.attached_to == rid]
            for gone in [rid, *attached]:
                asset = self.assets.pop(gone, None)
                if asset is None:  # One that is attached may be listed for deletion itself.
                    continue
                self.deleted.add(gone)
                if from_galleries:
                    self._take_out(gone)
                else:
                    self.remains[gone] = asset
                self.emit("asset.deleted", asset)

    def _take_out(self, rid: str) -> None:
        for gallery in self.galleries.values():
            if rid in gallery.rids:
                gallery.rids.remove(rid)

    def media(self, rid: str, type: str | None) -> Asset | None:
        """Find an asset, or what is attached to it as `type`; a poster (``thumb``) shows only once it was set."""
        with self.lock:
            asset = self.assets.get(rid)
            if type is None or asset is None:
                return asset
            if type == "thumb":
                return self.assets.get(asset.poster or "")
            attached = [
                other for other in self.assets.values() if (other.attached_to, other.attached_as) == (rid, type)
            ]
            return attached[-1] if attached else None

    def start_upload(self, input: str, *, fid: str | None, rid: str | None, type: str | None) -> Upload:
        """Note that a pull begins."""
        with self.lock:
            letters = f"{self._random.getrandbits(128):032x}"
            status_id = f"{letters[:8]}-{letters[8:12]}-{letters[12:16]}-{letters[16:20]}-{letters[20:]}"
            upload = Upload(status_id, input, fid, rid, type, Instant.now(), date())
            self.uploads[status_id] = upload
            self.counts.upload_started(input)
            return upload

    def complete_upload(self, upload: Upload, content: bytes, content_type: str) -> Asset | None:
        """Make an asset of a pull that has read all, unless it ended before."""
        with self.lock:
            if upload.rid is not None and upload.rid not in self.assets:
                upload.goes_on = False
                self.fail_upload(upload, "the asset to attach to was deleted meanwhile")
            if not (self._end(upload, "completed") or upload.goes_on):
                return None
            asset = self.add_asset(content, name=filename_of(upload.input), content_type=content_type, rid=upload.resid)
            self.place(asset, fid=upload.fid, rid=upload.rid, type=upload.type)
            if upload.state == "completed":
                upload.resid, upload.size = asset.rid, len(content)
            return asset

    def fail_upload(self, upload: Upload, reason: str) -> None:
        """End a pull with a reason, unless it ended before."""
        with self.lock:
            if self._end(upload, "failed"):
                upload.more = reason

    def abort_upload(self, upload: Upload, leaves: str, *, goes_on: bool) -> bool:
        """
        End a pull because a call says so, and return whether that has ended it: it may have ended before.

        What it `leaves` is its state from then on; where it `goes_on`, nobody sees more of it than the asset it makes.
        """
        with self.lock:
            if not self._end(upload, "aborted"):
                return False
            upload.leaves, upload.goes_on = leaves, goes_on
            if not goes_on:
                upload.cancel()
            return True

    def _end(self, upload: Upload, end: End) -> bool:
        if upload.state != "inprogress":
            return False
        upload.state = end
        self.counts.upload_ended(end)
        return True


def permissions_text(patterns: Iterable[str]) -> str:
    """Write patterns of calls as ping does: ``|asset.*|gallery.*|``."""
    return f"|{'|'.join(patterns)}|"


def read_permissions(text: str) -> tuple[str, ...]:
    """Read patterns of calls, written between bars."""
    return tuple(pattern.strip() for pattern in text.split("|") if pattern.strip())


def asset_type(content_type: str, name: str) -> str:
    """Say which of the API's four types a file is."""
    for known in (content_type, guessed_content_type(name)):
        kind = known.partition("/")[0].strip().lower()
        if kind in {"video", "image", "audio"}:
            return kind
    return "other"


def guessed_content_type(name: str) -> str:
    """Say what a file's name tells of its content."""
    return _MEDIA_TYPES.guess_type(name)[0] or "application/octet-stream"


def filename_of(input: str) -> str:
    """Take the file's name from a URL."""
    return PurePosixPath(unquote(urlsplit(input).path)).name or "upload"
