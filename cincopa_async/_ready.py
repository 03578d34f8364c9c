"""How an asset is waited for: uploaded is not yet ready, for Cincopa makes the versions that it is shown by."""

from __future__ import annotations

import logging
import math
import re
from typing import TYPE_CHECKING, Literal

import anyio
from attrs import evolve

from ._calls import at_least
from .errors import (
    AssetNotReadyError,
    AssetTimeoutError,
    AuthenticationError,
    CincopaError,
    ClientClosedError,
    NotFoundError,
    PermissionDeniedError,
    ResponseDecodeError,
)
from .models import Asset
from .polling import LONGEST_PAUSE, UNKNOWN_TIMES, PollPolicy
from .resources._asset_calls import asset_of

if TYPE_CHECKING:
    from ._base import BaseClient
    from ._life import Life

# The words are not documented: the first is that of the event `asset.synced`, the others are what a service would say.
_READY = {"synced", "ready", "completed", "done"}
_FAILED = {"failed", "error", "syncfailed"}
_HOPELESS = (AssetNotReadyError, AuthenticationError, PermissionDeniedError, ClientClosedError)

_log = logging.getLogger("cincopa_async")


def readiness(syncstatus: str) -> Literal["ready", "failed", "not yet"]:
    """Say what a word means, compared without case, dashes and underscores; one that nobody knows is "not yet"."""
    plain = re.sub(r"[\s_-]", "", syncstatus).lower()
    if plain in _READY:
        return "ready"
    return "failed" if plain in _FAILED else "not yet"


class ReadyWait:
    """One wait for an asset to be ready. Nothing runs but within :meth:`run`."""

    def __init__(self, client: BaseClient, life: Life, rid: str, policy: PollPolicy) -> None:
        self._client = client
        self._life = life
        self._call = evolve(asset_of(rid), turn="later")
        self._rid = rid
        self._policy = policy
        self._wake = anyio.Event()
        self._wanted = math.inf
        self._closed = False
        self._said: str | None = None
        self._in_vain = 0
        self._retry_after = 0.0

    async def run(self, timeout: float | None) -> Asset:
        """Return the asset once it is ready: see :meth:`AssetGroup.wait_ready`."""
        at_least(0, "timeout", timeout)
        polls = 0
        with anyio.move_on_after(self._policy.deadline if timeout is None else timeout):
            while True:
                self._wanted = math.inf
                self._life.held(self)
                asset = await self._poll()
                if asset is not None:
                    return asset
                polls += 1
                await self._pause(polls)
        raise AssetTimeoutError(self._rid, self._said)

    async def _close(self) -> None:
        """End with the client."""
        self._closed = True
        self._wake.set()

    def _hurry(self, rid: str | None, at: float) -> bool:
        """Poll at `at`, if news of the asset `rid` may be of this one; say whether that is sooner than was wanted."""
        if rid not in (None, self._rid) or at >= self._wanted:
            return False
        self._wanted = at
        self._wake.set()
        return True

    async def _pause(self, polls: int) -> None:
        """Wait for the next poll, less long if it is wanted sooner, but for the policy's floor and a Retry-After."""
        polled = anyio.current_time()
        due = polled + max(self._policy.interval(polls), self._retry_after)
        earliest = polled + max(self._policy.floor, self._retry_after)
        while not self._closed and (left := min(due, max(self._wanted, earliest)) - anyio.current_time()) > 0:
            self._wake = anyio.Event()
            with anyio.move_on_after(left):
                await self._wake.wait()
        if self._closed:
            raise ClientClosedError

    async def _poll(self) -> Asset | None:
        """Ask once; None if the asset is not ready, or if that could not be asked."""
        self._retry_after = 0.0
        try:
            page = await self._client.send(self._call)
            return self._judged(next((asset for asset in page.items if asset.rid == self._rid), None))
        except CincopaError as error:
            self._in_vain += isinstance(error, NotFoundError)  # A fresh rid may be unknown for a moment.
            # Whatever else went wrong with a poll says nothing of the asset.
            if isinstance(error, _HOPELESS) or self._in_vain >= UNKNOWN_TIMES:
                raise
            self._retry_after = min(getattr(error, "retry_after", None) or 0.0, LONGEST_PAUSE)
            _log.info("asset %s: a poll failed in passing: %s", self._rid, error)
        except Exception as error:
            token = self._life.token
            if not (token.at_hand and token.raised(error)):  # One that never was had is no passing fault.
                raise
            _log.info("asset %s: a poll could not be sent: api_token failed (%s)", self._rid, type(error).__name__)
        return None

    def _judged(self, asset: Asset | None) -> Asset | None:
        """Return the asset if it is ready, or raise what there is to say of one that will not be."""
        if asset is None:
            raise NotFoundError(200, "the rid does not exist", self._call.name)
        if asset.syncstatus is None:
            self._in_vain += 1
            raise ResponseDecodeError(self._call.name, "the asset has no syncstatus: whether it is ready is not told")
        self._in_vain = 0
        self._said = asset.syncstatus
        state = readiness(asset.syncstatus)
        if state == "failed":
            raise AssetNotReadyError(self._rid, asset.syncstatus)
        return asset if state == "ready" else None
