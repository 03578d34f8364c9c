"""ping and token."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from cincopa_async.testing._account import permissions_text, read_permissions
from cincopa_async.testing._calls import Call, Endpoint
from cincopa_async.testing._contract import Value

_PERMISSIONS: Final[Mapping[Value, Callable[[Iterable[str]], str]]] = {"bars": permissions_text, "commas": ",".join}


def ping(call: Call) -> dict[str, Any]:
    """Say whose token it is."""
    accid = call.account.accid
    return {
        "ping": "pong",
        "accid": f"A4I{accid}",
        "accid_num": accid,
        "accemail": "account@example.com",
        "userid": f"U4I{accid}",
        "userid_num": accid + 1,
        "useremail": "user@example.com",
        "permissions": _PERMISSIONS[call.fact("permissions.form")](call.token.permissions[-1]),
        "ip": call.caller,
    }


def get_temp(call: Call) -> dict[str, Any]:
    """Make a token with an end, which can do no more than the one it is made with."""
    asked = read_permissions(call.params.get("permissions", ""))
    permissions = [*call.token.permissions, asked] if asked else call.token.permissions
    token = call.account.issue_token(permissions, ttl=call.number("ttl", int(call.fact("token.get_temp.ends"))))
    return {str(call.fact("token.get_temp.field")): token.value}


ENDPOINTS = {
    "ping": Endpoint(ping),
    "token.get_temp": Endpoint(get_temp),
}
