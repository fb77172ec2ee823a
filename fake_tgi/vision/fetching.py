"""One image from the network: a GET that follows redirects and reads no more than it may.

What goes wrong is told as the Rust library `reqwest` tells it. The status does not count: whatever the answer
holds is looked at. It blocks: do not call it on an event loop.
"""

from __future__ import annotations

import base64
import http.client
import socket
import ssl
from typing import Final

from .urls import Address, AddressError, parse

__all__ = ["FetchError", "fetch"]

_PATIENCE: Final = 30.0
"""Seconds."""

_REDIRECTS: Final = (301, 302, 303, 307, 308)
_MOST_REDIRECTS: Final = 10
_ENDED: Final = "end of file before message length reached"


class FetchError(Exception):
    """No image came; the message is what the router says behind `Input validation error: `."""


def fetch(url: str, most: int) -> bytes:
    """What stands at `url`, at most `most` bytes. Raises FetchError."""
    address, redirects = _parsed(url, None), 0
    while True:
        connection = _connected(address)
        try:
            response = _asked(connection, address)
            location = response.getheader("location")
            if response.status not in _REDIRECTS or location is None:
                return _read(response, most)
            redirects += 1
            if redirects > _MOST_REDIRECTS:
                raise FetchError(
                    "Could not fetch image: "
                    f"error following redirect for url ({address.text}): too many redirects"
                )
            address = _parsed(address.join(location), address)
        finally:
            connection.close()


def _parsed(url: str, origin: Address | None) -> Address:
    place = f" for url ({origin.text})" if origin is not None else ""
    try:
        return parse(url)
    except AddressError as error:
        reason = "URL scheme is not allowed" if origin is not None else error
        raise FetchError(f"Could not fetch image: builder error{place}: {reason}") from None


def _unsent(address: Address, reason: object) -> FetchError:
    return FetchError(f"Could not fetch image: error sending request for url ({address.text}): {reason}")


def _connected(address: Address) -> http.client.HTTPConnection:
    connection: http.client.HTTPConnection
    if address.scheme == "https":
        connection = http.client.HTTPSConnection(address.host, address.port, timeout=_PATIENCE)
    else:
        connection = http.client.HTTPConnection(address.host, address.port, timeout=_PATIENCE)
    try:
        connection.connect()
    except socket.gaierror as error:
        reason = f"dns error: failed to lookup address information: {error.strerror}"
    except TimeoutError:
        raise _unsent(address, "operation timed out") from None
    except ssl.SSLEOFError:
        reason = "unexpected EOF"
    except ssl.SSLError as error:
        reason = str(error)
    except (OSError, UnicodeError) as error:
        number = getattr(error, "errno", None)
        reason = f"tcp connect error: {getattr(error, 'strerror', None) or error} (os error {number})"
    else:
        return connection
    raise _unsent(address, f"error trying to connect: {reason}")


def _asked(connection: http.client.HTTPConnection, address: Address) -> http.client.HTTPResponse:
    try:
        connection.putrequest("GET", address.target, skip_accept_encoding=True)
        connection.putheader("accept", "*/*")
        if address.credentials is not None:
            connection.putheader(
                "authorization", f"Basic {base64.b64encode(address.credentials.encode()).decode()}"
            )
        connection.endheaders()
        return connection.getresponse()
    except TimeoutError:
        reason = "operation timed out"
    except (http.client.RemoteDisconnected, ConnectionError):
        reason = "connection closed before message completed"
    except http.client.BadStatusLine:
        reason = "invalid HTTP version parsed"
    except (http.client.HTTPException, OSError, ValueError) as error:
        reason = str(error)
    raise _unsent(address, reason)


def _read(response: http.client.HTTPResponse, most: int) -> bytes:
    if response.length is not None and response.length > most:
        raise _too_large(response.length, most)
    try:
        data = response.read(most + 1)
    except TimeoutError:
        reason = "operation timed out"
    except http.client.IncompleteRead as error:
        cause: BaseException | None = error
        while isinstance(cause, http.client.IncompleteRead):
            cause = cause.__context__
        odd = isinstance(cause, ValueError)
        reason = "Invalid chunk size line: missing size digit" if odd else _ENDED
    except (http.client.HTTPException, OSError, ValueError) as error:
        reason = str(error)
    else:
        if len(data) > most:
            raise _too_large(len(data), most)
        if response.length:
            reason = _ENDED
        else:
            return data
    raise FetchError(
        "Failed to read image data: request or response body error: "
        f"error reading a body from connection: {reason}"
    )


def _too_large(size: int, most: int) -> FetchError:
    return FetchError(f"Image size {size} bytes exceeds maximum allowed size of {most} bytes")
