"""The webhooks: where events are sent to."""

from __future__ import annotations

from typing import Any

import httpx

from cincopa_async.testing._calls import Call, Endpoint, RefusedError
from cincopa_async.testing._records import HOOK_FACTS, Hook


def list_hooks(call: Call) -> dict[str, Any]:
    """List the hooks, without their keys."""
    return {
        "webhooks": [
            {"hook_url": hook.hook_url, "events": hook.events, "type": "slack" if hook.slack else "webhook"}
            for hook in call.account.hooks.values()
        ]
    }


def set_hook(call: Call) -> dict[str, Any]:
    """Make a hook, or change it; what is not named stays."""
    hook = _made(call, slack=False)
    hook.security_key = call.params.get("security_key", hook.security_key)
    return {}


def set_slack(call: Call) -> dict[str, Any]:
    """Make a hook that is sent what Slack shows."""
    _made(call, slack=True)
    return {}


def delete(call: Call) -> dict[str, Any]:
    """Drop a hook; what waits to be sent to it is not sent any more."""
    hook_url = call.required("hook_url")
    if hook_url not in call.account.hooks:
        raise RefusedError("The hook_url does not exist")
    if call.fact("webhook.delete.does") == "gone":
        del call.account.hooks[hook_url]
    return {}


def _made(call: Call, *, slack: bool) -> Hook:
    hook_url = call.required("hook_url")
    try:
        url = httpx.URL(hook_url)
    except httpx.InvalidURL as error:
        raise RefusedError("The hook_url is no URL") from error
    if url.scheme not in {"http", "https"} or not url.host:
        raise RefusedError("The hook_url is no http or https URL")
    hook = call.account.hooks.setdefault(hook_url, Hook(hook_url))
    hook.slack = slack
    hook.facts = {fact: call.fact(fact) for fact in HOOK_FACTS}
    # Without events it gets all: the documentation does not say that they must be named. Nobody knows which there are:
    # any word will do.
    hook.events = call.params.get("events") or hook.events
    return hook


ENDPOINTS = {
    "webhook.list": Endpoint(list_hooks),
    "webhook.set": Endpoint(set_hook),
    "webhook.set_slack": Endpoint(set_slack),
    "webhook.delete": Endpoint(delete),
}
