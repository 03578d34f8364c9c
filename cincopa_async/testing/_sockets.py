"""Sockets to listen on, and how to reset one."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import struct

_BACKLOG = 4096
# On, for no second: closing throws away what is unsent and resets the connection.
_LINGER_NOT = struct.pack("ii", 1, 0)


def refuse_remote(host: str) -> None:
    """Raise ValueError unless a host is on the loopback interface."""
    if not _is_loopback(host):
        raise ValueError(
            f"host {host!r} is not on the loopback interface; pass allow_remote=True to serve other machines"
        )


def listen(host: str, port: int) -> socket.socket:
    """Bind and listen: connections are taken from here on, be it that they wait."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol by name: asyncio sets TCP_NODELAY on no other connection, and an answer would wait 40 ms for an ACK.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(_BACKLOG)
        listener.settimeout(0)
    except OSError:
        listener.close()
        raise
    return listener


def base_url(listener: socket.socket) -> str:
    """Return the API's base URL on a listening socket."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}/v2/" if ":" in host else f"http://{host}:{port}/v2/"


def reset(transport: asyncio.Transport | asyncio.WriteTransport) -> None:
    """Close a connection so that its other end sees a reset."""
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
    transport.abort()


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
