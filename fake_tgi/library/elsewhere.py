"""A fake that somebody else has started: the same verbs, through its admin API."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .admin_api import AdminApi
from .remote import RemoteControl
from .verbs import Verbs

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

__all__ = ["RemoteFake"]


class RemoteFake(Verbs):
    """The fake at `base_url`, which may end in `/ns/NAME` for one that is kept apart from others.

    Its controls answer on its own machine only, unless `admin_token` is the one it was started with. Raises
    ValueError for what is no URL. `close` gives the connection back; leaving a `with` block does.
    """

    def __init__(self, base_url: str, admin_token: str | None = None) -> None:
        self._api = api = AdminApi(base_url, admin_token)
        self._base_url = base_url.rstrip("/")
        super().__init__(RemoteControl(lambda: api))

    @property
    def base_url(self) -> str:
        """For a client, without a slash at the end."""
        return self._base_url

    def close(self) -> None:
        """Gives the connection back. The fake runs on."""
        self._api.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()
