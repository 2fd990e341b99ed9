"""Objects, their boxes and their masks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from inference.errors import ModelError
from inference.tasks.boxes import choose
from inference.tasks.detect import Detect
from inference.tasks.masks import Mask

if TYPE_CHECKING:
    from inference.decode import Picture
    from inference.options import Options
    from inference.preprocess import Letterbox
    from inference.runtimes.network import Outputs

INVENTED_CELLS = 20
"""Cells along a side of a mock's prototypes."""


@dataclass(frozen=True)
class Segment(Detect):
    """A model with two outputs: the head, whose extras weight the prototypes of masks, (n, k, rows, columns)."""

    options: ClassVar[tuple[str, ...]] = (*Detect.options, "masks")

    def check(self, outputs: Outputs) -> None:
        """Raises ModelError unless the head has a coefficient for each prototype."""
        if len(outputs) != 2 or outputs[1].ndim != 4:
            raise ModelError(
                f"{self.name} answers with {', '.join(str(output.shape) for output in outputs)}; a model that segments "
                "has two outputs, the head and the prototypes of masks. Export it again, or with another task."
            )
        # What only masks need is loaded now, not while the first request waits.
        import contourpy  # noqa: F401, PLC0415

        prototypes = outputs[1].shape[1]
        self._check(outputs, [(1, 4 + len(self.labels) + prototypes, None), (1, prototypes, None, None)])

    def invented(self) -> Outputs:
        """An object of the first class in the middle, round."""
        places = (np.arange(INVENTED_CELLS, dtype=np.float32) + 0.5) / INVENTED_CELLS - 0.5
        disc = (0.25**2 - places[None] ** 2 - places[:, None] ** 2).astype(np.float32)
        return (self._invented(1.0), disc[None, None])

    def read(self, outputs: Outputs, letterbox: Letterbox, picture: Picture, options: Options) -> dict[str, Any]:
        """As for boxes, and of each what the option asks for: `polygons`, or `mask` in COCO's compressed form."""
        head, prototypes = outputs
        found = choose(head, len(self.labels), options)
        pairs = zip(found.extras, found.boxes, strict=True)
        masks = [Mask.of(coefficients, prototypes, box, letterbox) for coefficients, box in pairs]
        seen = np.array([not mask.is_empty() for mask in masks], bool)
        found = found.only(seen)
        detections = self._listed(found, letterbox.boxes_to_picture(found.boxes, picture.width, picture.height))
        for one, mask in zip(
            detections, (mask for mask, is_seen in zip(masks, seen, strict=True) if is_seen), strict=True
        ):
            if options.masks == "polygons":
                one["polygons"] = mask.outlines(letterbox, picture)
            elif options.masks == "rle":
                one["mask"] = mask.compressed(letterbox, picture)
        return {"detections": detections}
