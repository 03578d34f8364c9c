"""The live streams. All calls are GET, those that change something too."""

from __future__ import annotations

from typing import Any

from cincopa_async.testing._calls import Call, Endpoint, RefusedError
from cincopa_async.testing._records import Stream


def list_streams(call: Call) -> dict[str, Any]:
    """List the streams, in the order they were made."""
    return {
        "streams": [
            {"rid": stream.rid, "name": stream.name, "description": stream.description, "status": stream.status}
            for stream in call.account.streams.values()
        ]
    }


def create(call: Call) -> dict[str, Any]:
    """Make a stream, which is not live yet."""
    stream = Stream(call.account.new_id(), call.params.get("name", ""), call.params.get("description", ""))
    call.account.streams[stream.rid] = stream
    return {"rid": stream.rid}


def start(call: Call) -> dict[str, Any]:
    """Go live, or stay so."""
    _stream(call).status = "live"
    return {}


def stop(call: Call) -> dict[str, Any]:
    """End the broadcast, if there is one."""
    _stream(call).status = "idle"
    return {}


def reset(call: Call) -> dict[str, Any]:
    """Set a stream back to how it was made: not live. What else the service resets is not known."""
    return stop(call)


def delete(call: Call) -> dict[str, Any]:
    """Drop a stream."""
    del call.account.streams[_stream(call).rid]
    return {}


def _stream(call: Call) -> Stream:
    """Find a stream by its rid, which is called its id too: no parameter is documented."""
    rid = call.params.get("rid") or call.params.get("id")
    if not rid:
        raise RefusedError("The parameter rid or id is required")
    stream = call.account.streams.get(rid)
    if stream is None:
        raise call.unknown("rid")
    return stream


ENDPOINTS = {
    "live.list": Endpoint(list_streams),
    "live.create": Endpoint(create),
    "live.start": Endpoint(start),
    "live.stop": Endpoint(stop),
    "live.reset": Endpoint(reset),
    "live.delete": Endpoint(delete),
}
