"""Where the server is and how it is reached: the URL, the key, a proxy.

The key comes from the environment and stays in `Target`; it is shown nowhere, and what a server sends back
of it is redacted. `TGI_TOKEN` was set for this
server and goes to it; `HF_TOKEN` is often set for something else, so it goes only over TLS or to this
machine.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from ..recordings.redaction import Redactor
from .errors import TargetError

__all__ = ["Target", "read_target"]

_PORTS: Final = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Target:
    """A server. `prefix` is the path that stands before every route's, "" or `/so/on`."""

    scheme: str
    host: str
    port: int
    prefix: str = ""
    key: str | None = field(default=None, repr=False)
    key_name: str | None = None
    proxy: tuple[str, int] | None = None
    notices: tuple[str, ...] = ()

    @property
    def authority(self) -> str:
        """Host and port as a Host header has them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        """The whole, without a slash at the end. It has no secret."""
        return f"{self.scheme}://{self.authority}{self.prefix}"

    def path(self, route: str) -> str:
        """What is asked for: a route's path behind the prefix. `/` behind a prefix is the prefix itself."""
        return self.prefix if route == "/" and self.prefix else self.prefix + route

    def redactor(self) -> Redactor:
        """Takes our key out of anything, and what else has the name or the form of a secret."""
        redactor = Redactor([re.escape(self.key)] if self.key else [])
        redactor.learn([("authorization", f"Bearer {self.key}")] if self.key else [])
        return redactor


def read_target(url: str, environment: Mapping[str, str]) -> Target:
    """The server at a URL: `http://host:port`, `https://host/prefix`, or `host:port` for http.

    Raises TargetError.
    """
    if not url.isprintable() or " " in url:
        raise TargetError(f"expected a URL such as http://localhost:8080, got {url!r}")
    parts = urlsplit(url if "://" in url else f"http://{url}")
    if parts.scheme not in _PORTS or not parts.hostname:
        raise TargetError(f"expected a URL such as http://localhost:8080, got {url!r}")
    if parts.username is not None or parts.query or parts.fragment:
        raise TargetError(
            "the URL may have a host, a port and a path only; a key belongs in the variable TGI_TOKEN"
        )
    try:
        port = parts.port if parts.port is not None else _PORTS[parts.scheme]
    except ValueError:
        raise TargetError(f"expected a port from 0 to 65535 in {url!r}") from None
    key, name, notices = _key(environment, private=parts.scheme == "https" or _is_local(parts.hostname))
    proxy = None if _is_local(parts.hostname) else _proxy(parts.scheme, parts.hostname, environment)
    return Target(parts.scheme, parts.hostname, port, parts.path.rstrip("/"), key, name, proxy, notices)


def _key(environment: Mapping[str, str], *, private: bool) -> tuple[str | None, str | None, tuple[str, ...]]:
    for name in ("TGI_TOKEN", "HF_TOKEN"):
        key = environment.get(name, "").strip()
        if not key:
            continue
        if name == "HF_TOKEN" and not private:
            told = "HF_TOKEN is not sent: the URL is not https; set TGI_TOKEN to send a key all the same"
            return None, None, (told,)
        if not key.isascii() or not key.isprintable():
            raise TargetError(f"{name}: expected printable ASCII characters")
        return key, name, ()
    return None, None, ()


def _is_local(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _proxy(scheme: str, host: str, environment: Mapping[str, str]) -> tuple[str, int] | None:
    def variable(name: str) -> str:
        return environment.get(name) or environment.get(name.upper()) or ""

    written = variable(f"{scheme}_proxy")
    if not written or _is_exempt(host, variable("no_proxy")):
        return None
    parts = urlsplit(written if "://" in written else f"http://{written}")
    if parts.scheme != "http" or not parts.hostname or parts.username is not None:
        raise TargetError(f"{scheme}_proxy: expected http://host:port without a user name")
    return parts.hostname, parts.port or 80


def _is_exempt(host: str, exempt: str) -> bool:
    """As curl reads no_proxy: names between commas, each with everything below it; `*` for all."""
    names = [name.strip().lstrip(".").lower() for name in exempt.split(",")]
    return any(name and (name == "*" or host == name or host.endswith(f".{name}")) for name in names)
