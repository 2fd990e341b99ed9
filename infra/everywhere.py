"""One verb in all regions of an environment: side by side, and releases wave after wave."""

from __future__ import annotations

import argparse
import json
import sys
import threading
import traceback
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from infra import verbs
from infra.aws_errors import FAILURES, explain
from infra.errors import InputError, SlipwayError
from infra.notify import notify, webhook
from infra.release.picture import stack
from infra.release.regions import Region, Regions

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from infra.config import Config
    from infra.progress import Progress

    Run = Callable[[argparse.Namespace, Config, Progress], None]

_RELEASING = ("deploy", "promote")
_WAVES = (*_RELEASING, "backend")
_CHANGING = (*_RELEASING, "rollback", "destroy")
_EVERYWHERE = (*_CHANGING, "backend", "publish", "status", "history", "doctor", "logs")
_NAMED = ("split", "shadow", "accept")
"""Verbs that try something out in one region; all others are the same everywhere, and use the first one."""


@dataclass
class Everywhere:
    """A verb on its way through the regions of an environment."""

    args: argparse.Namespace
    config: Config
    progress: Progress
    told: Regions = field(init=False)

    def __post_init__(self) -> None:
        waves = self.config.waves(self.args.env)
        self.told = Regions(
            self.args.verb,
            self.config.settings.project,
            self.args.env,
            tuple(Region(region, number) for number, wave in enumerate(waves, 1) for region in wave),
        )

    def run(self) -> None:
        """Do it; raises what failed, with the regions where it did, after all that was begun has ended."""
        if self.args.verb == "rollback" and not self.args.to:
            self._leave_alone_what_has_not_the_newest()
        if self.args.verb == "deploy" and self.args.layout:
            self._publish()
        for wave in self._waves():
            self._side_by_side(wave, self.args.run)
            if any(one.error for one in wave):
                break
        self.told.fail()

    def _waves(self) -> list[list[Region]]:
        left = [one for one in self.told.regions if not one.left]
        if self.args.verb not in _WAVES:
            return [left]
        return [[one for one in left if one.wave == number] for number in sorted({one.wave for one in left})]

    def _side_by_side(self, regions: Sequence[Region], run: Run, **changes: Any) -> None:
        """Run a verb in some regions, each in a thread that does not outlive an interrupted process."""
        names = ", ".join(one.name for one in regions)
        with self.progress.step(f"{changes.get('verb', self.args.verb)} in {names}"):
            threads = [threading.Thread(target=self._one, args=(one, run, changes), daemon=True) for one in regions]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()

    def _one(self, region: Region, run: Run, changes: dict[str, Any]) -> None:
        args = argparse.Namespace(**{**vars(self.args), "hear": region.hear, **changes})
        args.output = self.output(region)
        region.begun = True
        try:
            run(args, self.config.at(self.args.env, region.name), self.progress.beside(f"{region.name} "))
        except (SlipwayError, *FAILURES) as error:
            region.error = explain(error)
        except Exception as error:
            traceback.print_exc()
            region.error = SlipwayError(f"this is a mistake in Slipway ({type(error).__name__}: {error})")

    def output(self, region: Region) -> Path | None:
        """Where a region's own files lie."""
        output: Path | None = self.args.output
        return output.with_stem(f"{output.stem}-{region.name}") if output else None

    def _publish(self) -> None:
        """Bring the image to every region's ECR before the first wave, so that no later one lacks it."""
        tag = self.args.tag or self.args.git_sha
        self._side_by_side(self.told.regions, verbs.publish, verb="publish", tag=tag)
        for one in self.told.regions:
            one.forget()
        self.told.fail()

    def _leave_alone_what_has_not_the_newest(self) -> None:
        """Where a release went to some regions only, going back takes it from those, and nothing from the others."""
        self._side_by_side(self.told.regions, verbs.status, verb="status", digest=None)
        self.told.fail()
        live = {one.name: one.forget() for one in self.told.regions}
        newest = max(live.values(), key=lambda status: str(status["since"]))["release"]
        if not newest:
            raise InputError(f"nothing is live in any region of {self.args.env}; deploy first.")
        for one in self.told.regions:
            if (release := live[one.name]["release"]) != newest:
                one.left = f"{release or 'nothing'} is live there, and not {newest}"


def everywhere(args: argparse.Namespace, config: Config, progress: Progress) -> None:
    """Run a verb in all regions of its environment, and tell how it went as one table."""
    if args.verb in _NAMED or getattr(args, "follow", False):
        what = args.verb if args.verb in _NAMED else "--follow"
        raise InputError(f"{what} works in one region; add --region {config.region(args.env)}, or another.")
    if args.verb not in _EVERYWHERE:
        args.run(args, config.at(args.env, config.region(args.env)), progress)
        return
    changing = args.verb in _CHANGING
    chat, topic = (webhook(), config.settings.notify_topic) if changing else (None, None)
    all_ = Everywhere(args, config, progress)
    try:
        all_.run()
    finally:
        all_.told.seconds = round(progress.seconds, 3)
        for untold in notify(chat, topic, all_.told):
            progress.say(untold)
        sys.stdout.write(all_.told.to_markdown())
        if args.output:
            args.output.write_text(json.dumps(all_.told.to_dict(), indent=2) + "\n")
            drawn = [path.with_suffix(".svg") for one in all_.told.regions if (path := all_.output(one))]
            if pictures := [path.read_text(encoding="utf-8") for path in drawn if path.exists()]:
                args.output.with_suffix(".svg").write_text(stack(pictures), encoding="utf-8")
