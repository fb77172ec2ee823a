"""Client for Text Generation Inference."""

from __future__ import annotations
