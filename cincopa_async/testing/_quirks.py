"""The quirks: what a service does that its documentation leaves out, switched on by name."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from threading import Lock
from typing import Any, Final, Literal, get_args

from ._contract import Contract, Value
from ._rules import Rule

QuirkName = Literal[
    "latency",
    "reset",
    "html_502",
    "retry_after",
    "server_error",
    "success_false",
    "latency_after",
    "reset_after",
    "html_502_after",
    "server_error_after",
    "empty_body",
    "truncated_json",
    "numbers_as_strings",
    "size_words",
    "unknown_sizes",
    "missing",
    "unknown_status_word",
    "fresh_id_unknown",
    "completed_without_resid",
    "early_resid",
    "abort_leaves",
    "failure_key",
    "failure_status",
    "permission_status",
    "upload_rejected",
    "unknown_sync_word",
    "sync_ends",
    "tag_counts",
    "token_field",
    "download_field",
    "folder_items",
    "cease_creates",
    "webhook_key",
    "webhook_no_event",
]
_GET_STATUS = "asset.upload_from_url_get_status"

# What each quirk can be told, with what it does when it is told nothing.
_OPTIONS: Final[Mapping[str, Mapping[str, Any]]] = {
    "latency": {"seconds": 0.05},
    "latency_after": {"seconds": 0.05},
    "html_502": {"status": 502},
    "html_502_after": {"status": 502},
    "retry_after": {"status": 429, "seconds": 1, "as_date": False},
    "server_error": {"status": 500},
    "server_error_after": {"status": 500},
    "success_false": {"message": "The request could not be processed"},
    "missing": {"field": "status_id"},
    "unknown_status_word": {"word": "transcoding", "state": "inprogress"},
    "fresh_id_unknown": {"polls": 1, "seconds": 0.0},
    "abort_leaves": {"state": "failed"},
    "failure_key": {"key": "error"},
    "failure_status": {"status": 404},
    "permission_status": {"status": 200},
    "upload_rejected": {"status": 403},
    "unknown_sync_word": {"word": "converting", "state": "syncing"},
    "sync_ends": {"state": "failed"},
    "token_field": {"field": "token"},
    "webhook_key": {"place": "query"},
    "download_field": {"field": "download_url"},
}

# The calls that a quirk can concern at all: `nth` counts only these where no call is named.
_CALLS: Final[Mapping[str, str]] = {
    "unknown_status_word": _GET_STATUS,
    "fresh_id_unknown": _GET_STATUS,
    "completed_without_resid": _GET_STATUS,
    "early_resid": _GET_STATUS,
    "abort_leaves": "asset.upload_from_url_abort",
    "upload_rejected": "post.jpg",
    "tag_counts": "asset.get_tags",
    "token_field": "token.get_temp",
    "download_field": "gallery.download",
    "folder_items": "gallery.get_items",
    "cease_creates": "portal.cease",
    "webhook_key": "webhook.set",
    "webhook_no_event": "webhook.set",
}


# The facts of the contract that quirks bend for some calls: to what an option of theirs says, or always to the same.
_OPTION_BENDS: Final[Mapping[str, tuple[frozenset[str], str]]] = {
    "failure_key": (frozenset({"failure.text"}), "key"),
    "failure_status": (frozenset({"failure.status"}), "status"),
    "permission_status": (frozenset({"permissions.status"}), "status"),
    "abort_leaves": (frozenset({"abort.leaves"}), "state"),
    "token_field": (frozenset({"token.get_temp.field", "upload.get_upload_token.field"}), "field"),
    "download_field": (frozenset({"gallery.download.field"}), "field"),
    "webhook_key": (frozenset({"webhook.key"}), "place"),
}
_BENDS: Final[Mapping[str, Mapping[str, Value]]] = {
    "success_false": {"failure.success": "false"},
    "numbers_as_strings": {"answers.numbers": "texts", "answers.runtime": "number as text"},
    "size_words": {"answers.sizes": "byte texts"},
    "unknown_sizes": {"answers.sizes": "unknown"},
    "completed_without_resid": {"status.resid": "missing"},
    "early_resid": {"status.resid_early": "early"},
    "tag_counts": {"asset.get_tags.shape": "map"},
    "folder_items": {"gallery.get_items.place": "folder.items"},
    "cease_creates": {"portal.cease.does": "creates"},
    "webhook_no_event": {"webhook.event": "nowhere"},
}


class Quirk:
    """
    One quirk, and the calls it concerns.

    Before the call acts:

    - ``latency(seconds)``: waits.
    - ``reset``: the connection is reset.
    - ``html_502(status)``: the HTML page of a proxy.
    - ``retry_after(status, seconds, as_date)``: 429 or 503 with a Retry-After of seconds, or as a date.
    - ``server_error(status)``: a failure of 500.
    - ``success_false(message)``: 200 with ``success: false``.

    After it has acted:

    - ``latency_after(seconds)``, ``reset_after``, ``html_502_after(status)``, ``server_error_after(status)``.
    - ``empty_body``: 200 with nothing in it. ``truncated_json``: half of the JSON, as a whole HTTP response.

    In what is answered:

    - ``numbers_as_strings``; ``size_words`` (``"62 byte"``) and ``unknown_sizes`` (-1) for sizes of files.
    - ``missing(field)``: without that field, or these.
    - ``unknown_status_word(word, state)``: another word for the state of an upload.
    - ``fresh_id_unknown(polls, seconds)``: an upload's id is unknown for its first polls, or until it is so old.
    - ``completed_without_resid``; ``early_resid``: a resid beside ``inprogress``, as in the documentation's example.
    - ``abort_leaves(state)``: what an aborted upload is from then on: ``failed``, or ``unknown`` for an unknown id.
    - ``failure_key(key)``: where the text of a failure stands: ``message`` unless told, ``error`` or ``more``.
    - ``failure_status(status)``, ``permission_status(status)``: the HTTP status of a failure (200 unless told), and of
      a call that the token does not allow (403 unless told).
    - ``upload_rejected(status)``: a direct upload is rejected, whatever its URL and its headers.
    - ``unknown_sync_word(word, state)``: another word for a syncstatus, ``syncing`` or ``synced``.
    - ``sync_ends(state)``: what the sync phase that an upload or resync brings about makes of its asset, instead of
      ``synced``; it never ends where that is ``syncing``.
    - ``tag_counts``: asset.get_tags answers a map. ``token_field(field)``: where a temporary token stands, or that of
      an invitation with ``call="upload.get_upload_token"``. ``download_field(field)``: where the link to
      an archive stands, ``url`` unless told. ``folder_items``: gallery.get_items answers ``folder.items``.
      ``cease_creates``: portal.cease makes a portal, as the name it has in the documentation says.

    In what hooks are sent that are set meanwhile:

    - ``webhook_key(place)``: the key stands in the ``query``, or ``nowhere``; unless told in the body.
    - ``webhook_no_event``: bodies about assets do not name the event.

    Args:
        name: Which quirk.
        call: Pattern of the calls it concerns (``"asset.*"``, ``"post.jpg"`` for direct uploads).
        nth: Which of the matching calls, by number from 1; a number or several.
        every: Each so many-th of the matching calls.
        rate: The part of the matching calls, picked by a dice with `seed`.
        seed: Of that dice.
        times: How often at most.
        options: As listed above.
    """

    def __init__(
        self,
        name: QuirkName,
        *,
        call: str | None = None,
        nth: int | Collection[int] | None = None,
        every: int | None = None,
        rate: float | None = None,
        seed: int = 0,
        times: int | None = None,
        **options: Any,
    ) -> None:
        if name not in get_args(QuirkName):
            raise ValueError(f"There is no quirk {name!r}; there are {', '.join(get_args(QuirkName))}")
        known = _OPTIONS.get(name, {})
        if unknown := sorted(options.keys() - known.keys()):
            raise TypeError(
                f"Quirk {name!r} takes no {', '.join(unknown)}; it takes {', '.join(known) or 'no options'}"
            )
        self.name: QuirkName = name
        self.options: dict[str, Any] = {**known, **options}
        self._rule = Rule(call=call or _CALLS.get(name, "*"), nth=nth, every=every, rate=rate, seed=seed, times=times)

    def applies(self, call: str) -> bool:
        """Count a call, and say whether the quirk concerns it."""
        return self._rule.applies(call)

    def bent(self, fact: str) -> Value | None:
        """Return what a fact of the contract is while the quirk is in force; None where it leaves that as it is."""
        facts, option = _OPTION_BENDS.get(self.name, (frozenset(), ""))
        return self.options[option] if fact in facts else _BENDS.get(self.name, {}).get(fact)

    def __repr__(self) -> str:
        return f"<Quirk {self.name} {self.options}>"


class Quirks:
    """All quirks in force. Set from a test's thread, looked at from a server's."""

    def __init__(self, quirks: Iterable[Quirk], contract: Contract) -> None:
        self._lock = Lock()
        self._contract = contract
        self._quirks = list(quirks)

    def add(self, quirk: Quirk) -> None:
        """Put a quirk in force."""
        with self._lock:
            self._quirks.append(quirk)

    def clear(self) -> None:
        """Lift all quirks."""
        with self._lock:
            self._quirks.clear()

    def of(self, call: str) -> Active:
        """Say which quirks concern the call that comes now; asked once a call, for it counts."""
        with self._lock:
            return Active([quirk for quirk in self._quirks if quirk.applies(call)], self._contract)


class Active:
    """What one call is like: the contract, and the quirks that bend it for this call."""

    def __init__(self, quirks: list[Quirk], contract: Contract) -> None:
        self._quirks = quirks
        self.contract = contract

    def __contains__(self, name: QuirkName) -> bool:
        return any(quirk.name == name for quirk in self._quirks)

    def fact(self, id: str) -> Value:
        """Return what a fact of the contract is: as the latest quirk that bends it says, else as the contract does."""
        for quirk in reversed(self._quirks):
            value = quirk.bent(id)
            if value is not None:
                return value
        return self.contract[id]

    def get(self, name: QuirkName, option: str, default: Any) -> Any:
        """Return what the latest quirk of that name says, `default` where there is none."""
        for quirk in reversed(self._quirks):
            if quirk.name == name:
                return quirk.options[option]
        return default

    def among(self, names: Collection[str]) -> list[Quirk]:
        """Return the quirks of these names, in the order they were set."""
        return [quirk for quirk in self._quirks if quirk.name in names]
