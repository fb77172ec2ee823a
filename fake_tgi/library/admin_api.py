"""Calls to the admin API of a fake in another process, over one connection that is kept."""

from __future__ import annotations

import http.client
import json
import threading
from typing import Any
from urllib.parse import urlsplit

from ..access import HEADER

__all__ = ["AdminApi", "AdminError"]


class AdminError(RuntimeError):
    """The admin API refused: `status` is the HTTP status, the text what it said."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class AdminApi:
    """The admin API of the fake at `base_url`. Threads share it. `timeout` in seconds, for each call."""

    def __init__(self, base_url: str, token: str | None = None, *, timeout: float = 30.0) -> None:
        parts = urlsplit(base_url)
        if parts.scheme not in ("http", "https") or parts.hostname is None:
            raise ValueError(f"base_url: expected a URL such as http://127.0.0.1:3000, got {base_url!r}")
        self._prefix = f"{parts.path.rstrip('/')}/__admin"
        self._headers = {"content-type": "application/json"}
        if token is not None:
            self._headers[HEADER.decode()] = token
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self._connection = kind(parts.hostname, parts.port, timeout=timeout)
        self._lock = threading.Lock()
        self._base_url = base_url

    def __call__(self, method: str, path: str, body: Any = None) -> Any:
        """The decoded answer. Raises AdminError, and OSError when nobody answers."""
        data = None if body is None else json.dumps(body).encode()
        with self._lock:
            status, answer = self._send(method, self._prefix + path, data)
        try:
            value = json.loads(answer)
        except ValueError:
            value = None
        if status < 400 and value is not None:
            return value
        told = value.get("error") if isinstance(value, dict) else None
        raise AdminError(
            status, told or f"{method} {path}: the admin API answered {status}, which is no fake's"
        )

    def close(self) -> None:
        """Gives the connection back."""
        with self._lock:
            self._connection.close()

    def __del__(self) -> None:
        connection = getattr(self, "_connection", None)
        if connection is not None:  # there is none if the URL was wrong
            connection.close()

    def _send(self, method: str, path: str, data: bytes | None) -> tuple[int, bytes]:
        kept = self._connection.sock is not None
        try:
            self._connection.request(method, path, data, self._headers)
            response = self._connection.getresponse()
            return response.status, response.read()
        except (http.client.HTTPException, ConnectionError) as error:
            self._connection.close()
            if not kept:
                raise ConnectionError(
                    f"{self._base_url}: expected a fake to answer, got {error or type(error).__name__}: "
                    "is it running, and is the address right?"
                ) from error
            return self._send(method, path, data)  # a kept connection may have been closed meanwhile
        except BaseException:
            self._connection.close()
            raise
