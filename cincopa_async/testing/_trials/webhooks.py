"""Trials of webhooks: how they are set and dropped, and what they are sent where that can be received."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any, Final, Self
from urllib.parse import parse_qsl, urlsplit

import anyio

from ._listener import Came
from ._marks import name_of_hook
from ._trial import Trial
from ._unseen import UnseenError

_NOWHERE: Final = "https://cincopa-async-contract.invalid/hook"
"""What nothing can be sent to: names under `.invalid` resolve nowhere (RFC 2606)."""
_EVENTS_SECONDS = 60.0
_TICK_SECONDS = 0.2
_KEY: Final = "cincopa-async-contract-key"
_FIELDS: Final = frozenset({"id", "filename", "modified"})


async def listed(trial: Trial) -> None:
    """Look at the hooks that there are."""
    with trial.about("webhook.list.*"):
        (await trial.call("webhook.list"))["webhooks"]


async def declared(trial: Trial) -> None:
    """Set hooks that nothing is sent to, and drop them again."""
    with trial.about("webhook.set.*", "webhook.delete.*", "webhook.list.*"):
        hook_url = trial.stage.hook_url(_NOWHERE, "set")
        trial.stage.hooked(hook_url)
        if (await trial.call("webhook.set", hook_url=hook_url, events="asset.uploaded")).refused:
            raise UnseenError("a hook could not be set")
        hook = await _hook(trial, hook_url)
        if hook is None:
            raise UnseenError("a hook that was set is not listed")
        _look_at_events(trial, "webhook.set", hook)
        await _delete(trial, hook_url)
    with trial.about("webhook.set_slack.*"):
        await _slack(trial)


async def told(trial: Trial) -> None:
    """Have the service tell of an asset, and look at what comes."""
    with trial.about(
        "webhook.body", "webhook.key", "webhook.event", "webhook.rid", "webhook.wildcards", "webhook.uploaded"
    ):
        if trial.hook is None:
            raise UnseenError("give hook_url and hook_port, by which the service reaches this machine")
        name = "told.txt"
        one, every = (trial.stage.hook_url(trial.hook.url, about) for about in ("uploaded", "every"))
        async with trial.hook.listening() as came:
            await _set(trial, one, "asset.uploaded")
            await _set(trial, every, "asset.*")
            rid = await trial.stage.asset(name, b"cincopa async")
            marks = {rid, trial.stage.name(name)}
            await _wait(lambda: _events(came, one, marks) and _events(came, every, marks))
            for hook_url in (one, every):
                await trial.call("webhook.delete", hook_url=hook_url)
        _look(trial, _events(came, one, marks), _events(came, every, marks), rid)


async def _wait(enough: Callable[[], object]) -> None:
    """Wait until there is enough, or no more to be hoped for."""
    with anyio.move_on_after(_EVENTS_SECONDS):
        while not enough():  # noqa: ASYNC110 - what comes, comes in threads of the listener's
            await anyio.sleep(_TICK_SECONDS)


def _look(trial: Trial, one: Sequence[Told], every: Sequence[Told], rid: str) -> None:
    first = next(iter([*one, *every]), None)
    if first is None:
        raise UnseenError("nothing came within a minute: can the service reach this machine by the URL?")
    trial.saw("webhook.uploaded", "asset.uploaded" if one else "nothing", "sent to a hook for it")
    trial.saw("webhook.wildcards", "taken" if every else "not taken", "sent to a hook for asset.*")
    trial.saw("webhook.key", first.place_of(_KEY), "of a hook that has one")
    trial.saw("webhook.body", first.form, "of an event about an asset")
    if not first.fields:
        raise UnseenError("the body cannot be read")
    trial.saw("webhook.rid", first.name_of({rid}, ("drid", "rid")), "of an event about an asset")
    names = {"asset.uploaded", "asset.updated", "asset.synced"}
    trial.saw("webhook.event", first.name_of(names, ("event", "type")), "of an event about an asset")


@dataclass(frozen=True, slots=True)
class Told:
    """What a hook was sent of an asset."""

    came: Came
    fields: Mapping[str, Any]
    form: str
    """How its body is written."""

    @classmethod
    def of(cls, came: Came) -> Self:
        """Read what came."""
        text = came.body.decode("utf-8", "replace")
        try:
            fields = json.loads(text)
            form = "JSON"
        except ValueError:
            fields, form = dict(parse_qsl(text)), "form"
        if not isinstance(fields, dict) or not fields.keys() >= _FIELDS:
            return cls(came, {}, "XML" if text.lstrip().startswith("<") else "another")
        return cls(came, fields, form)

    def place_of(self, key: str) -> str:
        """Say where a key stands."""
        if key in map(str, self.fields.values()):
            return "body"
        if key in (value for _, value in parse_qsl(urlsplit(self.came.target).query)):
            return "query"
        return "header" if any(key in value for _, value in self.came.headers) else "nowhere"

    def name_of(self, values: Set[str], names: Sequence[str]) -> str:
        """Return the name of the field that has one of these values."""
        return next((name for name in names if self.fields.get(name) in values), "nowhere")


def _events(came: Sequence[Came], hook_url: str, marks: Set[str]) -> list[Told]:
    """Return what came to a hook about an asset, by its rid or its file's name, or what cannot be read at all."""
    hook = name_of_hook(hook_url)
    told = [Told.of(request) for request in list(came) if name_of_hook(request.target) == hook]
    return [each for each in told if not each.fields or not marks.isdisjoint(map(str, each.fields.values()))]


async def _delete(trial: Trial, hook_url: str) -> None:
    with trial.about("webhook.delete.*"):
        if not (await trial.call("webhook.delete", hook_url=hook_url)).refused:
            trial.saw("webhook.delete.spelling", "webhook.delete", "the call was answered")
            gone = await _is_gone(trial, hook_url)
            trial.saw("webhook.delete.does", "gone" if gone else "nothing", "looked for in the list")
            return
        await trial.client.call("webhhook.delete", method="POST", hook_url=hook_url)
        if not await _is_gone(trial, hook_url):
            raise UnseenError("refused, by either spelling")
        trial.saw("webhook.delete.spelling", "webhhook.delete", "refused by the other spelling")


async def _slack(trial: Trial) -> None:
    call = "webhook.set_slack"
    hook_url = trial.stage.hook_url(_NOWHERE, "slack")
    trial.stage.hooked(hook_url)
    answer = await trial.call(call, hook_url=hook_url, events="asset.uploaded")
    if answer.refused:
        bare = await trial.probe(call, events="asset.uploaded")
        if not bare.refused or bare.text() != answer.text():
            raise UnseenError("a hook for Slack that leads nowhere is refused")
        trial.saw(f"{call}.takes.hook_url", "ignored", "refused with it as without it")
        return
    hook = await _hook(trial, hook_url)
    if hook is None:
        raise UnseenError("a hook for Slack is not listed")
    trial.saw(f"{call}.takes.hook_url", "taken", "it is listed")
    _look_at_events(trial, call, hook)
    await trial.call("webhook.delete", hook_url=hook_url)
    await _is_gone(trial, hook_url)


async def _set(trial: Trial, hook_url: str, events: str) -> None:
    trial.stage.hooked(hook_url)
    if (await trial.call("webhook.set", hook_url=hook_url, events=events, security_key=_KEY)).refused:
        raise UnseenError("a hook could not be set")


async def _is_gone(trial: Trial, hook_url: str) -> bool:
    gone = await _hook(trial, hook_url) is None
    if gone:
        trial.stage.unhooked(hook_url)
    return gone


async def _hook(trial: Trial, hook_url: str) -> Mapping[str, Any] | None:
    """Find a hook in the list by its mark, however its URL is written there."""
    hooks = (await trial.call("webhook.list"))["webhooks"]
    name = name_of_hook(hook_url)
    return next((hook for hook in hooks if name_of_hook(str(hook.get("hook_url") or hook.get("url"))) == name), None)


def _look_at_events(trial: Trial, call: str, hook: Mapping[str, Any]) -> None:
    with trial.about(f"{call}.takes.events"):
        if "events" not in hook:
            raise UnseenError("the list does not tell a hook's events")
        events = hook["events"]
        words = events.split(",") if isinstance(events, str) else events
        trial.taken(f"{call}.takes.events", [word.strip() for word in words] == ["asset.uploaded"], "in the list")
