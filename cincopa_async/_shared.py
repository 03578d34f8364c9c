"""What the items of one batch have in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import anyio
from attrs import Attribute, field, frozen, validators

from ._describing import AssetMeta
from ._existing import Existing
from ._halting import STREAK, is_outage
from ._items import UploadItem
from ._outcomes import UploadOutcome
from ._seen import SeenKeys
from ._tally import Tally
from .errors import CincopaError
from .jobs import OnCancel
from .polling import PollPolicy
from .stores import UploadStore

if TYPE_CHECKING:
    from ._base import BaseClient

IfUnknown: TypeAlias = Literal["report", "restart"]
"""What is done with an item of which nobody knows whether it was started: tell so, or start it again."""

IfExists: TypeAlias = Literal["upload", "skip"]
"""What is done with an item whose reference_id an asset carries already: upload it all the same, or not."""


def _one_of(*words: str) -> Callable[[object, Attribute[Any], Any], None]:
    def check(_: object, attribute: Attribute[Any], value: object) -> None:
        if value not in words:
            raise ValueError(f"{attribute.name} must be {' or '.join(map(repr, words))}")

    return check


def _count(_: object, attribute: Attribute[Any], value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError(f"{attribute.name} must be a whole number of 1 or more")


@frozen(kw_only=True)
class Options:
    """How a batch is to be done."""

    max_active: int = field(validator=_count)
    on_cancel: OnCancel = field(validator=_one_of("abort", "detach"))
    poll: PollPolicy | None = field(validator=validators.optional(validators.instance_of(PollPolicy)))
    item_attempts: int = field(validator=_count)
    unknown: IfUnknown = field(validator=_one_of("report", "restart"))
    if_exists: IfExists = field(validator=_one_of("upload", "skip"))


class HaltError(Exception):
    """What befell an item concerns all. Within a batch only; its caller gets a BatchHaltedError."""

    def __init__(self, reason: str, outcome: UploadOutcome | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.outcome: UploadOutcome | None = outcome
        """That of the item, where it has one all the same."""


class StartPlace:
    """
    The right of one item to be reserved and started, until its start is answered.

    There are as many as the client has slots. More would start no sooner; and what is reserved when the process is
    killed is unknown to the next one, be it that its start was not sent yet.
    """

    def __init__(self, places: anyio.Semaphore) -> None:
        self._places = places
        self._taken = False

    async def take(self) -> None:
        """Wait for the place, unless it is taken already."""
        if not self._taken:
            await self._places.acquire()
            self._taken = True

    def free(self) -> None:
        """Leave the place to others, if it is taken."""
        if self._taken:
            self._taken = False
            self._places.release()


class Shared:
    """Who sends the items of a batch, what is kept of them, how it is to be done, and what has befallen them."""

    def __init__(self, client: BaseClient, store: UploadStore | None, options: Options) -> None:
        self.client: BaseClient = client
        self.store: UploadStore | None = store
        self.options: Options = options
        self.existing: Existing = Existing(client)
        self.seen: SeenKeys = SeenKeys()
        self._references = SeenKeys()
        self.tally: Tally = Tally()
        self.line: anyio.Lock = anyio.Lock(fast_acquire=True)
        """Held by the one call of this batch, polls apart, that stands in line for a slot."""
        self._starts = anyio.Semaphore(client._life.size, fast_acquire=True)
        self.patience: float = (options.poll or client._poll).deadline
        """Seconds for which a start is tried again that the service wants later."""
        self._streak = 0

    def place(self) -> StartPlace:
        """Return the place of one item among those that are being started, which is not taken yet."""
        return StartPlace(self._starts)

    def is_first(self, item: UploadItem) -> bool:
        """Take in an item, and say whether none of the run came before it with its reference_id, where that matters."""
        if self.options.if_exists == "upload" or not isinstance(item.meta, AssetMeta) or not item.meta.reference_id:
            return True
        return self._references.add(item.meta.reference_id)

    def start_succeeded(self) -> None:
        """Note that a start went well: the service is there."""
        self._streak = 0

    def start_failed(self, error: CincopaError) -> None:
        """
        Note that a start failed.

        Raises:
            HaltError: So did the ones before it, and it is the service that fails.
        """
        if not is_outage(error):
            return
        self._streak += 1
        if self._streak >= STREAK:
            raise HaltError(f"{self._streak} starts running have failed, the last one so: {error}")
