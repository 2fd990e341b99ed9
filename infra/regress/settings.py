"""The table [gates] of slipway.toml: how much worse than the live image the next one may be."""

from __future__ import annotations

from pydantic import Field

from infra.section import Section


class Gates(Section):
    """Limits; a gate is closed when its limit is passed.

    `latency_ratio`: median time of the new image over that of the live one; closed when the whole confidence interval
    lies above. `map_drop`: loss of mAP50, where it is known what is in the pictures. `score_difference` and
    `disagreement` (share of the detections that only one of both has): where it is not known, or the model is the same.
    """

    latency_ratio: float = Field(default=1.2, gt=0, strict=False)
    map_drop: float = Field(default=0.02, ge=0, le=1, strict=False)
    score_difference: float = Field(default=0.1, ge=0, le=1, strict=False)
    disagreement: float = Field(default=0.05, ge=0, le=1, strict=False)
