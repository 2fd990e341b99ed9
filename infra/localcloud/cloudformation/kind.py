"""What every type of resource can do: be made or changed, be looked at, be deleted."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from botocore.exceptions import ClientError

_MISSING = frozenset({"404", "NotFound", "NotFoundException", "ParameterNotFound", "ResourceNotFound"})


@dataclass(frozen=True)
class Kind(ABC):
    """A type of resource in one region; `client` gives AWS's clients of this very cloud."""

    client: Callable[[str], Any]
    region: str
    account: str
    named: ClassVar[str]
    """The property that is its name; without it CloudFormation makes one up."""
    lower: ClassVar[bool] = False
    """Whether names are of small letters alone."""
    tagged: ClassVar[bool] = False
    """Whether it gets the stack's tags."""

    def identity(self, name: str) -> str:
        """The physical id of the one called `name`, which `Ref` gives."""
        return name

    def attributes(self, identity: str) -> dict[str, str]:
        """What `Fn::GetAtt` gives."""
        return {}

    @abstractmethod
    def live(self, identity: str, properties: dict[str, Any]) -> dict[str, Any] | None:
        """What its properties are now, as far as they are looked at; None where it is not there."""

    def wanted(self, properties: dict[str, Any]) -> dict[str, Any]:
        """The same properties, written as `live` writes them."""
        return properties

    @abstractmethod
    def apply(self, identity: str, properties: dict[str, Any]) -> None:
        """Make it, or bring it to these properties."""

    @abstractmethod
    def delete(self, identity: str, properties: dict[str, Any]) -> None:
        """Delete it; ClientError where it is in use or gone."""

    def differences(self, identity: str, properties: dict[str, Any]) -> list[tuple[str, Any, Any]] | None:
        """What is not as wanted: property, wanted, actual; None where the whole thing is gone."""
        now = self.live(identity, properties)
        if now is None:
            return None
        wanted = self.wanted(properties)
        return [(key, wanted.get(key), value) for key, value in now.items() if wanted.get(key) != value]


def found(call: Callable[[], Any]) -> Any:
    """What a call answers, or None where AWS says that there is no such thing."""
    try:
        return call()
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in _MISSING or code.startswith("NoSuch") or code.endswith(("NotFoundException", "NotFoundError")):
            return None
        raise


def tags(properties: dict[str, Any]) -> list[dict[str, str]]:
    """Tags as most APIs take them, in order."""
    return sorted(properties.get("Tags", []), key=lambda one: str(one["Key"]))
