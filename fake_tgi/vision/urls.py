"""Addresses as the Rust crate `url` reads and prints them (the URL standard), as far as http and https go."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, unquote_to_bytes, urljoin

__all__ = ["Address", "AddressError", "parse"]

_PORTS: Final = {"http": 80, "https": 443}
_PARTS: Final = re.compile(r"(https?):/*([^/?#]*)([^?#]*)(\?[^#]*)?(#.*)?", re.DOTALL)
_FORBIDDEN: Final = re.compile(r"[\x00-\x20\"#%/:<>?@\[\\\]^`{|}\x7f]")
_IPV4_PART: Final = re.compile(r"0[xX][0-9a-fA-F]*|[0-9]+")
# What is left as it is in each part; anything else becomes %XX.
_PATH: Final = "!$%&'()*+,-./:;=@[\\]^_|~"
_QUERY: Final = "!$%&()*+,-./:;=?@[\\]^_`{|}~"
_FRAGMENT: Final = "!#$%&'()*+,-./:;=?@[\\]^_{|}~"


class AddressError(ValueError):
    """The text is no address; the message is the crate's."""


@dataclass(frozen=True, slots=True)
class Address:
    """`host` is in lower case, in ASCII, without brackets; `target` is what a request names; `text` is all of
    it but for `credentials` (`user:password`, or None).
    """

    scheme: str
    host: str
    port: int
    target: str
    text: str
    credentials: str | None

    def join(self, reference: str) -> str:
        """What `reference` means at this address."""
        return urljoin(self.text, reference)


def parse(text: str) -> Address:
    """An http or https address. Raises AddressError."""
    text = re.sub(r"[\t\n\r]", "", text.strip("".join(map(chr, range(33)))))
    before, mark, after = text.partition("?")
    parts = _PARTS.fullmatch(before.replace("\\", "/") + mark + after)
    if parts is None:
        raise AddressError("relative URL without a base")
    scheme, authority, path, query, fragment = parts.groups()
    credentials, at, place = authority.rpartition("@")
    host, port = _place(place, _PORTS[scheme])
    shown = f"[{host}]" if ":" in host else host
    if port != _PORTS[scheme]:
        shown += f":{port}"
    target = _without_dots(quote(path, _PATH)) + (quote(query, _QUERY) if query is not None else "")
    anchor = quote(fragment, _FRAGMENT) if fragment is not None else ""
    return Address(
        scheme,
        host,
        port,
        target,
        f"{scheme}://{shown}{target}{anchor}",
        credentials if at and credentials else None,
    )


def _place(place: str, default: int) -> tuple[str, int]:
    if place.startswith("["):
        inner, closed, rest = place[1:].partition("]")
        try:
            host = ipaddress.IPv6Address(inner if closed else "").compressed
        except ValueError:
            raise AddressError("invalid IPv6 address") from None
        colon, port = rest[:1], rest[1:]
        if colon not in ("", ":"):
            raise AddressError("invalid port number")
    else:
        name, _, port = place.partition(":")
        if not name:
            raise AddressError("empty host")
        host = _host(name)
    if port and (not port.isascii() or not port.isdigit() or int(port) > 65535):
        raise AddressError("invalid port number")
    return host, int(port) if port else default


def _host(name: str) -> str:
    try:
        host = unquote_to_bytes(name).decode().lower()
        host = host if host.isascii() else host.encode("idna").decode()
        valid = not _FORBIDDEN.search(host) and not any(label == "xn--" for label in host.split("."))
    except UnicodeError:
        valid = False
    if not valid:
        raise AddressError("invalid international domain name")
    labels = host.removesuffix(".").split(".")
    return _ipv4(labels) if _IPV4_PART.fullmatch(labels[-1]) else host


def _ipv4(labels: list[str]) -> str:
    """Numbers in any of C's notations, the last one for all the bytes that are left."""
    error = AddressError("invalid IPv4 address")
    if len(labels) > 4 or not all(map(_IPV4_PART.fullmatch, labels)):
        raise error
    try:
        *bytes_, rest = (
            int(label[2:] or "0", 16)
            if label[:2].lower() == "0x"
            else int(label, 8 if label[0] == "0" else 10)
            for label in labels
        )
    except ValueError:
        raise error from None
    if any(byte > 255 for byte in bytes_) or rest >= 256 ** (4 - len(bytes_)):
        raise error
    return str(ipaddress.IPv4Address(sum(byte << 24 - 8 * at for at, byte in enumerate(bytes_)) + rest))


def _without_dots(path: str) -> str:
    kept: list[str] = []
    steps = path.split("/")[1:] or [""]
    for number, step in enumerate(steps):
        plain = step.lower().replace("%2e", ".")
        if plain == ".." and kept:
            kept.pop()
        if plain not in (".", ".."):
            kept.append(step)
        elif number == len(steps) - 1:
            kept.append("")
    return "/" + "/".join(kept)
