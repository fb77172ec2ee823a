"""Asks the server of this container for its health: exit status 0 when it is well, 1 when not.

The argument is a file with the command line of the container's first process (/proc/1/cmdline), because
the port may have been given as a flag or as `PORT`, which only that process and this one have in common.
Nothing but the standard library, so that a check costs little more than Python's start.
"""

from __future__ import annotations

import argparse
import http.client
import ipaddress
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

TIMEOUT = 2.5  # seconds; less than the Dockerfile's, so that the reason is told


def words_after_the_program(command_line: bytes) -> list[str]:
    """The server's own arguments: what stands behind the first word that names the program fake-tgi."""
    words = command_line.decode(errors="replace").rstrip("\0").split("\0")
    programs = [at for at, word in enumerate(words) if word.rpartition("/")[2] == "fake-tgi"]
    return words[programs[0] + 1 :] if programs else []


def address(words: Sequence[str], environment: Mapping[str, str]) -> tuple[str, int]:
    """Where the server listens, as seen from inside the container."""
    parser = argparse.ArgumentParser(allow_abbrev=False, add_help=False)
    parser.add_argument("--port", "-p")
    parser.add_argument("--hostname")
    given, _ = parser.parse_known_args(words)
    port = given.port or environment.get("PORT") or "3000"
    host = given.hostname or environment.get("HOSTNAME") or ""
    try:
        named = ipaddress.ip_address(host)
    except ValueError:  # a name, which makes the server listen everywhere
        named = ipaddress.IPv4Address(0)
    if named.is_unspecified:
        host = "127.0.0.1" if named.version == 4 else "::1"
    return host, int(port.lstrip("="))  # clap takes -p=80, too


def main(arguments: Sequence[str]) -> int:
    host, port = address(words_after_the_program(Path(arguments[0]).read_bytes()), os.environ)
    connection = http.client.HTTPConnection(host, port, timeout=TIMEOUT)
    try:
        connection.request("GET", "/health")
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        sys.stderr.write(f"http://{host}:{port}/health: {error or type(error).__name__}\n")
        return 1
    finally:
        connection.close()
    sys.stdout.write(f"http://{host}:{port}/health: {status}\n")
    return 0 if status == 200 else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
