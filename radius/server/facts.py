"""Decisions as JSON and back: what one was made from, so that it can be made again.

The policy's values are frozen dataclasses; they are written and read by their fields alone, so that a gate
that comes to need another fact needs no word here. None of them ever holds a password.
"""

import ast
import json
from collections.abc import Callable
from dataclasses import MISSING, fields, is_dataclass
from datetime import date, datetime, time, timedelta
from enum import Enum
from functools import cache, lru_cache
from hashlib import blake2b
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

import radius.policy

T = TypeVar("T")
Reader = Callable[[Any], Any]


class Unreadable(ValueError):
    """Stored facts that this version of the policy has no use for."""


def dump(value: Any) -> Any:
    """A value of the policy as JSON knows it."""
    if is_dataclass(value):
        return {field.name: dump(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, tuple | list):
        return [dump(part) for part in value]
    if isinstance(value, set | frozenset):
        return sorted(dump(part) for part in value)
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    return value.value if isinstance(value, Enum) else value


def dumps(value: Any) -> str:
    """The same as text: equal values give equal text."""
    if is_dataclass(value):
        return _dataclass_text(value)
    return json.dumps(dump(value), separators=(",", ":"), ensure_ascii=False)


def _dataclass_text(value: Any) -> str:
    """Field by field: what many lines share (their package) is made into text once."""
    return (
        "".join([start + _text(getattr(value, name)) for start, name in _names(cast(Any, type(value)))]) + "}"
    )


def _text(part: Any) -> str:
    write = _WRITERS.get(type(part))
    if write is not None:
        return write(part)
    if is_dataclass(part):
        return _shared(cast(Any, part))
    return json.dumps(dump(part), separators=(",", ":"), ensure_ascii=False)


_WRITERS: dict[type, Callable[[Any], str]] = {
    str: json.JSONEncoder(ensure_ascii=False).encode,
    int: str,
    bool: {True: "true", False: "false"}.__getitem__,
    NoneType: lambda part: "null",
    datetime: lambda part: f'"{part.isoformat()}"',
    tuple: lambda part: "[" + ",".join([_text(one) for one in part]) + "]",
}


@lru_cache(maxsize=1024)
def _shared(value: Any) -> str:
    return _dataclass_text(value)


@cache
def _names(kind: Any) -> tuple[tuple[str, str], ...]:
    return tuple(
        (("," if place else "{") + f"{json.dumps(field.name)}:", field.name)
        for place, field in enumerate(fields(kind))
    )


def load(kind: type[T], data: Any) -> T:
    """The value of that kind; what it holds beyond the kind's fields is left out. Raises Unreadable."""
    try:
        return cast(T, _reader(cast(Any, kind))(data))
    except (KeyError, TypeError, ValueError) as error:
        raise Unreadable(f"no {kind.__name__} of this version: {error!r}") from error


@cache
def _reader(kind: Any) -> Reader:
    origin, parts = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        inner = _reader(next(part for part in parts if part is not NoneType))
        return lambda data: None if data is None else inner(data)
    if origin is tuple:
        if len(parts) == 2 and parts[1] is Ellipsis:
            one = _reader(parts[0])
            return lambda data: tuple(one(part) for part in data)
        each = [_reader(part) for part in parts]
        return lambda data: tuple(read(part) for read, part in zip(each, data, strict=True))
    if origin is frozenset:
        member = _reader(parts[0])
        return lambda data: frozenset(member(part) for part in data)
    if is_dataclass(kind):
        return _dataclass_reader(cast(type, kind))
    if kind in (datetime, date, time):
        return cast(Reader, kind.fromisoformat)
    if kind is timedelta:
        return lambda data: timedelta(seconds=data)
    return kind if isinstance(kind, type) and issubclass(kind, Enum) else lambda data: data


def _dataclass_reader(kind: type) -> Reader:
    hints = get_type_hints(kind)
    known = fields(kind)
    readers = {field.name: _reader(hints[field.name]) for field in known}
    optional = {f.name for f in known if f.default is not MISSING or f.default_factory is not MISSING}

    def read(data: dict[str, Any]) -> Any:
        return kind(**{
            name: reader(data[name])
            for name, reader in readers.items()
            if name in data or name not in optional
        })  # fmt: skip

    return read


def _version() -> str:
    """Twelve digits of what the policy's modules say, comments and layout aside."""
    digest = blake2b(digest_size=6)
    for path in sorted(Path(radius.policy.__path__[0]).glob("*.py")):
        if path.stem not in _WORDING:
            digest.update(ast.dump(ast.parse(path.read_text())).encode())
    return digest.hexdigest()


# What is said about a decision, not what is decided.
_WORDING = {"codes", "replies", "__init__"}

#: The version of the policy that decides here; a decision of another one may come out differently today.
VERSION = _version()
