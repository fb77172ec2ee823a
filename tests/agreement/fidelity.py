"""How alike the fake and the real router are: every recorded exchange asked of the fake, answer for answer.

The router's own flags start the fake, the recorded model output is queued, the recorded request is sent as
it was, and status, headers, key order and every stream event are compared. What must differ is masked:
times, `created`, and the text of `/metrics`, of which names and types are compared.

    python -m tests.agreement.fidelity        rewrites docs/fidelity.md
"""

from __future__ import annotations

import base64
import json
import math
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from fake_tgi.app import Application, create_app
from fake_tgi.arguments import read_arguments
from tests.fake.asking import Reply, ask

ROOT = Path(__file__).resolve().parent.parent.parent
RECORDINGS = ROOT / "contracts" / "recordings"

# Reproduced with their causes in tests/fake/test_overload.py and test_sick.py
BY_CIRCUMSTANCE = ("overload", "sick")
# A regular expression that no engine compiles: the router passes it on, and the shard's answer was recorded
ASKED_ANYWAY: tuple[str, ...] = ()

SIGNIFICANT = re.compile(r"x-|(cache-control|allow|location|content-type)$|access-control-")
TIMES = re.compile(r"x-(compute-time|total-time|validation-time|queue-time|inference-time|time-per-token)$")


@dataclass(frozen=True)
class Comparison:
    """One exchange: where it went, and every difference found (none: alike)."""

    profile: str
    name: str
    route: str
    differences: tuple[str, ...]


def profiles() -> dict[str, Any]:
    """The settings under which each file of recordings was made."""
    found: dict[str, Any] = json.loads((RECORDINGS / "profiles.json").read_text())
    return {name: found[name] for name in found if (RECORDINGS / f"{name}.jsonl").exists()}


def exchanges(profile: str) -> Iterator[dict[str, Any]]:
    """The recorded exchanges of a profile, in their order."""
    with (RECORDINGS / f"{profile}.jsonl").open(encoding="utf-8") as lines:
        for line in lines:
            value = json.loads(line)
            if "request" in value:  # the first line may be a header that tells where the file comes from
                yield value


def fake(spec: dict[str, Any], folder: Path) -> Application:
    """A fake with the flags of a profile, and its model folder."""
    model = RECORDINGS / spec["tokenizer"]
    if "tokenizer_config" in spec:
        for file in model.iterdir():
            (folder / file.name).write_bytes(file.read_bytes())
        (folder / "tokenizer_config.json").write_text(json.dumps(spec["tokenizer_config"]))
        model = folder
    flags = ["--model-id", spec["model_id"], "--tokenizer-name", str(model), *spec["router_flags"]]
    return create_app(read_arguments(flags, {}).settings)


def compare_profile(name: str, spec: dict[str, Any]) -> Iterator[Comparison]:
    """Asks every exchange of a profile of one fake."""
    with TemporaryDirectory() as folder:
        app = fake(spec, Path(folder))
        for exchange in exchanges(name):
            app.state.queue.put(exchange["generations"], replace=True)
            request = exchange["request"]
            reply = ask(
                app,
                request["method"],
                request["path"],
                headers=request["headers"],
                raw=body_of(request) or b"",
            )
            yield Comparison(name, exchange["name"], route_of(request), tuple(differences(exchange, reply)))


def compare_all() -> Iterator[Comparison]:
    """Every profile whose cause is in the request."""
    for name, spec in profiles().items():
        if name not in BY_CIRCUMSTANCE:
            yield from compare_profile(name, spec)


def body_of(request: dict[str, Any]) -> bytes | None:
    """The request's body, byte for byte."""
    if "json" in request:
        return json.dumps(request["json"], ensure_ascii=False).encode()
    if "raw" in request:
        return str(request["raw"]).encode()
    if "raw_b64" in request:
        return base64.b64decode(request["raw_b64"])
    return None


def route_of(request: dict[str, Any]) -> str:
    """Method and path, the model's name aside."""
    return f"{request['method']} {request['path'].partition('?')[0]}"


def differences(exchange: dict[str, Any], reply: Reply) -> Iterator[str]:
    """Every aspect in which the reply is not the recorded one."""
    want = exchange["response"]
    if reply.status != want["status"]:
        yield f"status: expected {want['status']}, got {reply.status}"
    yield from _headers(dict(want["headers"]), reply.headers)
    if exchange["request"]["method"] == "HEAD":
        return
    expected = "".join(want["chunks"])
    path = exchange["request"]["path"]
    if path == "/metrics":
        yield from _metrics(expected, reply.text)
    elif dict(want["headers"]).get("content-type") == "text/event-stream":
        yield from _events(want["chunks"], [chunk.decode() for chunk in reply.chunks])
    elif expected != reply.text:
        yield from _json(expected, reply.text, "body", sort=path == "/v1/completions")


def _headers(want: dict[str, str], got: dict[str, str]) -> Iterator[str]:
    want = {name: value for name, value in want.items() if SIGNIFICANT.match(name)}
    got = {name: value for name, value in got.items() if SIGNIFICANT.match(name)}
    for name in sorted(want.keys() ^ got.keys()):
        yield f"header {name}: expected {want.get(name)}, got {got.get(name)}"
    for name in sorted(want.keys() & got.keys()):
        if TIMES.match(name):
            if not re.fullmatch(r"\d+(\.\d+)?", got[name]):
                yield f"header {name}: expected a number, got {got[name]}"
        elif want[name].lower() != got[name].lower():
            yield f"header {name}: expected {want[name]}, got {got[name]}"


def _events(want: list[str], got: list[str]) -> Iterator[str]:
    want = [chunk for chunk in want if chunk]
    if len(want) != len(got):
        yield f"stream: expected {len(want)} events, got {len(got)}"
    for index, (expected, found) in enumerate(zip(want, got, strict=False)):
        if expected != found:
            if not (found.startswith("data: ") and found.endswith("\n\n")):
                yield f"event {index}: framing {found!r}"
            else:
                yield from _json(expected[6:-2], found[6:-2], f"event {index}")


def _json(expected: str, found: str, where: str, *, sort: bool = False) -> Iterator[str]:
    try:
        want, got = json.loads(expected), json.loads(found)
    except ValueError:
        if expected != found:
            yield f"{where}: expected {expected[:200]!r}, got {found[:200]!r}"
        return
    if sort and isinstance(want, dict) and "choices" in want and "choices" in got:
        for value in (want, got):  # several prompts: the order is the one in which the router finished
            value["choices"].sort(key=lambda choice: choice["index"])
    difference = _difference(want, got, where)
    if difference:
        yield difference


def _difference(want: Any, got: Any, where: str) -> str | None:
    """The first difference; key order counts, `created` and the last bits of a number do not."""
    if where.endswith(".created"):
        return None if type(got) is int else f"{where}: expected an integer, got {got!r}"
    if isinstance(want, dict) and isinstance(got, dict):
        if list(want) != list(got):
            return f"{where}: expected the keys {list(want)}, got {list(got)}"
        pairs = [(want[key], got[key], f"{where}.{key}") for key in want]
    elif isinstance(want, list) and isinstance(got, list):
        if len(want) != len(got):
            return f"{where}: expected {len(want)} items, got {len(got)}"
        pairs = [(a, b, f"{where}[{i}]") for i, (a, b) in enumerate(zip(want, got, strict=True))]
    else:
        return None if _same(want, got) else f"{where}: expected {want!r}, got {got!r}"
    return next((found for pair in pairs if (found := _difference(*pair))), None)


def _same(want: Any, got: Any) -> bool:
    if type(want) is bool or type(got) is bool or not isinstance(want, (int, float)):
        return type(want) is type(got) and bool(want == got)
    return isinstance(got, (int, float)) and (want == got or math.isclose(want, got, rel_tol=1e-6))


def _metrics(expected: str, found: str) -> Iterator[str]:
    """Series may be missing from a fresh fake, but none may be unknown to the router or of another type."""

    def types(text: str) -> set[str]:
        return set(re.findall(r"^# TYPE (\S+ \S+)$", text, re.MULTILINE))

    unknown = types(found) - types(expected)
    if unknown:
        yield f"metrics: unknown to the router: {sorted(unknown)}"


def table(results: list[Comparison]) -> str:
    """The page docs/fidelity.md."""
    routes: dict[str, list[Comparison]] = defaultdict(list)
    for result in results:
        routes[result.route].append(result)
    lines = [
        "# Fidelity",
        "",
        "Every answer below was recorded from a real TGI router (3.3.6-dev0) and compared with the",
        "fake's: status, headers, key order, every event. `python -m tests.agreement.fidelity` writes",
        "this page; differences on purpose stand in [deviations.md](deviations.md). The `overload` and",
        "`sick` recordings need circumstances, not only a request: tests bring them about.",
        "",
        "| route | compared | alike |",
        "| --- | ---: | ---: |",
    ]
    for route in sorted(routes):
        alike = sum(not result.differences for result in routes[route])
        lines.append(f"| `{route}` | {len(routes[route])} | {alike} |")
    alike = sum(not result.differences for result in results)
    lines += [f"| **all** | **{len(results)}** | **{alike}** |", ""]
    different = [result for result in results if result.differences]
    if different:
        lines += ["## What differs", ""]
        lines += [f"- `{result.name}`: {'; '.join(result.differences)}" for result in different]
        lines.append("")
    return "\n".join(lines)


def main() -> int:
    """Rewrites the page; fails where an answer differs."""
    results = list(compare_all())
    (ROOT / "docs" / "fidelity.md").write_text(table(results))
    different = sum(bool(result.differences) for result in results)
    sys.stderr.write(f"{len(results)} answers compared, {different} differ: docs/fidelity.md\n")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
