"""Clients of the hosted Inference API, and what it says about its models.

`HF_INFERENCE_ENDPOINT` moves all three routes; `INFERENCE_ENDPOINT` keeps its published default. The sync
client asks in its constructor whether the model is served with TGI, as published; the async one at its first
call, because a constructor cannot wait without blocking the loop.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .async_client import AsyncClient
from .client import Client
from .errors import (
    AuthenticationError,
    ConnectionFailedError,
    InvalidResponseError,
    NotFoundError,
    NotSupportedError,
    RateLimitExceededError,
    ShardNotReadyError,
    TextGenerationError,
)

if TYPE_CHECKING:
    from . import types as t

__all__ = [
    "INFERENCE_ENDPOINT",
    "InferenceAPIAsyncClient",
    "InferenceAPIClient",
    "check_model_support",
    "deployed_models",
]

_DEFAULT = "https://api-inference.huggingface.co"
INFERENCE_ENDPOINT = os.environ.get("HF_INFERENCE_ENDPOINT", _DEFAULT)
_AT_IMPORT = INFERENCE_ENDPOINT
_TIMEOUT = 5
_GONE = (
    "The hosted Inference API at {endpoint} {what}. If the model runs elsewhere, use "
    'Client("https://your-endpoint") (or AsyncClient), or set HF_INFERENCE_ENDPOINT to an address that '
    "answers as the hosted API did."
)


def _endpoint() -> str:
    """The module's constant if somebody changed it, else the environment of this moment."""
    if INFERENCE_ENDPOINT != _AT_IMPORT:
        return INFERENCE_ENDPOINT.rstrip("/")
    return os.environ.get("HF_INFERENCE_ENDPOINT", INFERENCE_ENDPOINT).rstrip("/")


def _pointed(error: TextGenerationError, endpoint: str) -> TextGenerationError:
    """Say how to point the client at a server, when the hosted API is gone or refuses."""
    what = None
    if isinstance(error, ConnectionFailedError | InvalidResponseError):
        what = "does not answer as it used to"
    elif isinstance(error, NotFoundError | ShardNotReadyError | AuthenticationError):
        what = f"refuses ({error.status})"
    if what is not None and not isinstance(error, RateLimitExceededError):
        error.hint = _GONE.format(endpoint=endpoint, what=what)
        error.args = (f"{error}\n{error.hint}", *error.args[1:])
    return error


def deployed_models(headers: dict[str, Any] | None = None) -> list[t.DeployedModel]:
    """The models that the hosted API serves with TGI. Raises what it answers instead."""
    from ._operations import deployed_models as operation

    endpoint = _endpoint()
    try:
        with Client(endpoint, headers=headers, timeout=_TIMEOUT) as client:
            return client._call(operation(endpoint), {})
    except TextGenerationError as error:
        raise _pointed(error, endpoint) from error.__cause__


def check_model_support(repo_id: str, headers: dict[str, Any] | None = None) -> bool:
    """Whether the hosted API serves this model with TGI."""
    from ._operations import model_status

    endpoint = _endpoint()
    try:
        with Client(endpoint, headers=headers, timeout=_TIMEOUT) as client:
            return client._call(model_status(endpoint, repo_id), {})
    except TextGenerationError as error:
        raise _pointed(error, endpoint) from error.__cause__


def _headers(token: str | None) -> dict[str, str]:
    """Who asks. `token` None means the one of this machine, if there is one."""
    import platform

    from . import __version__
    from ._environment import hugging_face_token

    headers = {"user-agent": f"text-generation/{__version__}; python/{platform.python_version()}"}
    token = hugging_face_token() if token is None else token
    if token:
        headers["authorization"] = f"Bearer {token}"
    return headers


class InferenceAPIClient(Client):
    """Calls to a model of the hosted Inference API.

    ```python
    >>> from text_generation import InferenceAPIClient
    >>> InferenceAPIClient("bigscience/bloomz").generate("Why is the sky blue?").generated_text
    ' Rayleigh scattering'
    ```

    Args:
        repo_id: Such as `bigscience/bloomz`.
        token: A Hugging Face token; not given, HF_TOKEN or the token file of this machine.
        timeout: As for Client.

    Raises:
        NotSupportedError: The hosted API does not serve this model with TGI.
    """

    def __init__(self, repo_id: str, token: str | None = None, timeout: Any = 10, **options: Any) -> None:
        headers = _headers(token)
        if not check_model_support(repo_id, headers):
            raise NotSupportedError(repo_id)
        super().__init__(f"{_endpoint()}/models/{repo_id}", headers=headers, timeout=timeout, **options)


class InferenceAPIAsyncClient(AsyncClient):
    """Calls to a model of the hosted Inference API, awaited. See InferenceAPIClient.

    The constructor asks nobody; the first call raises NotSupportedError for a model not served with TGI.
    """

    def __init__(self, repo_id: str, token: str | None = None, timeout: Any = 10, **options: Any) -> None:
        self._repo_id = repo_id
        self._supported = False
        self._endpoint = _endpoint()
        super().__init__(
            f"{self._endpoint}/models/{repo_id}", headers=_headers(token), timeout=timeout, **options
        )

    async def _ready(self) -> None:
        if self._supported:
            return
        from ._operations import model_status

        try:
            operation = model_status(self._endpoint, self._repo_id)
            supported = await super()._call_now(operation, {"timeout": _TIMEOUT})
        except TextGenerationError as error:
            raise _pointed(error, self._endpoint) from error.__cause__
        if not supported:
            raise NotSupportedError(self._repo_id)
        self._supported = True


_PUBLISHED: Mapping[str, tuple[str, str | None]] = {
    "Optional": ("typing", "Optional"),
    "List": ("typing", "List"),
    "Dict": ("typing", "Dict"),
    "DeployedModel": ("text_generation.types", "DeployedModel"),
    "__version__": ("text_generation", "__version__"),
    "parse_error": ("text_generation.errors", "parse_error"),
    "requests": ("requests", None),
}


def __getattr__(name: str) -> Any:
    if name not in _PUBLISHED:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    module, attribute = _PUBLISHED[name]
    found = import_module(module)
    return found if attribute is None else getattr(found, attribute)
