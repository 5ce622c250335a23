"""Keeps pickle out of the store: who can write a row there must not run code in the worker.

DBOS reads each row by the serializer that the row itself names, and "py_pickle" is always among
them (dbos/_serialization.py, deserialize_value), whatever serializer the application chose. So its
pickling serializer is replaced as soon as this module is imported, before any row is read.
"""

from typing import Final, NoReturn

from dbos import DBOSPortableJSONSerializer, _serialization

SERIALIZER: Final = DBOSPortableJSONSerializer()


class PickleRefused(Exception):
    """A row claims to be a pickle; nothing of ours ever wrote one."""


def _serialize(_: object, data: object) -> str:
    """Why a row was refused must be kept in the row's own format, so that it is a dead letter and
    not tried for ever; nothing else is written that way."""
    if isinstance(data, Exception):
        return SERIALIZER.serialize(f"{type(data).__name__}: {data}")
    raise PickleRefused("the store holds JSON only")


def _deserialize(_: object, text: str) -> NoReturn:
    del text
    raise PickleRefused("the store holds JSON only; this row was written by somebody else")


# A released DBOS may rename them: then importing this fails, and so does the test of the guard.
_serialization.DefaultSerializer.serialize = _serialize  # type: ignore[method-assign,assignment]
_serialization.DefaultSerializer.deserialize = _deserialize  # type: ignore[method-assign,assignment]
