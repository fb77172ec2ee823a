"""What a TGI server and its clients agreed on: JSON Schemas, the endpoint table and recordings.

This package is the referee between our client and our fake, so it imports neither.
"""

from __future__ import annotations
