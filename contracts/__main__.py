"""The contracts from a shell, for users of other languages: `python -m tgi_contracts --help`."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from . import Violation, check_exchange, names, openapi, schema, violations
from ._recorded_files import exchanges_in

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command. Returns 0; 1 if a value breaks its contract; 2 if that cannot be told."""
    parser = argparse.ArgumentParser(prog="python -m tgi_contracts", description="Contracts of a TGI server.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("names", help="list the schemas")
    one = commands.add_parser("schema", help="print a schema")
    one.add_argument("name", choices=names(), metavar="NAME")
    commands.add_parser("openapi", help="print the OpenAPI document")
    value = commands.add_parser("validate", help="hold a JSON file to a schema")
    value.add_argument("name", choices=names(), metavar="NAME")
    value.add_argument("file", help="a JSON file, or - for standard input")
    check = commands.add_parser("check", help="hold recorded exchanges to every contract")
    check.add_argument(
        "file",
        help="exchanges in the format of the schema Exchange: one a line, a JSON list of them, or one; "
        "or - for standard input",
    )
    args = parser.parse_args(argv)
    try:
        return _run(args)
    except (OSError, ValueError) as error:
        sys.stderr.write(f"{args.file}: {error}\n")
        return 2
    except ImportError as error:
        sys.stderr.write(f"{error}\n")
        return 2


def _run(args: argparse.Namespace) -> int:
    if args.command == "names":
        return _say("\n".join(names()))
    if args.command == "schema":
        return _say(_pretty(schema(args.name)))
    if args.command == "openapi":
        return _say(_pretty(openapi()))
    if args.command == "validate":
        return _tell(args.file, violations(json.loads(_text(args.file)), args.name))
    worst = 0
    for place, exchange in exchanges_in(_text(args.file)):
        found = violations(exchange, "Exchange") or check_exchange(exchange)
        name = exchange.get("name", "") if isinstance(exchange, dict) else ""
        worst = max(worst, _tell(f"{args.file}{place} {name}".rstrip(), found))
    return worst


def _text(file: str) -> str:
    return sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")


def _pretty(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)


def _say(text: str) -> int:
    sys.stdout.write(text + "\n")
    return 0


def _tell(what: str, found: list[Violation]) -> int:
    for violation in found:
        _say(f"{what}: {violation}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
