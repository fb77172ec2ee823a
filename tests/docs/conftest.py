"""The built site is looked at in its own tox environment only, which builds it first."""

from __future__ import annotations

import os

collect_ignore_glob = [] if os.environ.get("TEXT_GENERATION_SITE") else ["test_site.py"]
