"""Whether every reference of a JSON Schema leads to a schema: inside itself, or to one of JSON Schema's own.

Nothing is ever fetched. What a reference leads to need not stand where schemas stand (`#/shared/price`), and
is then checked like the rest; a reference in a part that nobody refers to is found all the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from .differences import Difference, FormError, hidden, shown, step

if TYPE_CHECKING:
    from jsonschema.protocols import Validator
    from referencing import Specification

__all__ = ["check_references"]

__tracebackhide__ = hidden

_REFERRING: Final = ("$ref", "$dynamicRef", "$recursiveRef")


def check_references(schema: Any, kind: type[Validator], where: str) -> None:
    """Raises FormError for the first reference in `schema`, which is valid for `kind`, that leads nowhere."""
    from jsonschema_specifications import REGISTRY

    specification = _specification(kind)
    root = specification.create_resource(schema)
    ahead = [(root, REGISTRY.resolver_with_root(root))]
    places = dict(_places(schema, where))
    seen: set[int] = set()
    while ahead:
        resource, resolver = ahead.pop()
        contents = resource.contents
        if not isinstance(contents, dict) or id(contents) in seen:
            continue
        seen.add(id(contents))
        for name in _REFERRING:
            if name not in contents:
                continue
            wanted = contents[name]
            place = step(places.get(id(contents), where), name)
            try:
                found = resolver.lookup(wanted)
                if id(found.contents) not in seen:
                    kind.check_schema(found.contents)
            except Exception as error:  # of its many ways to lead nowhere, the libraries tell each by another
                what = "a reference to a schema in the schema itself (nothing is fetched)"
                raise FormError(Difference(place, what, shown(wanted))) from error
            ahead.append((specification.create_resource(found.contents), found.resolver))
        ahead += [(each, resolver.in_subresource(each)) for each in resource.subresources()]


def _specification(kind: type[Validator]) -> Specification[Any]:
    from referencing.jsonschema import DRAFT202012, specification_with

    return specification_with(str(kind.META_SCHEMA.get("$schema", "")), default=DRAFT202012)


def _places(value: Any, where: str) -> Iterator[tuple[int, str]]:
    """Of each object in a value its identity, and where it stands."""
    if isinstance(value, dict):
        yield id(value), where
        for name, member in value.items():
            yield from _places(member, step(where, name))
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            yield from _places(item, f"{where}[{index}]")
