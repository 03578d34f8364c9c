"""Files that come by direct upload: what of each is here, and what becomes of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit

from ._account import Account, Asset, Capability
from ._sync import Syncs

# "Chunks of up to 50 MB" leaves open whether a MB has 1000 or 1024 KB here: the larger lets either client in.
MAX_CHUNK_BYTES = 50 * 1024 * 1024


class RejectedError(Exception):
    """A direct upload is not taken; its text tells why."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Which bytes of which file a request brings."""

    name: str
    unique_id: str
    """The same for all chunks of a file; empty where the whole file comes at once."""
    start: int
    end: int
    """The first byte that is not in it."""
    size: int
    """Of the whole file."""


@dataclass(slots=True)
class _File:
    size: int
    content: bytearray = field(default_factory=bytearray, repr=False)
    ends: dict[int, int] = field(default_factory=dict)
    """The chunks that are here: where each begins, and where it ends."""
    rid: str = ""
    """The asset that it became, which holds its content from then on."""

    @property
    def stands(self) -> int:
        """How many bytes are here, from its beginning on."""
        return max(self.ends.values(), default=0)

    def insert(self, chunk: Chunk, content: bytearray) -> None:
        """Add a chunk to its end, or in the place of the same one."""
        if self.content:
            self.content[chunk.start : chunk.end] = content
        else:
            self.content = content
        self.ends[chunk.start] = chunk.end


class Files:
    """Puts chunks together; all that is unfinished is kept in memory."""

    def __init__(self, account: Account, syncs: Syncs, *, max_bytes: int) -> None:
        self._account = account
        self._syncs = syncs
        self._max_bytes = max_bytes
        self._files: dict[tuple[bytes, str], _File] = {}

    @property
    def max_bytes(self) -> int:
        """How large a file may be."""
        return self._max_bytes

    def issued(self, target: bytes) -> bytes:
        """Return the target that was issued with the same hash as a request's; the request's own if there is none."""
        with self._account.lock:
            wanted = _hash_of(target)
            known = (issued for issued in self._account.capabilities if wanted and _hash_of(issued) == wanted)
            return next(known, target)

    def check_target(self, target: bytes, caller: str) -> None:
        """Raise RejectedError unless a request's target is, to the byte, one that was issued and is good for it."""
        with self._account.lock:
            capability = self._account.capabilities.get(target)
            if capability is None:
                raise RejectedError("this is no upload URL as it was issued")
            if not capability.valid:
                raise RejectedError("the upload URL has expired")
            if capability.sourceip not in {None, caller}:
                raise RejectedError("the upload URL is for another address")
            self._refuse_orphan(capability)

    def check_chunk(self, target: bytes, chunk: Chunk) -> None:
        """Raise RejectedError where a chunk does not belong where its file stands."""
        with self._account.lock:
            self._file(target, chunk)

    def take(self, target: bytes, chunk: Chunk, content: bytearray, *, sync_ends: str) -> Asset | None:
        """
        Add a chunk that is here whole, its bytes kept and not copied where it is the first.

        Returns the asset if it was the last; `sync_ends` is what the sync phase makes of it.
        """
        with self._account.lock:
            # Its time may be over since: what counts is when the request came.
            capability = self._account.capabilities[target]
            self._refuse_orphan(capability)
            file = self._file(target, chunk)
            if not file.ends or file.rid:
                self._account.counts.file_started()
            if file.rid:
                # The service knows nothing of a file that it has made an asset of, so a last chunk that comes again
                # makes another one: this is why clients must not send it again when they cannot know whether it came.
                file.content = bytearray(self._account.assets[file.rid].content)
            self._account.counts.chunk_came()
            file.insert(chunk, content)
            if chunk.unique_id:
                self._files[target, chunk.unique_id] = file
            if chunk.end < file.size:
                return None
            asset = self._finished(file, capability, chunk)
            self._syncs.start(asset, sync_ends)
            return asset

    def _file(self, target: bytes, chunk: Chunk) -> _File:
        if not 0 <= chunk.start < chunk.end <= chunk.size:
            raise RejectedError("the range is empty, or reaches beyond the file")
        if chunk.unique_id and chunk.end - chunk.start > MAX_CHUNK_BYTES:
            raise RejectedError(f"the chunk is larger than {MAX_CHUNK_BYTES} bytes")
        if chunk.size > self._max_bytes:
            raise RejectedError(f"the file is larger than {self._max_bytes} bytes")
        file = self._files.get((target, chunk.unique_id)) if chunk.unique_id else None
        if file is None or (file.rid and (chunk.start == 0 or file.rid not in self._account.assets)):
            file = _File(chunk.size)
        if chunk.size != file.size:
            raise RejectedError("the file had another size before")
        if chunk.start != file.stands and file.ends.get(chunk.start) != chunk.end:
            raise RejectedError("the chunk neither continues the file nor comes again")
        return file

    def _finished(self, file: _File, capability: Capability, chunk: Chunk) -> Asset:
        asset = self._account.add_asset(file.content, name=chunk.name, content_type="")
        self._account.place(asset, fid=capability.fid, rid=capability.rid, type=capability.type)
        self._account.counts.file_stored()
        file.content, file.ends, file.rid = bytearray(), {chunk.start: chunk.end}, asset.rid
        return asset

    def _refuse_orphan(self, capability: Capability) -> None:
        if capability.fid is not None and capability.fid not in self._account.galleries:
            raise RejectedError("the gallery does not exist any more")
        if capability.rid is not None and capability.rid not in self._account.assets:
            raise RejectedError("the asset to attach to does not exist any more")


def _hash_of(target: bytes) -> str | None:
    return dict(parse_qsl(urlsplit(target.decode("latin-1")).query)).get("hash")
