"""How a connection ends, where closing it is not all: before the client has said everything, or on purpose
without a word. A transport writes in its loop's next turn, so nothing here happens before that."""

from __future__ import annotations

import asyncio
import socket
import struct

__all__ = ["part", "reset"]


def part(loop: asyncio.AbstractEventLoop, transport: asyncio.Transport) -> None:
    """Closes behind what was written, while the client may still be sending.

    As hyper does, our side ends first: the reset that the client's bytes meet could otherwise overtake the
    answer, and it would be another error to the client (ECONNRESET for EPIPE).
    """
    if transport.can_write_eof() and not transport.is_closing():
        transport.write_eof()
        loop.call_soon(transport.close)
    else:
        transport.close()


def reset(loop: asyncio.AbstractEventLoop, transport: asyncio.Transport) -> None:
    """Drops what is still to be sent, and tells the client with a TCP reset."""
    loop.call_soon(_reset, transport)


def _reset(transport: asyncio.Transport) -> None:
    # to linger for no time turns a close into a reset
    transport.get_extra_info("socket").setsockopt(
        socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
    )
    transport.abort()
