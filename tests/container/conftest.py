"""The image itself is built in its own tox environment only: a build takes half a minute and an index."""

from __future__ import annotations

import os

collect_ignore_glob = [] if os.environ.get("TEXT_GENERATION_TESTS_BUILD_IMAGE") else ["test_image.py"]
