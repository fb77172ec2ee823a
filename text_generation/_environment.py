"""What the process's environment says about a connection: proxies, CA bundle, netrc, Hugging Face token.

Both clients ask here, so both honour the same variables in the same way. Looked up once for each origin
and kept by the client.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

__all__ = ["Surroundings", "hugging_face_token", "surroundings"]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the environment adds to requests to one origin."""

    proxy: str | None = None
    ca_bundle: str | None = None
    authorization: str | None = None
    """From `~/.netrc`; used only when no Authorization header was given."""


def surroundings(url: str, proxies: Mapping[str, str] | None, trust: bool) -> Surroundings:
    """For a URL. `proxies` are explicit ones by scheme, `scheme://host` or `all`, as requests takes them."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    proxy = _explicit(proxies, parts.scheme, host)
    if not trust:
        return Surroundings(proxy)
    if proxy is None and proxies is None:
        from urllib.request import getproxies, proxy_bypass

        known = getproxies()
        if not proxy_bypass(parts.netloc.rpartition("@")[2]):
            proxy = _explicit(known, parts.scheme, host)
    bundle = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or None
    return Surroundings(proxy, bundle, _netrc(host))


def _explicit(proxies: Mapping[str, str] | None, scheme: str, host: str) -> str | None:
    for key in (f"{scheme}://{host}", scheme, f"all://{host}", "all"):
        if proxies and proxies.get(key):
            proxy = proxies[key]
            return proxy if "://" in proxy else f"http://{proxy}"
    return None


def _netrc(host: str) -> str | None:
    """Basic credentials for a host, as requests reads them: NETRC, else ~/.netrc or ~/_netrc."""
    named = os.environ.get("NETRC")
    for place in (named,) if named else ("~/.netrc", "~/_netrc"):
        try:
            path = Path(place).expanduser()
            if not path.is_file():
                continue
            from netrc import netrc

            found = netrc(str(path)).authenticators(host)
        except (OSError, SyntaxError, RuntimeError, UnicodeDecodeError):  # NetrcParseError is a SyntaxError
            return None
        if found is None:
            return None
        from base64 import b64encode

        user, account, password = found
        return (
            "Basic " + b64encode(f"{user or account}:{password or ''}".encode("latin-1", "replace")).decode()
        )
    return None


def hugging_face_token() -> str | None:
    """The token of this machine: HF_TOKEN, HUGGING_FACE_HUB_TOKEN, or the file that `hf auth login` writes.

    None when there is none, or when HF_HUB_DISABLE_IMPLICIT_TOKEN asks not to send it unasked.
    """
    if os.environ.get("HF_HUB_DISABLE_IMPLICIT_TOKEN", "").upper() in ("1", "ON", "YES", "TRUE"):
        return None
    for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"):
        token = os.environ.get(name, "").strip()
        if token:
            return token
    cache = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    home = os.environ.get("HF_HOME") or f"{cache}/huggingface"
    try:
        path = Path(os.environ.get("HF_TOKEN_PATH") or f"{home}/token").expanduser()
        return path.read_text(encoding="utf-8").strip() or None
    except (OSError, RuntimeError, UnicodeDecodeError):
        return None
