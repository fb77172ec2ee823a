"""`/vertex` and `/invocations`: the same generations in the shapes of two cloud platforms.

Vertex drops most parameters and turns every failure of a generation into one 500 (vertex.rs); SageMaker's
body is tried as a generate, then a chat, then a completion request (sagemaker.rs).
"""

from __future__ import annotations

from collections.abc import Iterator

from ..call import Call
from ..frames import Frame
from ..headers import JSON
from ..refusals import refusal
from ..render.values import string
from ..requests import (
    ChatRequest,
    CompatGenerateRequest,
    GenerateParameters,
    GenerateVertexInstance,
    SagemakerRequest,
    VertexInstance,
    VertexRequest,
)
from ..run import Answer
from ..state import State
from .chat import chat_request, prompt_of
from .completions import completion_request
from .generate import compat_request
from .reading import plain, read

__all__ = ["invocations", "vertex"]


def invocations(state: State, call: Call) -> Iterator[Frame]:
    """`POST /invocations`: whichever of three requests the body is."""
    request: SagemakerRequest = read(state, call, SagemakerRequest)
    if isinstance(request, CompatGenerateRequest):
        return compat_request(state, request)
    if isinstance(request, ChatRequest):
        return chat_request(state, request)
    return completion_request(state, request)


def vertex(state: State, call: Call) -> Iterator[Frame]:
    """`POST /vertex`: texts in the order of the instances, and nothing else."""
    request = read(state, call, VertexRequest)
    state.metrics.asked()
    if not request.instances:
        raise refusal("vertex_empty")
    asked = [_asked(state, instance) for instance in request.instances]
    began = state.clock()
    state.metrics.asked(len(asked))
    outcomes = yield from state.infer.apart(asked)
    answers = [outcome for outcome in outcomes if isinstance(outcome, Answer)]
    for answer in answers:
        state.metrics.succeeded(answer.timings(began, state.clock()))
    if len(answers) < len(asked):
        raise refusal("vertex")
    body = b'{"predictions":[%b]}' % b",".join(string(answer.text) for answer in answers)
    yield from plain(200, JSON, body)


def _asked(state: State, instance: VertexInstance) -> tuple[str, GenerateParameters, bool]:
    if not isinstance(instance, GenerateVertexInstance):
        prompt = prompt_of(state, instance)
        return prompt.inputs, prompt.parameters, False
    given = instance.parameters
    parameters = GenerateParameters(
        do_sample=True,
        max_new_tokens=given.max_new_tokens if given is not None else None,
        seed=given.seed if given is not None else None,
        details=True,
        decoder_input_details=True,
    )
    return instance.inputs, parameters, True
