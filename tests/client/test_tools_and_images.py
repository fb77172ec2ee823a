"""Tools from typed functions, and images from whatever they come in."""

from __future__ import annotations

import json
import struct
import zlib
from base64 import b64decode
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest

from text_generation import errors
from text_generation.images import image, markdown
from text_generation.tools import run, tool
from text_generation.types import ToolCall

from .raw_server import RawServer, response
from .wire import chat_answer, dumps

USER = [{"role": "user", "content": "hi"}]


def weather(
    city: str,
    unit: Literal["C", "F"] = "C",
    days: Annotated[int, "how many days ahead"] = 1,
    near: list[str] | None = None,
) -> dict[str, Any]:
    """Tell the weather.

    From yesterday's newspaper.

    Args:
        city: The name of the city,
            as people there write it.
        unit (str): Of the temperature.
    """
    return {"city": city, "unit": unit, "days": days}


def test_a_typed_function_describes_itself() -> None:
    """Name, first paragraph, types, defaults, and the words about each parameter."""
    found = tool(weather).function
    assert found["name"] == "weather"
    assert found["description"] == "Tell the weather."
    properties = found["parameters"]["properties"]
    assert properties["city"] == {
        "type": "string",
        "description": "The name of the city, as people there write it.",
    }
    assert properties["unit"]["enum"] == ["C", "F"]
    assert properties["unit"]["description"] == "Of the temperature."
    assert properties["days"] == {"type": "integer", "description": "how many days ahead"}
    assert found["parameters"]["required"] == ["city"]
    assert "$defs" not in json.dumps(found)


def test_functions_are_tools_in_a_chat(face: Any, server: RawServer) -> None:
    """And a function as tool_choice means its name; what comes back can be run."""
    call = {
        "id": "0",
        "type": "function",
        "function": {"name": "weather", "arguments": '{"city":"Bern","days":2}'},
    }
    server.scripts += [
        [response(200, dumps(chat_answer(None, tool_calls=[call])))],
        [response(200, dumps(chat_answer()))],
    ]
    client = face.client(server.url)
    answer = face.call(client, "chat", USER, tools=[weather], tool_choice=weather)
    sent = json.loads(server.seen[0].body)
    assert sent["tools"] == [tool(weather).model_dump()]
    assert sent["tool_choice"] == "weather"
    said = answer.choices[0].message
    result = run(said.tool_calls[0], [weather])
    assert (result.role, result.tool_call_id, result.name) == ("tool", "0", "weather")
    assert json.loads(str(result.content)) == {"city": "Bern", "unit": "C", "days": 2}
    face.call(client, "chat", [*USER, said, result], tools=[weather])
    again = json.loads(server.seen[1].body)["messages"]
    assert again[1]["tool_calls"][0]["function"]["arguments"] == '{"city":"Bern","days":2}'
    assert again[2]["tool_call_id"] == "0"


@pytest.mark.parametrize(
    ("name", "arguments", "said"),
    [("other", "{}", "weather"), ("weather", "{}", "city"), ("weather", '{"city"', "do not fit")],
)
def test_a_call_that_cannot_be_run_is_a_tool_error(name: str, arguments: str, said: str) -> None:
    """No such function, or arguments that do not fit."""
    call = ToolCall.model_validate({"function": {"name": name, "arguments": arguments}})
    with pytest.raises(errors.ToolError, match=said):
        run(call, [weather])


def test_a_function_that_cannot_be_described_is_refused() -> None:
    """Naming the parameter."""

    def bare(x) -> None:  # type: ignore[no-untyped-def]
        pass

    def stars(*xs: int) -> None:
        pass

    with pytest.raises(errors.ConfigurationError, match="`x`"):
        tool(bare)
    with pytest.raises(errors.ConfigurationError, match="xs"):
        tool(stars)


def _png() -> bytes:
    def part(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + part(b"IHDR", head)
        + part(b"IDAT", zlib.compress(b"\0\0"))
        + part(b"IEND", b"")
    )


class Drawn:
    """Saves itself as PIL images do."""

    def save(self, file: Any, format: str) -> None:
        assert format == "PNG"
        file.write(_png())


def test_images_come_from_everywhere(face: Any, server: RawServer, tmp_path: Path) -> None:
    """URL, path, bytes, PIL image: each is a part that TGI understands."""
    path = tmp_path / "x.dat"
    path.write_bytes(_png())
    server.scripts += [[response(200, dumps(chat_answer()))]]
    content = ["What is this?", image("https://x/y.png"), image(str(path)), path, _png(), Drawn()]
    face.call(face.client(server.url), "chat", [{"role": "user", "content": content}])
    parts = json.loads(server.seen[0].body)["messages"][0]["content"]
    assert parts[0] == {"type": "text", "text": "What is this?"}
    assert parts[1] == {"type": "image_url", "image_url": {"url": "https://x/y.png"}}
    for part in parts[2:]:
        head, _, data = part["image_url"]["url"].partition(",")
        assert head == "data:image/png;base64"
        assert b64decode(data) == _png()
    assert len(parts) == 6


def test_generate_prompts_hold_images_as_markdown() -> None:
    """The form that TGI looks for in a prompt."""
    assert markdown("https://x/y.png") == "![](https://x/y.png)"
    assert markdown(_png()).startswith("![](data:image/png;base64,iVBOR")


@pytest.mark.parametrize(
    ("start", "kind"),
    [
        (b"\xff\xd8\xff\xe0", "jpeg"),
        (b"GIF89a", "gif"),
        (b"RIFF\x00\x00\x00\x00WEBP", "webp"),
        (b"II*\x00", "tiff"),
    ],
)
def test_the_kind_of_an_image_is_read_from_its_bytes(start: bytes, kind: str) -> None:
    """Whatever the file is called."""
    assert markdown(start + b"...").startswith(f"![](data:image/{kind};base64,")


@pytest.mark.parametrize("source", [b"no image", "/no/such/file.png", 7])
def test_what_is_no_image_is_refused(source: Any) -> None:
    """With what it was."""
    with pytest.raises(errors.ConfigurationError, match="image"):
        image(source)
