"""What a type checker makes of programs that use the contracts. Checked by mypy, never run."""

from __future__ import annotations

from typing import Any

from typing_extensions import assert_type

import tgi_contracts


def values_are_held_to_schemas(value: object) -> None:
    assert_type(tgi_contracts.names(), list[str])
    assert_type(tgi_contracts.schema("GenerateResponse"), dict[str, Any])
    assert_type(tgi_contracts.is_valid(value, "GenerateResponse"), bool)
    for violation in tgi_contracts.violations(value, "GenerateResponse"):
        assert_type(violation, tgi_contracts.Violation)
        assert_type(violation.where, str)


def routes_are_a_table() -> None:
    for endpoint in tgi_contracts.endpoints():
        assert_type(endpoint, tgi_contracts.Endpoint)
    assert_type(tgi_contracts.endpoint("POST", "/generate"), tgi_contracts.Endpoint)


def recordings_are_exchanges() -> None:
    for exchange in tgi_contracts.recordings(profile="default"):
        assert_type(exchange, tgi_contracts.Exchange)
        assert_type(tgi_contracts.body_of(exchange["request"]), bytes | None)
