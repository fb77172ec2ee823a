"""The clients, each by where its class stands: nothing of theirs is imported before it is asked for."""

from __future__ import annotations

from importlib import import_module
from typing import Final

from .base import Client

__all__ = ["CLIENTS", "OURS", "client"]

OURS: Final = {
    "text_generation.Client": "ours:Ours",
    "text_generation.AsyncClient": "ours:OursAsync",
}
"""Those that the ordinary tests can run, too."""

CLIENTS: Final = {
    **OURS,
    "huggingface_hub.InferenceClient": "hub:Hub",
    "huggingface_hub.AsyncInferenceClient": "hub:HubAsync",
    "openai.OpenAI": "openai_python:OpenAIPython",
    "openai.AsyncOpenAI": "openai_python:OpenAIPythonAsync",
    "langchain-huggingface": "langchain:LangChainHub",
    "langchain-openai": "langchain:LangChainOpenAI",
    "llama-index huggingface-api": "llama_index:LlamaIndexHub",
    "llama-index openai-like": "llama_index:LlamaIndexOpenAI",
    "litellm": "lite:Lite",
    "litellm (async)": "lite:LiteAsync",
    "httpx": "plain:Httpx",
    "httpx (async)": "plain:HttpxAsync",
    "curl": "plain:Curl",
    "@huggingface/inference": "node:HubNode",
    "openai (JavaScript)": "node:OpenAINode",
}
"""Module and class of each, by its title, in the order of the pages."""


def client(title: str) -> type[Client]:
    """The class behind a title. ImportError says what is not installed."""
    module, _, name = CLIENTS[title].partition(":")
    kind: type[Client] = getattr(import_module(f".{module}", __package__), name)
    assert kind.title == title
    return kind
