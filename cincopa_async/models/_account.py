"""An account, and the tokens that it gives out."""

from __future__ import annotations

from typing import Any

from attrs import field, frozen

from ._wire import HoldsSecret, sent_as


@frozen(kw_only=True)
class Account:
    """Whose token it is, and what it may do: the answer of ``ping``."""

    ping: str | None = None
    """The word ``pong``."""
    accid: str | None = None
    accid_num: int | None = None
    accemail: str | None = None
    userid: str | None = None
    userid_num: int | None = None
    useremail: str | None = None
    permissions: str | None = None
    """What the token may do, as Cincopa writes it: ``|asset.*|gallery.list|``."""
    ip: str | None = None
    """The address that Cincopa saw the call come from."""
    extra: dict[str, Any] = field(factory=dict, repr=False)

    def allows(self, call: str) -> bool | None:
        """Say whether `permissions` cover a call such as ``asset.list``; None where Cincopa did not tell them."""
        if self.permissions is None:
            return None
        group = call.partition(".")[0]
        granted = {word.strip() for word in self.permissions.split("|")}
        return not granted.isdisjoint({call, f"{group}.*", group, "*", "*.*"})


@frozen(kw_only=True)
class TemporaryToken(HoldsSecret):
    """A token that ends by itself, for code that must not hold the account's own."""

    value: str = field(repr=False, metadata=sent_as("api_token", "token", "temp_token"))
    """The token; not in the repr."""
    extra: dict[str, Any] = field(factory=dict, repr=False)


@frozen(kw_only=True)
class UploadToken(HoldsSecret):
    """A token that opens the invitation page of one gallery."""

    value: str = field(repr=False, metadata=sent_as("upload_token", "token", "api_token"))
    """The token; not in the repr."""
    extra: dict[str, Any] = field(factory=dict, repr=False)
