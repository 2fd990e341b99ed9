"""The base of every table of slipway.toml."""

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """A table of slipway.toml: no unknown keys, no guessing of types, no inf or nan, never changed after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)
