"""What a template remembers while it renders: its variables in frames, and what it has printed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from .errors import invalid_operation
from .loops import Loop
from .values import ABSENT, UNDEFINED, MapLike, Safe, Value

__all__ = [
    "TOO_DEEP",
    "Closure",
    "Frame",
    "State",
]

MAX_DEPTH: Final = 500
TOO_DEEP: Final = "recursion limit exceeded"
"""What is said beyond that depth. Python's own limit comes first, and is reported in the same words."""


class Closure(MapLike):
    """Variables that macros took with them. It follows what is set later in the frame that they share."""

    __slots__ = ("values",)

    def __init__(self) -> None:
        self.values: dict[str, Value] = {}

    def get(self, key: Value) -> Value:
        return self.values.get(key, ABSENT) if isinstance(key, str) else ABSENT


class Frame:
    """One level of variables: what was set here, then `loop`, then what `context` has."""

    __slots__ = ("closure", "context", "locals", "loop", "shows_loop")

    def __init__(
        self, context: MapLike | None = None, loop: Loop | None = None, *, shows_loop: bool = True
    ) -> None:
        self.locals: dict[str, Value] = {}
        self.context = context
        self.loop = loop
        self.shows_loop = shows_loop
        self.closure: Closure | None = None


class State:
    """One rendering. `out` gets what is printed: the text itself, or a capture that is open inside of it."""

    __slots__ = ("block", "depth", "escape", "filters", "frames", "globals", "out", "outer", "root_escape")

    def __init__(
        self,
        root: MapLike,
        functions: Mapping[str, Value],
        filters: Mapping[str, Callable[[State, Sequence[Value]], Value]],
    ) -> None:
        self.frames = [Frame(root)]
        self.globals = functions
        self.filters = filters
        self.out: list[str] = []
        self.outer: list[list[str]] = []
        self.escape = self.root_escape = "none"
        self.depth = 0
        self.block: str | None = None

    def load(self, name: str) -> Value:
        """The variable `name`, or ABSENT."""
        for frame in reversed(self.frames):
            found = frame.locals.get(name, ABSENT)
            if found is not ABSENT:
                return found
            if name == "loop" and frame.loop is not None and frame.shows_loop:
                return frame.loop
            if frame.context is not None:
                found = frame.context.get(name)
                if found is not ABSENT:
                    return found
        return self.globals.get(name, ABSENT)

    def store(self, name: str, value: Value) -> None:
        """Set a variable of the innermost frame."""
        frame = self.frames[-1]
        if frame.closure is not None:
            frame.closure.values[name] = value
        frame.locals[name] = value

    def push(self, frame: Frame) -> None:
        """Open a frame. Raises `Failure` when there are too many."""
        self.check_depth()
        self.frames.append(frame)

    def check_depth(self) -> None:
        """Raises `Failure` when frames, and macros that are running, are too many."""
        if self.depth + len(self.frames) > MAX_DEPTH:
            raise invalid_operation(TOO_DEEP)

    def loop(self) -> Loop | None:
        """The innermost loop that is running."""
        for frame in reversed(self.frames):
            if frame.loop is not None:
                return frame.loop
        return None

    def enclosed(self, names: tuple[str, ...]) -> Closure | None:
        """The innermost frame's closure, holding at least `names`."""
        frame = self.frames[-1]
        if names:
            if frame.closure is None:
                frame.closure = Closure()
            for name in names:
                if name not in frame.closure.values:
                    found = self.load(name)
                    frame.closure.values[name] = UNDEFINED if found is ABSENT else found
        return frame.closure

    def begin_capture(self) -> None:
        """Keep what is printed from here on."""
        self.outer.append(self.out)
        self.out = []

    def end_capture(self) -> str:
        """What was printed since the capture that was begun last."""
        captured, self.out = self.out, self.outer.pop()
        return self.as_value("".join(captured))

    def text(self) -> str:
        """All that was printed, but for captures that a jump left open."""
        return "".join(self.outer[0] if self.outer else self.out)

    def as_value(self, text: str) -> str:
        """`text` that was printed, as a value."""
        return text if self.escape == "none" else Safe(text)
