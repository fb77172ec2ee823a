"""What stands for an image in the text that is counted, model by model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fake_tgi.refusals import Breakdown
from fake_tgi.vision.models import VisionModel, vision_model

QWEN2 = dict.fromkeys(
    (
        *("depth", "embed_dim", "mlp_ratio", "num_heads", "in_chans", "hidden_size"),
        *("patch_size", "spatial_merge_size", "spatial_patch_size", "temporal_patch_size"),
    ),
    14,
)
LLAVA = {
    "model_type": "llava_next",
    "text_config": {},
    "vision_config": {"image_size": 336, "patch_size": 14},
    "image_grid_pinpoints": [[336, 672], [672, 336], [672, 672], [1008, 336], [336, 1008]],
}
LLAMA4 = {
    "model_type": "llama4",
    "text_config": {},
    "vision_config": {"image_size": 336, "patch_size": 14, "pixel_shuffle_ratio": 0.5},
}
TILES = {"processor_class": "Llama4Processor", "max_patches": 16}


def model(folder: Path, config: object, processor: object = None) -> VisionModel | None:
    (folder / "config.json").write_text(json.dumps(config))
    if processor is not None:
        (folder / "preprocessor_config.json").write_text(json.dumps(processor))
    return vision_model(folder)


def tokens(
    folder: Path, config: object, processor: object = None, *, height: int = 20, width: int = 20
) -> str:
    found = model(folder, config, processor)
    assert found is not None
    return found.tokens(height, width)


@pytest.mark.parametrize(
    ("config", "text"),
    [
        ({"model_type": "idefics"}, "<image>"),
        ({"model_type": "mllama"}, "<|image|>"),
        ({"model_type": "paligemma", "text_config": {"num_image_tokens": 3}}, "<image>" * 3),
        (
            {"model_type": "gemma3", "vision_config": {"image_size": 896, "patch_size": 14}},
            "\n\n<start_of_image>" + "<image_soft_token>" * 256 + "<end_of_image>\n\n",
        ),
        (
            {"model_type": "qwen2_5_vl", "vision_config": {"spatial_patch_size": 10}},
            '<|vision_start|>"' + "<|image_pad|>" * 4 + '"<|vision_end|>',
        ),
    ],
)
def test_an_image_becomes_its_models_tokens(tmp_path: Path, config: Any, text: str) -> None:
    assert tokens(tmp_path, config) == text


@pytest.mark.parametrize(
    ("config", "height", "width", "count"),
    [
        (LLAVA, 20, 20, 1176),
        (LLAVA, 640, 640, 2928),
        (LLAVA, 480, 640, 2340),
        (LLAVA, 899, 1024, 2634),
        (LLAVA, 1024, 899, 2640),
        (LLAVA, 1067, 1600, 2144),
        ({"model_type": "qwen2_vl", "vision_config": QWEN2}, 640, 480, 1567),
    ],
)
def test_the_size_of_an_image_decides_how_many_tokens_it_is(
    tmp_path: Path, config: Any, height: int, width: int, count: int
) -> None:
    text = tokens(tmp_path, config, height=height, width=width)
    assert text.count("<image>") + text.count("<|image_pad|>") == count


@pytest.mark.parametrize(("splits", "parts"), [(True, 5), (False, 1), (1, 1), (None, 1)])
def test_idefics2_splits_an_image_where_its_processor_does(tmp_path: Path, splits: Any, parts: int) -> None:
    processor = {"processor_class": "Idefics2Processor", "do_image_splitting": splits}
    text = tokens(tmp_path, {"model_type": "idefics2"}, processor)
    assert text.count("<image>") == 64 * parts


def test_where_two_images_of_idefics2_meet_one_fake_token_stands_between(tmp_path: Path) -> None:
    found = model(tmp_path, {"model_type": "idefics2"})
    assert found is not None
    one = found.tokens(1, 1)
    assert found.joined(one + one).count("<fake_token_around_image>") == 3


@pytest.mark.parametrize(
    ("height", "width", "rows", "columns"),
    [(20, 20, 4, 4), (1456, 364, 4, 1), (480, 640, 3, 4), (5000, 10, 4, 1)],
)
def test_idefics3_cuts_an_image_into_rows_and_columns(
    tmp_path: Path, height: int, width: int, rows: int, columns: int
) -> None:
    text = tokens(tmp_path, {"model_type": "idefics3"}, height=height, width=width)
    assert text.count("<image>") == 169 * (rows * columns + 1)
    assert f"<row_{rows}_col_{columns}>" in text
    assert text.count("\n") == rows + 1
    assert text.count("<global-img>") == 1


@pytest.mark.parametrize(
    ("height", "width", "rows", "columns"),
    [(336, 336, 1, 1), (337, 336, 2, 1), (336, 1000, 1, 3), (5000, 10, 15, 1)],
)
def test_llama4_tiles_an_image(tmp_path: Path, height: int, width: int, rows: int, columns: int) -> None:
    text = tokens(tmp_path, LLAMA4, TILES, height=height, width=width)
    several = rows * columns > 1
    assert text.count("<|tile_y_separator|>") == (rows if several else 0)
    assert text.count("<|tile_x_separator|>") == rows * (columns - 1)
    assert text.count("<|patch|>") == 144 * (rows * columns * several + 1)


@pytest.mark.parametrize(
    "config",
    [
        {"model_type": "llama"},
        {"model_type": "clip_vision_model", "image_size": 1, "patch_size": 1},
        {"model_type": "Idefics"},
        {"model_type": ["idefics"]},
        {"model_type": "gemma3"},
        {"model_type": "paligemma", "text_config": {"num_image_tokens": 3.0}},
        {"model_type": "paligemma", "text_config": {"num_image_tokens": -1}},
        {"model_type": "qwen2_vl", "vision_config": {"patch_size": 14}},
        {**LLAVA, "text_config": None},
        {**LLAVA, "image_grid_pinpoints": [[336]]},
        {},
        [],
    ],
)
def test_a_config_that_the_router_cannot_read_is_of_a_model_that_sees_nothing(
    tmp_path: Path, config: Any
) -> None:
    assert model(tmp_path, config) is None


@pytest.mark.parametrize("content", [None, "nonsense", "\xff"])
def test_so_is_no_config_at_all(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "config.json").write_text(content, "latin-1")
    assert vision_model(tmp_path) is None
    assert vision_model(None) is None


@pytest.mark.parametrize(
    ("config", "processor"),
    [
        (LLAMA4, None),
        ({**LLAVA, "vision_config": {"image_size": 24, "patch_size": 14}}, None),
        ({"model_type": "qwen2_5_vl", "vision_config": {"spatial_patch_size": 0}}, None),
    ],
)
def test_numbers_that_the_router_cannot_compute_with_break_it_down(
    tmp_path: Path, config: Any, processor: Any
) -> None:
    with pytest.raises(Breakdown):
        tokens(tmp_path, config, processor)
