"""What usually helps: one sentence for each common error. No I/O."""

# ruff: noqa: E501 - a table reads best with one rule on a line

from __future__ import annotations

import sys

from . import errors as e

__all__ = ["HINTS", "explained"]

# (class, what the message holds, hint); the first that fits is shown.
HINTS: tuple[tuple[type[e.TextGenerationError], str, str], ...] = (
    (e.AuthenticationError, "", "Pass the token: headers={'Authorization': 'Bearer ...'}, or set HF_TOKEN for the hosted API."),
    (e.ShardNotReadyError, "", "The model is still loading, or the token may not use it: check /health, then the token's permissions."),
    (e.OverloadedError, "", "Ask for fewer things at once, or turn retries on: Client(..., retries=5)."),
    (e.RateLimitExceededError, "", "Wait for `retry_after` seconds, or turn retries on: Client(..., retries=5)."),
    (e.ValidationError, "tokens + `max_new_tokens` must be", "Shorten the prompt, lower max_new_tokens, or cut the prompt with truncate=..."),
    (e.ValidationError, "`inputs` must have less than", "Shorten the prompt, or cut it with truncate=..."),
    (e.ValidationError, "grammar is not valid", "TGI wants a JSON Schema object with `properties` at the top and without $defs."),
    (e.ValidationError, "cannot compile regex from schema", "TGI supports a part of JSON Schema only: leave out formats and external references."),
    (e.ValidationError, "missing field `messages`", "This address answers another route: pass the server's base URL to the client."),
    (e.ValidationError, "when streaming tokens", "best_of and decoder_input_details only work without streaming."),
    (e.ValidationError, "`top_p` must be", "Leave top_p out to switch it off."),
    (e.TemplateError, "template not found", "This model has no chat template: use generate() with a prompt of your own."),
    (e.TemplateError, "", "The model's chat template refuses these messages: check roles and their order."),
    (e.ToolError, "Failed to parse generated text", "The tool call was cut off or is no JSON: raise max_tokens."),
    (e.ToolError, "mutually exclusive", "Send tools or response_format, not both."),
    (e.ToolError, "not found", "tool_choice must name one of the tools."),
    (e.NotFoundError, "", "Check the base URL: generate() posts to it as it is, the other calls to /v1/..., /info, ... below it."),
    (e.ServiceUnavailableError, "", "The server or what stands in front of it is not ready: check /health, or turn retries on."),
    (e.GenerationError, "", "The model failed while generating: the server's log says why."),
    (e.RequestTooLargeError, "", "The body is larger than the server's --payload-limit, or than a proxy lets through: send a shorter prompt, or fewer and smaller images."),
)  # fmt: skip


def explained(error: e.TextGenerationError) -> e.TextGenerationError:
    """Add the hint for this kind of error, if there is one, also as a note under a traceback."""
    for cls, part, hint in HINTS:
        if isinstance(error, cls) and part in str(error):
            error.hint = hint
            if sys.version_info >= (3, 11):
                error.add_note(f"Hint: {hint}")
            break
    return error
