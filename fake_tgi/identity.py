"""Which server the fake says it is: the build of TGI whose answers were recorded for this project."""

from __future__ import annotations

__all__ = ["DOCKER_LABEL", "ROUTER", "SHA", "SYSTEM_FINGERPRINT", "VERSION"]

ROUTER = "text-generation-router"
VERSION = "3.3.6-dev0"
SHA: str | None = "db931fcf42da018a3657580c64bf2720f167f9ab"
DOCKER_LABEL: str | None = None
SYSTEM_FINGERPRINT = f"{VERSION}-{DOCKER_LABEL or 'native'}"
