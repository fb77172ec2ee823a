"""A server that answers as the router of Text Generation Inference does, with no model behind it.

The anatomy is TGI's own: the *router* extracts, validates, limits, renders and refuses; the *shard*
generates. Every module here is importable by itself, and nothing heavy is imported before it is used.
"""

from __future__ import annotations
