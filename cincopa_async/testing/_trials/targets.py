"""Trials of what an upload URL can be asked to be for."""

from __future__ import annotations

from urllib.parse import unquote

import anyio

from ._looking import found, is_in
from ._trial import Trial
from ._unseen import UnseenError
from .direct import upload_url

_CALL = "asset.get_upload_url"
_CONTENT = b"cincopa async"
_NOBODY = "192.0.2.1"
"""An address that is kept for documents (RFC 5737): no call comes from it."""


async def targets(trial: Trial) -> None:
    """Ask for URLs that are good for something only."""
    with trial.about(f"{_CALL}.takes.fid"):
        fid = await trial.stage.gallery("target")
        rid = await _made_at(trial, await upload_url(trial, fid), "target.txt")
        trial.taken(f"{_CALL}.takes.fid", await is_in(trial, fid, rid), "looked for in the gallery")
    with trial.about(f"{_CALL}.takes.ttl"):
        urls = [str((await trial.call(_CALL, ttl=ttl))["upload_url"]) for ttl in (1, None)]
        await anyio.sleep(2.5)
        late, control = [await _is_taken(trial, url, f"late-{number}.txt") for number, url in enumerate(urls)]
        if not control:
            raise UnseenError("a URL without end was not taken either")
        trial.taken(f"{_CALL}.takes.ttl", not late, "used when its time was over")
    with trial.about(f"{_CALL}.takes.sourceip"):
        urls = [str((await trial.call(_CALL, sourceip=ip))["upload_url"]) for ip in (_NOBODY, None)]
        foreign, control = [await _is_taken(trial, url, f"from-{number}.txt") for number, url in enumerate(urls)]
        if not control:
            raise UnseenError("a URL for any address was not taken either")
        trial.taken(f"{_CALL}.takes.sourceip", not foreign, "used from another address")
    await _attached(trial)


async def _attached(trial: Trial) -> None:
    with trial.about(f"{_CALL}.takes.rid", f"{_CALL}.takes.type"):
        rid = await trial.stage.asset("attached-to.mp4", _CONTENT)
        typed = await trial.call(_CALL, rid=rid, type="thumb")
        bare = await trial.probe(_CALL, rid=rid)
        if typed.refused and bare.refused and typed.text() == bare.text():
            trial.saw(f"{_CALL}.takes.type", "ignored", "refused with it as without it")
        url = unquote(str(typed["upload_url"]))
        if bare.refused or f"{rid}:thumb" in url:
            trial.saw(f"{_CALL}.takes.type", "taken", "refused without it" if bare.refused else "the URL names it")
        unknown = await trial.probe(_CALL, rid=f"none-{trial.stage.run}", type="thumb")
        if unknown.refused or rid in url:
            trial.saw(f"{_CALL}.takes.rid", "taken", "an unknown one is refused" if unknown.refused else "in the URL")
            return
        name = trial.stage.name("attached.png")
        await trial.stage.post(str(typed["upload_url"]), _CONTENT, name=name)
        if await found(trial, name) is None:
            raise UnseenError("an unknown rid is not refused, and the file is not listed")
        trial.saw(f"{_CALL}.takes.rid", "ignored", "the file is an asset of its own, and an unknown rid is not refused")


async def _made_at(trial: Trial, url: str, file_name: str) -> str:
    name = trial.stage.name(file_name)
    sent = await trial.stage.post(url, _CONTENT, name=name)
    asset = None if sent.rid is not None else await found(trial, name)
    rid = sent.rid or (asset.rid if asset is not None else None)
    if rid is None:
        raise UnseenError(f"the file was not taken: HTTP {sent.status}")
    trial.stage.made(rid)
    return rid


async def _is_taken(trial: Trial, url: str, file_name: str) -> bool:
    name = trial.stage.name(file_name)
    sent = await trial.stage.post(url, _CONTENT, name=name)
    return sent.rid is not None or await found(trial, name) is not None
