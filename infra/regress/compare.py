"""The comparison: asks both images, judges the gates, and tells it as JSON and Markdown."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from infra.contract.target import Reply
from infra.errors import InputError
from infra.machine import Machine
from infra.regress.accuracy import Agreement, agreement, map50
from infra.regress.gates import Gate, judge
from infra.regress.latency import Asker, Latency, measure
from infra.release.findings import Detection, read
from infra.release.report import table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from infra.regress.pictures import Picture
    from infra.regress.settings import Gates


@dataclass(frozen=True)
class Comparison:
    """Old and new side by side; `map50` is of both, where it is known what is in the pictures."""

    environment: str
    builds: tuple[str, str]
    models: tuple[str, str]
    pictures: int
    labelled: int
    latency: Latency
    agreement: Agreement
    map50: tuple[float, float] | None
    gates: list[Gate]
    machine: Machine

    @property
    def passed(self) -> bool:
        """Whether every gate is open."""
        return all(gate.open for gate in self.gates)

    @property
    def closed(self) -> str:
        """The sentence of each gate that is closed."""
        return "; ".join(f"{one.sentence} (limit {one.name} = {one.limit:g})" for one in self.gates if not one.open)

    def to_json(self) -> str:
        """Everything, as JSON."""
        return json.dumps({"passed": self.passed, **asdict(self)}, indent=2) + "\n"

    def to_markdown(self) -> str:
        """For people."""
        latency, agreed = self.latency, self.agreement
        rows = [
            ("build", self.builds[0][:12], self.builds[1][:12]),
            ("model", self.models[0][:19], self.models[1][:19]),
            ("median latency", f"{latency.old_ms:.1f} ms", f"{latency.new_ms:.1f} ms"),
            ("objects found", str(agreed.old), str(agreed.new)),
            *([("mAP50", *(f"{one:.3f}" for one in self.map50))] if self.map50 else []),
        ]
        verdicts = [(one.verdict, one.name, f"{one.limit:g}", one.sentence) for one in self.gates]
        known = f", {self.labelled} of them with labels" if self.labelled else ", none with labels"
        lines = [
            f"## {self.environment}: the new image beside the live one",
            "",
            *table(("", "live", "new"), rows),
            "",
            *table(("gate", "", "limit", "measured"), verdicts),
            "",
            f"- {self.pictures} pictures{known}; {latency.pairs} pairs, each of two requests to either, one at a time",
            f"- {self.machine}",
        ]
        return "\n".join(lines) + "\n"


def compare(
    environment: str, old: Asker, new: Asker, pictures: Sequence[Picture], seconds: float, limits: Gates, margin: float
) -> Comparison:
    """Ask both images and judge; an object has to be told by both from `margin` above the model's threshold on."""
    answers = [(_answer(old, picture), _answer(new, picture)) for picture in pictures]
    latency = measure(old, new, pictures, seconds)
    about = new.info()
    surely = float(about["defaults"].get("confidence", 0)) + margin
    agreed = agreement([(read(one), read(two)) for one, two in answers], surely)
    labelled = [(picture, both) for picture, both in zip(pictures, answers, strict=True) if picture.objects is not None]
    maps = None
    if labelled:
        truths = [_truth(picture, answer, about["model"]["labels"]) for picture, (_, answer) in labelled]
        both = [(truth, read(one), read(two)) for truth, (_, (one, two)) in zip(truths, labelled, strict=True)]
        maps = (map50([(truth, one) for truth, one, _ in both]), map50([(truth, two) for truth, _, two in both]))
    before, after = answers[0]
    models = (str(before["model"]["digest"]), str(after["model"]["digest"]))
    return Comparison(
        environment,
        (str(before["build"]), str(after["build"])),
        models,
        len(pictures),
        len(labelled),
        latency,
        agreed,
        maps,
        judge(limits, latency, agreed, maps, same_model=models[0] == models[1]),
        Machine.here(),
    )


def _answer(asker: Asker, picture: Picture) -> dict[str, Any]:
    reply: Reply = asker.ask(picture)
    answer = reply.json()
    if "detections" not in answer and "classifications" not in answer:
        raise InputError(f"the {asker.name} image answered {picture.name} with something that is not Slipway's answer.")
    return answer


def _truth(picture: Picture, answer: dict[str, Any], labels: Sequence[str]) -> tuple[Detection, ...]:
    """What is in a picture, in pixels; its size is that of the answer, which knows how the picture is turned."""
    width, height = answer["image"]["width"], answer["image"]["height"]
    objects = picture.objects or ()
    if beyond := [one.class_id for one in objects if not 0 <= one.class_id < len(labels)]:
        raise InputError(
            f"the labels of {picture.name} have the class {beyond[0]}, and the model has the classes 0 to "
            f"{len(labels) - 1} ({', '.join(labels[:5])}); give pictures that are labelled for this model."
        )
    return tuple(Detection(labels[one.class_id], 1.0, one.box(width, height)) for one in objects)
