"""What a server tells of itself and of texts: info, models, tokens."""

from __future__ import annotations

from pydantic import (
    BaseModel,
    ConfigDict,
)

from ._answers import Answer

__all__ = ["DeployedModel", "Info", "Model", "SimpleToken"]


class DeployedModel(BaseModel):
    """A model that the hosted API serves with TGI."""

    model_config = ConfigDict(protected_namespaces=())

    model_id: str
    sha: str


class SimpleToken(BaseModel):
    """A token of `/tokenize`; `start` and `stop` are byte offsets into the text."""

    id: int
    text: str
    start: int
    stop: int


class Info(Answer):
    """What `/info` returns. Fields of other server versions are kept as extra attributes."""

    model_config = ConfigDict(protected_namespaces=(), extra="allow")

    model_id: str
    model_sha: str | None = None
    model_pipeline_tag: str | None = None
    max_concurrent_requests: int | None = None
    max_best_of: int | None = None
    max_stop_sequences: int | None = None
    max_input_tokens: int | None = None
    max_total_tokens: int | None = None
    validation_workers: int | None = None
    max_client_batch_size: int | None = None
    router: str | None = None
    version: str | None = None
    sha: str | None = None
    docker_label: str | None = None


class Model(BaseModel):
    """An entry of `/v1/models`."""

    id: str
    object: str = "model"
    created: int = 0
    owned_by: str = ""
