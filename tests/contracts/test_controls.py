"""controls.json against the fake: the same controls, each taking what its contract shows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, get_args

import pytest
from starlette.routing import Route

from fake_tgi.admin import create_admin
from fake_tgi.app import create_app
from fake_tgi.changing import GROUPS, SINGLE
from fake_tgi.fault_plans import When
from fake_tgi.faults import FAULTS
from fake_tgi.journal.serve_event import Ending
from fake_tgi.recordings.files import write
from fake_tgi.recordings.recording import parse_recording
from fake_tgi.settings import Settings
from fake_tgi.stubs import Stub
from tests.fake.asking import ask
from tgi_contracts import endpoints, openapi, schema

CONTROLS = [each for each in endpoints() if each.origin == "fake"]
ASKED = [
    pytest.param(each, example, id=f"{each.method} {each.path} {at}")
    for each in CONTROLS
    for at, example in enumerate(schema(each.request)["examples"] if each.request else [None])
]


def test_every_control_of_the_fake_has_its_contract_and_no_other() -> None:
    served = {
        (method, route.path.replace(":int}", "}").replace(":path}", "}"))
        for route in create_admin(create_app().state).routes
        if isinstance(route, Route)
        for method in (route.methods or set()) - {"HEAD"}
    }
    assert {(each.method, each.path) for each in CONTROLS} == served


@pytest.mark.parametrize(("control", "body"), ASKED)
def test_every_control_takes_what_its_contract_shows(
    control: Any, body: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The witness of each test holds the answer to the contract."""
    monkeypatch.chdir(tmp_path)
    if isinstance(body, dict) and "folder" in body:
        example = schema("Exchange")["examples"][0]
        write(tmp_path / body["folder"], parse_recording(example), {}, name="one")
    moved = control.path.endswith("/clock") and body is not None
    started = {"speedup": 2.0} if moved and "speed" in body else {"clock": "stepped"} if moved else {}
    app = create_app(Settings(**started))
    app.state.stubs.add(Stub(answer="a"))
    ask(app, "POST", "/generate", {"inputs": "x"})
    path = control.path.replace("{id}", "1").replace("{name}", "login")
    reply = ask(app, control.method, path, body)
    assert reply.status in (200, 201), reply.text


@pytest.mark.parametrize("control", [each for each in CONTROLS if each.request], ids=lambda e: e.path)
@pytest.mark.parametrize("body", [[], {"misspelt": 1}, None])
def test_every_control_refuses_what_it_does_not_know(control: Any, body: Any) -> None:
    path = control.path.replace("{id}", "1").replace("{name}", "login")
    raw = b"" if body is None else json.dumps(body).encode()
    reply = ask(create_app(), control.method, path, raw=raw)
    assert reply.status == 422
    assert reply.json()["error_type"] == "admin"
    assert "expected" in reply.json()


def test_its_settings_are_those_that_can_be_changed() -> None:
    for name in ("SettingsChange", "SettingsInForce"):
        members = schema(name)["properties"]
        assert set(members) == {*GROUPS, *SINGLE, "health"}
        for group, names in GROUPS.items():
            assert tuple(members[group]["properties"]) == names


def test_its_faults_are_those_of_the_fake() -> None:
    _words, form = schema("FaultRule")["anyOf"]
    assert form["properties"]["fault"]["enum"] == list(FAULTS)
    of_kinds = {name for kind in FAULTS.values() for name in kind.__dataclass_fields__}
    assert set(form["properties"]) == of_kinds | {"fault", "when"}
    assert set(form["properties"]["when"]["properties"]) == set(When.__dataclass_fields__)


def test_the_document_has_them_unless_they_are_left_out() -> None:
    paths = openapi()["paths"]
    assert {each.path for each in CONTROLS} <= set(paths)
    assert paths["/__admin/settings"]["patch"]["security"] == [{"adminToken": []}, {}]
    assert [each["name"] for each in paths["/__admin/requests"]["get"]["parameters"]] == ["limit", "wait"]
    without = openapi(controls=False)
    assert not any(path.startswith("/__admin") for path in without["paths"])
    assert "adminToken" not in without["components"]["securitySchemes"]
    served = ask(create_app(), "GET", "/api-doc/openapi.json").json()
    assert "/__admin/settings" in served["paths"]


def test_its_record_of_a_call_has_every_member_that_the_journal_tells() -> None:
    app = create_app()
    ask(app, "POST", "/generate_stream", {"inputs": "x"})
    (record,) = ask(app, "GET", "/__admin/requests").json()["requests"]
    described = schema("JournalRecord")["properties"]
    assert set(record) == set(described)
    for name in ("request", "response", "tokens", "connection", "unkept", "real"):
        assert set(record[name]) <= set(described[name]["properties"])
    endings = described["ended"]["enum"]
    assert endings == list(get_args(Ending))
