"""Trials of direct uploads: what may be posted to an upload URL, and how."""

from __future__ import annotations

from urllib.parse import quote

from ._looking import found, items
from ._posting import Posted
from ._trial import Trial
from ._unseen import UnseenError

_CONTENT = b"cincopa async"
_HALF = len(_CONTENT) // 2


async def whole(trial: Trial) -> None:
    """Send a file whole, under a name that is not the same when it is encoded."""
    with trial.about("asset.get_upload_url.method", "asset.get_upload_url.answers.*", "direct.whole", "direct.name"):
        fid = await trial.stage.gallery("whole")
        name = trial.stage.name("n\u00e4me100%.txt")
        sent = await trial.stage.post(await upload_url(trial, fid), _CONTENT, name=name)
        if sent.rejected:
            # In the other way it must be taken, or it is not the way that is rejected.
            await trial.stage.asset("control.txt", _CONTENT)
            trial.saw("direct.whole", "rejected", f"HTTP {sent.status}; taken with a Content-Range")
            raise UnseenError("no file was taken whole")
        trial.saw("direct.whole", "taken", f"HTTP {sent.status}")
        names = {asset.filename for asset in await items(trial, fid)}
        if name in names:
            trial.saw("direct.name", "url-encoded", "so the asset's name is as it was before")
        elif quote(name, safe="") in names:
            trial.saw("direct.name", "as it is", "the asset's name is the encoded one")
        else:
            raise UnseenError("the file is listed by neither name")


async def chunks(trial: Trial) -> None:
    """Send a file in two chunks, in each way that their ranges may be meant."""
    with trial.about("direct.reply", "direct.range", "direct.unique_id"):
        fid = await trial.stage.gallery("chunks")
        ends = 0
        last = await _in_two(trial, fid, "exclusive.txt", ends=0)
        if last is None:
            ends = 1
            last = await _in_two(trial, fid, "inclusive.txt", ends=1)
        if last is None:
            raise UnseenError("a file in two chunks was not taken, however their ranges ended")
        trial.saw("direct.range", "inclusive" if ends else "exclusive", "two chunks with such ends became the file")
        if not last.text:
            trial.findings.missed(["direct.reply"], "the last chunk was answered with nothing")
        elif last.rid is not None:
            trial.saw("direct.reply", "new resource id", f"HTTP {last.status}")
        else:
            text = "ok" if last.text.strip().lower() == "ok" else "another text"
            trial.saw("direct.reply", text, f"HTTP {last.status}, and the file is there")
        other = await _in_two(trial, fid, "two-ids.txt", ends=ends, ids=("1", "2"))
        trial.saw("direct.unique_id", "one" if other is None else "not looked at", "two chunks with an id each")


async def rejections(trial: Trial) -> None:
    """Send files to URLs that are not, to the byte, as they were given."""
    with trial.about("direct.error"):
        fid = await trial.stage.gallery("rejected")
        forged = (await upload_url(trial, fid)).partition("?")[0] + "?hash=none"
        sent = await trial.stage.post(forged, _CONTENT, name=trial.stage.name("forged.txt"))
        if sent.rid is not None or await _is_there(trial, fid, "forged.txt"):
            raise UnseenError("a URL without its capability was taken")
        if not sent.text:
            raise UnseenError("a URL without its capability was answered with nothing")
        said = "status" if sent.status >= 300 else "error" if sent.says_error else "neither"
        trial.saw("direct.error", said, f"HTTP {sent.status}, to a URL without its capability")
    with trial.about("direct.exact"):
        fid = await trial.stage.gallery("exact")
        url = await upload_url(trial, fid)
        sent = await trial.stage.post(_reordered(url), _CONTENT, name=trial.stage.name("reordered.txt"))
        control = await trial.stage.post(url, _CONTENT, name=trial.stage.name("control.txt"))
        if control.rid is None and not await _is_there(trial, fid, "control.txt"):
            raise UnseenError("to the byte as it was given it was not taken either")
        taken = sent.rid is not None or await _is_there(trial, fid, "reordered.txt")
        trial.saw(
            "direct.exact", "taken" if taken else "rejected", f"HTTP {sent.status}, its parameters in other order"
        )


async def upload_url(trial: Trial, fid: str | None = None) -> str:
    """Ask for an upload URL."""
    return str((await trial.call("asset.get_upload_url", fid=fid))["upload_url"])


async def _in_two(
    trial: Trial, fid: str, file_name: str, *, ends: int, ids: tuple[str, str] | None = None
) -> Posted | None:
    """Send a file in two chunks, and return the answer to the last; None where no such file came of it."""
    url, name, size = await upload_url(trial, fid), trial.stage.name(file_name), len(_CONTENT)
    posted = []
    for id, start, end in zip(ids or ("1", "1"), (0, _HALF), (_HALF, size), strict=True):
        range = f"bytes {start}-{end - ends}/{size}"
        unique_id = f"{trial.stage.run}-{file_name}-{id}"
        content = _CONTENT[start:end]
        posted.append(await trial.stage.post(url, content, name=name, range=range, unique_id=unique_id))
    first, last = posted
    if first.rid is not None:
        raise UnseenError("a part of a file was taken for the whole")
    return None if last.rejected or (last.rid is None and not await _is_there(trial, fid, file_name)) else last


async def _is_there(trial: Trial, fid: str, file_name: str) -> bool:
    name = trial.stage.name(file_name)
    return any(asset.filename == name for asset in await items(trial, fid)) or await found(trial, name) is not None


def _reordered(url: str) -> str:
    """Write the same parameters in another order."""
    address, _, query = url.partition("?")
    first, *rest = query.split("&")
    if not rest:
        raise UnseenError("the upload URL has one parameter alone, which has no order")
    return f"{address}?{'&'.join([*rest, first])}"
