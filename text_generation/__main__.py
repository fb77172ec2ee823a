"""`python -m text_generation`: talk to a server from the terminal.

Answers stream to standard output, everything else goes to standard error. Exit codes: 0 done, 1 the server
refused, failed or is not healthy, 2 wrong usage, 3 it could not be reached in time, 130 interrupted.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from typing import Any

from . import Client, __version__
from .errors import ConfigurationError, TextGenerationError, TransportError, ValidationError

__all__ = ["main"]

# (flag, type, help), for the parameters that `generate` takes and the terminal can give.
_GENERATE: tuple[tuple[str, type, str], ...] = (
    ("--max-new-tokens", int, "most tokens to generate (default: 20)"),
    ("--temperature", float, "of sampling"),
    ("--top-k", int, "sample among the k likeliest tokens"),
    ("--top-p", float, "sample among the likeliest tokens of this probability"),
    ("--typical-p", float, "mass of typical decoding"),
    ("--repetition-penalty", float, "1.0 is none"),
    ("--frequency-penalty", float, "0 is none"),
    ("--seed", int, "of sampling"),
    ("--truncate", int, "keep only the prompt's last tokens"),
)
_CHAT: tuple[tuple[str, type, str], ...] = (
    ("--max-tokens", int, "most tokens to generate"),
    ("--temperature", float, "of sampling; 0 picks the likeliest token"),
    ("--top-p", float, "sample among the likeliest tokens of this probability"),
    ("--seed", int, "of sampling"),
)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m text_generation", description="Talk to a TGI server.")
    parser.add_argument("--version", action="version", version=f"text-generation {__version__}")
    shared = argparse.ArgumentParser(add_help=False)
    default = os.environ.get("TGI_BASE_URL", "http://127.0.0.1:3000")
    shared.add_argument("--url", default=default, help=f"the server (or TGI_BASE_URL; default: {default})")
    shared.add_argument("--token", default=None, help="bearer token (or HF_TOKEN)")
    shared.add_argument("--timeout", type=float, default=60.0, help="seconds for connecting and for silences")
    shared.add_argument("--retries", type=int, default=0, help="how often to try again")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    generate = commands.add_parser("generate", parents=[shared], help="continue a prompt")
    generate.add_argument("prompt", help="the prompt; - reads it from standard input")
    _add(generate, _GENERATE)
    generate.add_argument("--do-sample", action="store_true", help="draw tokens")
    generate.add_argument(
        "--stop", action="append", dest="stop_sequences", metavar="TEXT", help="stop after it"
    )
    generate.add_argument("--stats", action="store_true", help="report tokens and times on standard error")

    chat = commands.add_parser("chat", parents=[shared], help="talk; without a message, line by line")
    chat.add_argument("message", nargs="?", help="what to say; - reads it from standard input")
    chat.add_argument("--system", help="a system message to begin with")
    _add(chat, _CHAT)
    chat.add_argument("--stats", action="store_true", help="report tokens and times on standard error")

    commands.add_parser("info", parents=[shared], help="what the server runs, as JSON")
    commands.add_parser("health", parents=[shared], help="exit code 0 if the server is healthy")
    tokenize = commands.add_parser("tokenize", parents=[shared], help="the tokens of a text, one on a line")
    tokenize.add_argument("text", help="the text; - reads it from standard input")
    return parser


def _add(parser: argparse.ArgumentParser, flags: Sequence[tuple[str, type, str]]) -> None:
    for flag, kind, text in flags:
        parser.add_argument(flag, type=kind, default=None, help=text)


def _given(arguments: argparse.Namespace, flags: Sequence[tuple[str, type, str]]) -> dict[str, Any]:
    values = {flag[2:].replace("-", "_"): None for flag, _, _ in flags}
    values = {name: getattr(arguments, name) for name in values}
    return {name: value for name, value in values.items() if value is not None}


def _text(value: str) -> str:
    return sys.stdin.read() if value == "-" else value


def _write(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


def _generate(client: Client, arguments: argparse.Namespace) -> int:
    options = _given(arguments, _GENERATE)
    options.update(do_sample=arguments.do_sample, stop_sequences=arguments.stop_sequences)
    with client.generate_stream(_text(arguments.prompt), **options) as stream:
        for item in stream:
            if not item.token.special:
                _write(item.token.text)
    _write("\n")
    return _stats(arguments, stream.meta)


def _say(client: Client, messages: list[Any], arguments: argparse.Namespace) -> Any:
    options = {"include_usage": True} if arguments.stats else None
    stream = client.chat(messages, stream=True, stream_options=options, **_given(arguments, _CHAT))
    with stream:
        for chunk in stream:
            for choice in chunk.choices:
                _write(choice.delta.content or "")
    _write("\n")
    messages.append({"role": "assistant", "content": stream.text})
    return stream.meta


def _chat(client: Client, arguments: argparse.Namespace) -> int:
    messages: list[Any] = [{"role": "system", "content": arguments.system}] if arguments.system else []
    if arguments.message is not None:
        messages.append({"role": "user", "content": _text(arguments.message)})
        return _stats(arguments, _say(client, messages, arguments))
    while True:
        if sys.stdin.isatty():
            sys.stderr.write("> ")
            sys.stderr.flush()
        line = sys.stdin.readline()
        if not line:
            return 0
        if line.strip():
            messages.append({"role": "user", "content": line.rstrip("\n")})
            _stats(arguments, _say(client, messages, arguments))


def _stats(arguments: argparse.Namespace, meta: Any) -> int:
    if arguments.stats:
        sys.stderr.write(f"{meta!r}\n")
    return 0


def _info(client: Client, arguments: argparse.Namespace) -> int:
    _write(client.info().model_dump_json(indent=2) + "\n")
    return 0


def _health(client: Client, arguments: argparse.Namespace) -> int:
    healthy = client.health()
    _write("healthy\n" if healthy else "unhealthy\n")
    return 0 if healthy else 1


def _tokenize(client: Client, arguments: argparse.Namespace) -> int:
    for token in client.tokenize(_text(arguments.text)):
        _write(f"{token.id}\t{token.start}\t{token.stop}\t{token.text!r}\n")
    return 0


_COMMANDS = {"generate": _generate, "chat": _chat, "info": _info, "health": _health, "tokenize": _tokenize}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the exit code."""
    arguments = _parser().parse_args(argv)
    token = arguments.token or os.environ.get("HF_TOKEN")
    headers = {"Authorization": f"Bearer {token}"} if token else None
    try:
        with Client(arguments.url, headers, None, arguments.timeout, retries=arguments.retries) as client:
            return _COMMANDS[arguments.command](client, arguments)
    except (ConfigurationError, ValidationError) as error:
        return _complain(error, 2 if error.status is None else 1)
    except TransportError as error:
        return _complain(error, 3)
    except TextGenerationError as error:
        return _complain(error, 1)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # whoever read our output has seen enough
        sys.stdout = open(os.devnull, "w")  # noqa: PTH123, SIM115 - so that the interpreter can flush it
        return 0


def _complain(error: TextGenerationError, code: int) -> int:
    sys.stderr.write(f"{type(error).__name__}: {error}\n")
    if error.hint and error.hint not in str(error):
        sys.stderr.write(f"Hint: {error.hint}\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
