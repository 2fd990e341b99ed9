"""The licence that an ONNX file states about itself."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError

from infra.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

METADATA_PROPS = 14
"""Field of ModelProto, of pairs of texts (onnx.proto, StringStringEntryProto); the rest is skipped unread."""


def licence_of(path: Path) -> str | None:
    """What the metadata of the model at `path` call its license, if they do; InputError if it is no ONNX file."""
    model = _model()()
    try:
        model.ParseFromString(path.read_bytes())
    except DecodeError:
        raise InputError(f"{path.name} is not an ONNX model: it cannot be parsed; export it again.") from None
    return next((entry.value for entry in model.metadata_props if entry.key == "license"), None)


@cache
def _model() -> Any:
    field, label = descriptor_pb2.FieldDescriptorProto, descriptor_pb2.FieldDescriptorProto.LABEL_REPEATED
    file = descriptor_pb2.FileDescriptorProto(name="slipway/onnx.proto", package="slipway", syntax="proto3")
    entry = file.message_type.add(name="StringStringEntryProto")
    for number, name in enumerate(("key", "value"), 1):
        entry.field.add(name=name, number=number, type=field.TYPE_STRING, label=field.LABEL_OPTIONAL)
    file.message_type.add(name="ModelProto").field.add(
        name="metadata_props",
        number=METADATA_PROPS,
        type=field.TYPE_MESSAGE,
        label=label,
        type_name=".slipway.StringStringEntryProto",
    )
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("slipway.ModelProto"))
