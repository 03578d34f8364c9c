"""Trials of tokens that end, and of those that may do little; and of what they open."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import anyio

from ._answer import Answer
from ._trial import Trial
from ._unseen import UnseenError

_TOKEN_FIELDS: Final = ("api_token", "token", "temp_token")
_UPLOAD_TOKEN_FIELDS: Final = ("upload_token", "token", "api_token")
_SHORT_SECONDS: Final = 2
_MARGIN_SECONDS: Final = 1.0
"""How much later than told a token may end."""
_ENVELOPE: Final = frozenset({"success", "runtime"})


async def limited(trial: Trial) -> None:
    """Make a token that may list assets alone, and have it list galleries."""
    with trial.about("token.get_temp.*", "permissions.status", "permissions.text"):
        token = await _temporary(trial, ttl=60, permissions="|asset.list|")
        allowed = await trial.probe("asset.list", token=token, items_per_page=1)
        if allowed.error is not None:
            raise UnseenError("a token for asset.list alone may not list assets")
        await trial.do("gallery.list", items_per_page=1)
        refusal = await trial.probe("gallery.list", token=token, items_per_page=1)
        refusal.heard()
        seen = "a token for asset.list alone may list galleries"
        if refusal.error is None:
            trial.saw("token.get_temp.takes.permissions", "ignored", seen)
            raise UnseenError(seen)
        trial.saw("token.get_temp.takes.permissions", "taken", "gallery.list is refused to a token for asset.list")
        trial.saw("permissions.status", refusal.status, f"HTTP {refusal.status}")
        _, text = refusal.text()
        speaks = any(word in text.lower() for word in ("permission", "not allowed", "access denied"))
        trial.saw("permissions.text", "permissions" if speaks else "token", "of gallery.list")


async def short(trial: Trial) -> None:
    """Make a token that ends soon, and use it before and after."""
    with trial.about("token.get_temp.takes.ttl"):
        token = await _temporary(trial, ttl=_SHORT_SECONDS)
        before = await trial.probe("ping", token=token)
        before.heard()
        if before.error is not None:
            raise UnseenError("a new token is not taken")
        await anyio.sleep(_SHORT_SECONDS + _MARGIN_SECONDS)
        after = await trial.probe("ping", token=token)
        how = "taken" if after.error is None else "refused"
        trial.taken("token.get_temp.takes.ttl", after.error is not None, f"{how} after its {_SHORT_SECONDS} s")


async def invitation(trial: Trial) -> None:
    """Look at the page on which others upload into a gallery, and at the token that opens it."""
    with trial.about("upload.get_upload_token.*"):
        answer = await trial.do("upload.get_upload_token", fid=await trial.props.gallery())
        _field_of_token(trial, "upload.get_upload_token.field", answer, _UPLOAD_TOKEN_FIELDS)
    with trial.about("upload.iframe.*"):
        fid = await trial.props.gallery()
        answer = await trial.page("upload.iframe", fid=fid)
        if answer.refused:
            without = await trial.page("upload.iframe")
            if without.refused and without.text() == answer.text():
                trial.saw("upload.iframe.takes.fid", "ignored", "refused with a gallery as without one")
            raise UnseenError("upload.iframe refuses a gallery that there is")
        is_html = answer.page is not None and "<html" in answer.page.lower()
        trial.saw("upload.iframe.page", "HTML" if is_html else "JSON" if answer.page is None else "text")
        if not (answer.page and any(mark in answer.page for mark in (fid, trial.stage.run))):
            raise UnseenError("the page does not show whose it is")
        trial.saw("upload.iframe.takes.fid", "taken", "the page is about that gallery")


async def _temporary(trial: Trial, **params: str | int) -> str:
    answer = await trial.do("token.get_temp", **params)
    return _field_of_token(trial, "token.get_temp.field", answer, _TOKEN_FIELDS)


def _field_of_token(trial: Trial, id: str, answer: Answer, known: Sequence[str]) -> str:
    """Find the token in an answer, in a field that nobody thought of too."""
    others = [name for name in answer.body if name not in _ENVELOPE]
    for name in [*known, *others]:
        value = answer.body.get(name)
        if isinstance(value, str) and value:
            trial.saw(id, name)
            return value
    raise UnseenError(f"{answer.call} answered no token")
