"""Which models see images, and what stands for an image in the prompt whose tokens the router counts.

A model is known by its folder's `config.json`: its `model_type`, and the numbers that this type must have. A
config without them is no config to the router, and its model sees nothing. Rules and numbers: TGI's
router/src/config.rs and `image_tokens` in router/src/validation.rs, which computes in 32-bit floats.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ..refusals import Breakdown

__all__ = ["VisionModel", "vision_model"]

Tokens = Callable[[int, int], str]
"""Height and width of an image in pixels: the text that stands for it."""

_FAKE: Final = "<fake_token_around_image>"
_F32: Final = struct.Struct("<f")
_USIZE: Final = 2**64


class _NoConfig(Exception):
    """The router would not have parsed this."""


@dataclass(frozen=True, slots=True)
class VisionModel:
    """A model that sees images."""

    model_type: str
    tokens: Tokens

    def joined(self, text: str) -> str:
        """A whole prompt, put right where two images meet."""
        return text.replace(_FAKE + _FAKE, _FAKE) if self.model_type == "idefics2" else text


def vision_model(folder: Path | None) -> VisionModel | None:
    """The model in `folder`, if it is one that sees."""
    config = _object(folder, "config.json")
    make = _MODELS.get(str(config.get("model_type")))
    if make is None:
        return None
    try:
        tokens = make(config, _object(folder, "preprocessor_config.json"))
    except _NoConfig:
        return None
    return VisionModel(str(config["model_type"]), tokens)


def _object(folder: Path | None, name: str) -> dict[Any, Any]:
    if folder is None:
        return {}
    try:
        value = json.loads((folder / name).read_bytes())
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def _part(config: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = config.get(name)
    if not isinstance(part, dict):
        raise _NoConfig(name)
    return part


def _count(config: Mapping[str, Any], name: str) -> int:
    value = config.get(name)
    if type(value) is not int or not 0 <= value < _USIZE:
        raise _NoConfig(name)
    return value


def _f32(value: float) -> float:
    return float(_F32.unpack(_F32.pack(value))[0])


def _always(text: str) -> Callable[[Mapping[str, Any], Mapping[str, Any]], Tokens]:
    return lambda config, processor: lambda height, width: text


def _idefics2(config: Mapping[str, Any], processor: Mapping[str, Any]) -> Tokens:
    splits = (
        processor.get("processor_class") == "Idefics2Processor"
        and processor.get("do_image_splitting") is True
    )
    text = f"{_FAKE}{'<image>' * 64}{_FAKE}" * (5 if splits else 1)
    return lambda height, width: text


def _idefics3(config: Mapping[str, Any], processor: Mapping[str, Any]) -> Tokens:
    longest_edge, resized_edge, most, each = 364, 1456, 4096, "<image>" * 169

    def tokens(height: int, width: int) -> str:
        longest = _f32(max(height, width))
        scale = _f32(resized_edge / longest)
        sides = [_f32(_f32(side) * scale) for side in (height, width)]
        again = min(_f32(most / max(sides)), 1.0)
        sides = [int(_f32(side * again)) for side in sides]
        whole = f"{_FAKE}<global-img>{each}{_FAKE}"
        if max(sides) <= longest_edge:
            return whole
        rows, columns = (math.ceil(_f32(side / longest_edge)) for side in sides)
        split = "".join(
            "".join(f"{_FAKE}<row_{row + 1}_col_{column + 1}>{each}" for column in range(columns)) + "\n"
            for row in range(rows)
        )
        return f"{split}\n{whole}"

    return tokens


def _paligemma(config: Mapping[str, Any], processor: Mapping[str, Any]) -> Tokens:
    text = "<image>" * _count(_part(config, "text_config"), "num_image_tokens")
    return lambda height, width: text


def _gemma3(config: Mapping[str, Any], processor: Mapping[str, Any]) -> Tokens:
    for name in "image_size", "patch_size":
        _count(_part(config, "vision_config"), name)
    text = f"\n\n<start_of_image>{'<image_soft_token>' * 256}<end_of_image>\n\n"
    return lambda height, width: text


_QWEN2 = (
    *("depth", "embed_dim", "mlp_ratio", "num_heads", "in_chans", "hidden_size"),
    *("patch_size", "spatial_merge_size", "spatial_patch_size", "temporal_patch_size"),
)


def _qwen(names: tuple[str, ...], patch: str) -> Callable[[Mapping[str, Any], Mapping[str, Any]], Tokens]:
    def make(config: Mapping[str, Any], processor: Mapping[str, Any]) -> Tokens:
        area = {name: _count(_part(config, "vision_config"), name) for name in names}[patch] ** 2

        def tokens(height: int, width: int) -> str:
            if not area:
                raise Breakdown("attempt to divide by zero")
            # The quotes are the router's: it prints the text as Rust shows a string in the source.
            return f'<|vision_start|>"{"<|image_pad|>" * (height * width // area)}"<|vision_end|>'

        return tokens

    return make


def _llava_next(config: Mapping[str, Any], processor: Mapping[str, Any]) -> Tokens:
    _part(config, "text_config")
    vision = _part(config, "vision_config")
    image, patch = _count(vision, "image_size"), _count(vision, "patch_size")
    pinpoints = config.get("image_grid_pinpoints")
    if not isinstance(pinpoints, list) or not all(
        isinstance(each, list) and len(each) == 2 for each in pinpoints
    ):
        raise _NoConfig("image_grid_pinpoints")
    grids = [(_count({"": high}, ""), _count({"": wide}, "")) for high, wide in pinpoints]

    def tokens(height: int, width: int) -> str:
        if not patch or not image or image % patch:
            raise Breakdown("assertion failed: image_size % patch_size == 0")
        best = _best_resolution(height, width, grids)
        # Columns and rows change places, as in the model's own code.
        columns, rows = best[0] // image, best[1] // image
        patches = image // patch
        unpadded, newlines = _unpadded(height, width, patches * rows, patches * columns)
        return "<image>" * (unpadded + newlines + patches**2)

    return tokens


def _best_resolution(height: int, width: int, grids: list[tuple[int, int]]) -> tuple[int, int]:
    """The grid that shows most of an image, and of those the one that wastes least."""
    best, most, least = None, 0, -math.inf
    for high, wide in grids:
        scale = min(_f32(_f32(wide) / _f32(width)), _f32(_f32(high) / _f32(height)))
        shown = int(_f32(_f32(wide) * scale)) * int(_f32(_f32(high) * scale))
        effective = min(shown, height * width)
        wasted = high * wide - effective
        if effective > most or (effective == most and _f32(wasted) < least):
            best, most, least = (high, wide), effective, _f32(wasted)
    return best or (height, width)


def _unpadded(height: int, width: int, rows: int, columns: int) -> tuple[int, int]:
    """Features of a picture of `rows` by `columns` patches without its padding, and one more for each row."""
    shape = columns / rows if rows else math.inf  # there may be none of either, where no grid was given
    if width / height > shape:
        rows -= (rows - height * columns // width) // 2 * 2
    else:
        columns -= (columns - width * rows // height) // 2 * 2
    return rows * columns, rows


def _llama4(config: Mapping[str, Any], processor: Mapping[str, Any]) -> Tokens:
    _part(config, "text_config")
    vision = _part(config, "vision_config")
    image, patch = _count(vision, "image_size"), _count(vision, "patch_size")
    ratio = vision.get("pixel_shuffle_ratio")
    if type(ratio) not in (int, float):
        raise _NoConfig("pixel_shuffle_ratio")
    known = processor.get("processor_class") == "Llama4Processor"
    most = _count({"max_patches": 0, **processor}, "max_patches") if known else 0

    def tokens(height: int, width: int) -> str:
        if not known or not most or not image or not patch or not ratio:
            raise Breakdown("Expected Llama4Processor in preprocessor_config")
        rows, columns = _tiles(height, width, most, image)
        each = "<|patch|>" * ((image // patch) ** 2 // _rounded(1.0 / (ratio * ratio)))
        row = f"{'<|tile_x_separator|>'.join([each] * columns)}<|tile_y_separator|>"
        return f"<|image_start|>{row * rows if rows * columns > 1 else ''}<|image|>{each}<|image_end|>"

    return tokens


def _rounded(value: float) -> int:
    """Half away from zero; never zero, which nothing could be divided by."""
    rounded = math.floor(value + 0.5)
    if not rounded:
        raise Breakdown("attempt to divide by zero")
    return rounded


def _tiles(height: int, width: int, most: int, side: int) -> tuple[int, int]:
    """Rows and columns of at most `most` square tiles that an image fits best, not shrunk if that can be."""
    grids = [
        (rows, count // rows)
        for count in range(1, most + 1)
        for rows in range(1, count + 1)
        if count % rows == 0
    ]
    scales = {
        (rows, columns): min(_f32(rows * side / _f32(height)), _f32(columns * side / _f32(width)))
        for rows, columns in grids
    }
    growing = [scale for scale in scales.values() if scale >= 1.0]
    chosen = min(growing) if growing else max(scales.values())
    fitting = [grid for grid, scale in scales.items() if abs(scale - chosen) < 2.0**-23]
    return min(fitting, key=lambda grid: grid[0] * grid[1])


_MODELS: Final[Mapping[Any, Callable[[Mapping[str, Any], Mapping[str, Any]], Tokens]]] = {
    "idefics": _always("<image>"),
    "mllama": _always("<|image|>"),
    "idefics2": _idefics2,
    "idefics3": _idefics3,
    "gemma3": _gemma3,
    "llama4": _llama4,
    "paligemma": _paligemma,
    "llava_next": _llava_next,
    "qwen2_vl": _qwen(_QWEN2, "patch_size"),
    "qwen2_5_vl": _qwen(("spatial_patch_size",), "spatial_patch_size"),
}
