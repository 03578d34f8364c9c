"""
The portals: subdomains of the account.

No parameter is documented: a name stands under `name` or `subdomain`, a new one under `new_name`, `new_subdomain` or
`to`. Subdomains know no upper case.
"""

from __future__ import annotations

import re
from typing import Any

from cincopa_async.testing._calls import Call, Endpoint, RefusedError
from cincopa_async.testing._records import Portal

_NAME = ("name", "subdomain")
_NEW_NAME = ("new_name", "new_subdomain", "to")
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


def check(call: Call) -> dict[str, Any]:
    """Say whether there is a portal of that name, and how it is."""
    name = _name(call, _NAME)
    portal = call.account.portals.get(name)
    return {"name": name, "exists": False} if portal is None else {**_described(portal), "exists": True}


def cease(call: Call) -> dict[str, Any]:
    """
    Take a portal out of service without deleting it.

    The documentation calls it "create subdomain if available", and describes it as deactivating. Two of three speak for
    the latter, the description and the verb itself, and portal.set is there to create.
    """
    if call.fact("portal.cease.does") == "creates":
        name = _available(call, _NAME)
        call.account.portals[name] = Portal(name)
    else:
        _portal(call).active = False
    return {}


def rename(call: Call) -> dict[str, Any]:
    """Give a portal another name, one that is free."""
    portal, name = _portal(call), _available(call, _NEW_NAME)
    del call.account.portals[portal.name]
    portal.name = name
    call.account.portals[name] = portal
    return {}


def remove(call: Call) -> dict[str, Any]:
    """Drop a portal for good."""
    del call.account.portals[_portal(call).name]
    return {}


def set_portal(call: Call) -> dict[str, Any]:
    """Make a portal, or change it, with any properties; one out of service is back."""
    name = _name(call, _NAME)
    portal = call.account.portals.setdefault(name, Portal(name))
    portal.active = True
    portal.meta.update({name: value for name, value in call.params.items() if name not in _NAME})
    return {}


def list_portals(call: Call) -> dict[str, Any]:
    """List the portals, in the order they were made or renamed."""
    return {"portals": [_described(portal) for portal in call.account.portals.values()]}


def _name(call: Call, parameters: tuple[str, ...]) -> str:
    name = next((call.params[parameter] for parameter in parameters if call.params.get(parameter)), None)
    if name is None:
        raise RefusedError(f"The parameter {' or '.join(parameters)} is required")
    if not _LABEL.fullmatch(name.lower()):
        raise RefusedError(f"The {parameters[0]} is no subdomain")
    return name.lower()


def _portal(call: Call) -> Portal:
    portal = call.account.portals.get(_name(call, _NAME))
    if portal is None:
        raise RefusedError("The portal does not exist")
    return portal


def _available(call: Call, parameters: tuple[str, ...]) -> str:
    name = _name(call, parameters)
    if name in call.account.portals:
        raise RefusedError(f"The {parameters[0]} is not available")
    return name


def _described(portal: Portal) -> dict[str, Any]:
    return {**portal.meta, "name": portal.name, "status": "active" if portal.active else "inactive"}


ENDPOINTS = {
    "portal.check": Endpoint(check),
    "portal.cease": Endpoint(cease),
    "portal.rename": Endpoint(rename),
    "portal.remove": Endpoint(remove),
    "portal.set": Endpoint(set_portal),
    "portal.list": Endpoint(list_portals),
}
