"""What a server itself draws with Hypothesis: a value for a schema, a text for a pattern.

Nothing here knows of routes or HTTP, so that whatever answers requests may import it, when it is used and
not before. For tests there is `fake_tgi.strategies`, which stands above the server.
"""

from __future__ import annotations

from .examples import DrawError, draw
from .schema_values import json_values, matching

__all__ = ["DrawError", "draw", "json_values", "matching"]
