"""Environment variables that lead programs to a fake while a test uses it.

Where a variable for a server is set, so is the one for its key: a real key must never be sent, and a client
that insists on one must get one. A proxy is told to let calls to this machine alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

__all__ = ["DUMMY_KEY", "OPENAI", "POINTED", "environment_of"]

DUMMY_KEY: Final = "hf_fake"
"""The key that programs find; the fake takes any."""

POINTED: Final[Mapping[str, str]] = {
    "HF_INFERENCE_ENDPOINT": "{base_url}",
    "TGI_BASE_URL": "{base_url}",
    "HF_TOKEN": DUMMY_KEY,
}
"""What is set whenever a test uses a fake."""

OPENAI: Final[Mapping[str, str]] = {"OPENAI_BASE_URL": "{base_url}/v1", "OPENAI_API_KEY": DUMMY_KEY}
"""What is set on request; but a key is set where there is none, so that a client can be made at all."""

_PROXIES: Final = ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY")
_NO_PROXY: Final = ("no_proxy", "NO_PROXY")
_HERE: Final = "127.0.0.1"


def environment_of(
    base_url: str,
    more: Mapping[str, str],
    current: Mapping[str, str],
    *,
    openai: bool,
    api_key: str | None,
    real_keys: bool,
) -> dict[str, str]:
    """The variables to set and their values.

    `more` are the user's own, with `{base_url}` in place of the address. `api_key` is the one that the fake
    asks for, if any. `real_keys` leaves keys alone that are set: they are for the server behind a recorder.
    """
    templates = dict(POINTED)
    if openai:
        templates |= OPENAI
    elif "OPENAI_API_KEY" not in current:
        templates["OPENAI_API_KEY"] = DUMMY_KEY
    found = {}
    for name, template in templates.items():
        if template == DUMMY_KEY:
            if real_keys and current.get(name):
                continue
            found[name] = api_key if api_key is not None else DUMMY_KEY
        else:
            found[name] = template.replace("{base_url}", base_url)
    found |= {name: template.replace("{base_url}", base_url) for name, template in more.items()}
    if any(current.get(name) for name in _PROXIES):
        for name in _NO_PROXY:
            hosts = [host for host in current.get(name, "").split(",") if host.strip()]
            found.setdefault(name, ",".join(hosts if _HERE in hosts else [*hosts, _HERE]))
    return found
