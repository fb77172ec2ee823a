"""A socket that listens, or one clear sentence on why it cannot; and the URL that leads to it."""

from __future__ import annotations

import errno
import ipaddress
import socket
import sys
from typing import Final

from .mistakes import Mistake

__all__ = ["BACKLOG", "CannotListen", "listen", "url_of"]

BACKLOG: Final = 2048
"""Connections that may wait to be accepted."""


class CannotListen(Mistake, OSError):
    """The address is taken, forbidden or not of this machine: the text says which; `errno` as usual."""

    def __str__(self) -> str:
        return str(self.strerror)


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens on `host`:`port`, non-blocking; port 0 takes a free one. Raises CannotListen."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        if sys.platform != "win32":  # there, it would let two servers share a port
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, port))
        sock.listen(BACKLOG)
        sock.setblocking(False)
    except OSError as error:
        sock.close()
        raise CannotListen(error.errno, _why(error, host, port)) from error
    return sock


def _why(error: OSError, host: str, port: int) -> str:
    place = f"{host}:{port}"
    if error.errno == errno.EADDRINUSE:
        return f"cannot listen on {place}: the port is in use; choose another, or 0 for a free one"
    if error.errno == errno.EACCES:
        return f"cannot listen on {place}: not permitted; ports below 1024 usually need root"
    return f"cannot listen on {place}: {error.strerror or error}"


def url_of(host: str, port: int) -> str:
    """How a client on this machine reaches the server: an unspecified address becomes the loopback one."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return f"http://{host}:{port}"
    if address.is_unspecified:
        address = ipaddress.ip_address("127.0.0.1" if address.version == 4 else "::1")
    return f"http://[{address}]:{port}" if address.version == 6 else f"http://{address}:{port}"
