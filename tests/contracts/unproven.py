"""The forms of answers that no recording shows, as the table of docs/contracts.md.

`python -m tests.contracts.unproven` prints it.
"""

from __future__ import annotations

from tgi_contracts import endpoints, is_valid, recordings, violations_of

from .answered import answered

__all__ = ["unproven_table"]


def unproven_table() -> str:
    """A Markdown table: by route, the statuses and schemas that rest on the router's source alone."""
    shown = set()
    for exchange in recordings():
        request, status = exchange["request"], exchange["response"]["status"]
        path = request["path"].partition("?")[0]
        for value, event in answered(exchange):
            for each in endpoints():
                if (each.method, each.path) == (request["method"], path):
                    for form in each.answers.get(status, ()):
                        if form.is_stream == event and is_valid(value, form.schema):
                            shown.add((each.method, each.path, form.status, form.schema))
            assert violations_of(request["method"], path, status, value, event=event) == []
    rows = []
    for each in endpoints():
        missing = [
            f"{form.status} `{form.schema}`"
            for forms in each.answers.values()
            for form in forms
            if (each.method, each.path, form.status, form.schema) not in shown
        ]
        if missing and each.origin == "router":
            rows.append(f"| {each.method} {each.path} | {', '.join(dict.fromkeys(missing))} |")
    return "\n".join(["| route | answers that no recording shows |", "| --- | --- |", *rows])


if __name__ == "__main__":
    print(unproven_table())
