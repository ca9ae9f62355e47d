"""The chaos campaign: updates of real stacks are killed, and what is left of them is judged.

    make chaos                                  at least 200 kills, results kept
    make chaos CHAOS="--kills 40 --seed 7"      shorter, other ones
    make chaos CHAOS="--only 1-17"              one episode again
    make chaos CHAOS="--door native"            through the native provider

The same seed gives the same episodes. How long a moment lasts is the machine's, so two campaigns
kill at the same points, not at the same instruction. Docs: docs/chaos.md.
"""

from __future__ import annotations

import argparse
import itertools
import json
import platform
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.engine.chaos.episode import Episode, Report, RequestId  # noqa: E402  # found by the path above
from tests.engine.chaos.schedule import Play, plays  # noqa: E402  # found by the path above
from tests.engine.chaos.weather import STORM, Storm, storm  # noqa: E402  # found by the path above
from tests.engine.doors import DOORS  # noqa: E402  # found by the path above
from tests.engine.harness import engine_problem  # noqa: E402  # found by the path above

#: Where results go, by door: the figures, and the marks around their table on the page.
RESULTS: Final = {
    "dynamic": ROOT / "bench" / "chaos-results.json",
    "native": ROOT / "bench" / "chaos-results-native.json",
}
PAGE: Final = ROOT / "docs" / "chaos.md"
BEGIN: Final = {
    "dynamic": "<!-- results: written by make chaos -->",
    "native": "<!-- native results: written by make chaos -->",
}
END: Final = {
    "dynamic": "<!-- end of results -->",
    "native": "<!-- end of native results -->",
}
#: No episode is begun when less than this is left.
_EPISODE_SECONDS: Final = 60.0
_STORM_SECONDS: Final = 1500.0
#: A violation's first word, and what it is called in the table.
KINDS: Final = {
    "TWICE": "started twice",
    "MISSING": "not started",
    "LOST": "lost",
    "WRONG": "wrong cancel, delete or tag",
    "DEAD": "state points to a dead run",
    "STATE": "state wrong",
    "STUCK": "next update fails",
    "CHANGES": "next preview shows changes",
}


@dataclass
class Campaign:
    """All that was seen so far."""

    seed: int
    reports: list[Report] = field(default_factory=list)
    storms: list[Storm] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def kills(self) -> int:
        return sum(len(report.kills) for report in self.reports)

    @property
    def violations(self) -> list[str]:
        found = [
            f"{report.label} {_words(report)}: {text}"
            for report in self.reports
            for text in report.violations
        ]
        return found + [
            f"storm {s.request_id}: {text}" for s in self.storms for text in s.violations
        ]

    def counted(self) -> dict[str, int]:
        """Count violations by kind, zeros too."""
        texts = [text for report in self.reports for text in report.violations]
        texts += [text for each in self.storms for text in each.violations]
        words = Counter(text.split(":")[0].split()[0] for text in texts)
        return {name: words[word] for word, name in KINDS.items()}


def main() -> int:
    arguments = _arguments()
    problem = engine_problem()
    if problem:
        print(f"No Pulumi engine: {problem}.", file=sys.stderr)
        return 2
    home = Path(tempfile.mkdtemp(prefix="chaos-"))
    campaign = Campaign(arguments.seed)
    began = time.monotonic()
    try:
        if arguments.only:
            _tell(campaign, _play(home, arguments.only, arguments.door))
        else:
            with ProcessPoolExecutor(3) as pool:
                storms = _storms(pool, home, arguments)
                _episodes(campaign, home, arguments, began + arguments.seconds)
                for each in storms:
                    _weather(campaign, each.result())
    finally:
        campaign.seconds = round(time.monotonic() - began)
        if campaign.violations:
            print(f"Left to look at: {home}")
        else:
            shutil.rmtree(home)
    print(table(campaign))
    if not arguments.only:
        _keep(campaign, arguments)
    few = not arguments.only and campaign.kills < arguments.kills
    if few:
        print(f"Too few kills within {arguments.seconds:.0f} s: {campaign.kills}", file=sys.stderr)
    return 1 if campaign.violations or few else 0


def _episodes(campaign: Campaign, home: Path, arguments: argparse.Namespace, end: float) -> None:
    schedule = plays(arguments.seed, door=DOORS[arguments.door])
    with ProcessPoolExecutor(arguments.workers) as pool:
        running: set[Future[Report]] = set()
        while True:
            while (
                len(running) < arguments.workers
                and campaign.kills < arguments.kills
                and time.monotonic() < end - _EPISODE_SECONDS
            ):
                running.add(pool.submit(_play, home, next(schedule).label, arguments.door))
            if not running:
                return
            done, running = wait(running, return_when=FIRST_COMPLETED)
            for each in done:
                _tell(campaign, each.result())


def _storms(
    pool: ProcessPoolExecutor, home: Path, arguments: argparse.Namespace
) -> list[Future[Storm]]:
    """Let it storm beside the episodes: an update in bad weather waits most of the time."""
    modes: tuple[RequestId, ...] = ("replay", "conflict", "forget")
    return [
        pool.submit(
            _storm,
            _folder(home, f"storm-{mode}"),
            mode,
            arguments.runs,
            arguments.seed,
            _STORM_SECONDS,
            arguments.door,
        )
        for mode in modes[: arguments.storms]
    ]


def _storm(
    home: Path, request_id: RequestId, runs: int, seed: int, limit: float, door: str
) -> Storm:
    return storm(home, request_id, runs, seed, limit, DOORS[door])


def _weather(campaign: Campaign, report: Storm) -> None:
    campaign.storms.append(report)
    print(
        f"storm {report.request_id}: {report.runs} runs, {report.calls} calls, {report.struck}, "
        f"{report.seconds:.0f} s: {report.violations or 'right'}",
        flush=True,
    )


def _play(home: Path, label: str, door: str) -> Report:
    # Its points hold functions, which no process can send to another.
    play = _chosen(label, door)
    return Episode(_folder(home, play.label), play.label, play.setting).play(play.steps)


def _folder(home: Path, name: str) -> Path:
    folder = home / name
    folder.mkdir()
    return folder


def _chosen(label: str, door: str) -> Play:
    seed, _, number = label.rpartition("-")
    return next(itertools.islice(plays(int(seed), door=DOORS[door]), int(number), None))


def _tell(campaign: Campaign, report: Report) -> None:
    campaign.reports.append(report)
    verdict = "right" if not report.violations else "\n  ".join(["WRONG", *report.violations])
    print(
        f"{report.label} {_words(report)}: {len(report.kills)} kills, {report.converged} settled, "
        f"{report.seconds:.0f} s ({campaign.kills} kills so far): {verdict}",
        flush=True,
    )


def _words(report: Report) -> str:
    setting = report.setting
    more = {
        "delete first": setting.delete_first,
        "waits": setting.waits,
        "main": setting.main,
    }
    told = [setting.request_id, setting.on_delete, setting.life]
    told += [word for word, holds in more.items() if holds]
    return f"[{', '.join(told)}, {setting.runs} runs]"


def table(campaign: Campaign) -> str:
    """Give the results in Markdown."""
    return "\n".join(_lines(campaign))


def _lines(campaign: Campaign) -> Iterator[str]:
    settled = sum(report.converged for report in campaign.reports)
    yield (
        f"Seed {campaign.seed}: {campaign.kills} kills in {len(campaign.reports)} episodes, "
        f"{settled} updates settled, {campaign.seconds / 60:.0f} min."
    )
    yield from ("", "| wrong | times |", "| --- | ---: |")
    yield from (f"| {name} | {times} |" for name, times in campaign.counted().items())
    kills = [kill for report in campaign.reports for kill in report.kills]
    victims = sorted({kill.victims for kill in kills})
    yield from ("", f"| killed at | {' | '.join(victims)} |", f"| --- |{' ---: |' * len(victims)}")
    at = Counter((kill.point, kill.victims) for kill in kills)
    for point in dict.fromkeys(kill.point for kill in sorted(kills, key=lambda k: k.point)):
        yield f"| {point} | {' | '.join(str(at[point, v]) for v in victims)} |"
    yield from ("", "| killed in | times |", "| --- | ---: |")
    yield from (f"| {deed} | {n} |" for deed, n in Counter(k.deed for k in kills).most_common())
    if campaign.storms:
        yield from (
            "",
            "| bad weather, request id | creates | StartRun calls | throttled | 500 | 500 after"
            " its effect | answer lost | updates | seconds | wrong |",
            "| --- |" + " ---: |" * 9,
        )
    for each in campaign.storms:
        struck = " | ".join(str(each.struck.get(fault, 0)) for fault in STORM)
        yield (
            f"| {each.request_id} | {each.runs} | {each.calls} | {struck} | {each.ups} |"
            f" {each.seconds:.0f} | {len(each.violations)} |"
        )


def _keep(campaign: Campaign, arguments: argparse.Namespace) -> None:
    if not arguments.keep:
        return
    document: dict[str, Any] = {
        "seed": campaign.seed,
        "kills": campaign.kills,
        "settled": sum(report.converged for report in campaign.reports),
        "seconds": campaign.seconds,
        "python": platform.python_version(),
        "wrong": campaign.counted(),
        "violations": campaign.violations,
        "episodes": [report.as_json() for report in campaign.reports],
        "storms": [each.as_json() for each in campaign.storms],
    }
    door = arguments.door
    RESULTS[door].write_text(json.dumps(document, indent=1) + "\n")
    page = PAGE.read_text()
    before, after = page.split(BEGIN[door])[0], page.split(END[door])[1]
    PAGE.write_text(f"{before}{BEGIN[door]}\n\n{table(campaign)}\n\n{END[door]}{after}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]  # there is one
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kills", type=int, default=200, help="stop after so many")
    parser.add_argument("--seconds", type=float, default=5400, help="begin nothing after that")
    parser.add_argument("--workers", type=int, default=2, help="episodes at once")
    parser.add_argument("--storms", type=int, default=3, help="stormy updates: 0 to 3")
    parser.add_argument("--runs", type=int, default=100, help="creates in each of them")
    parser.add_argument("--door", choices=[*DOORS], default="dynamic", help="how runs are declared")
    parser.add_argument("--only", metavar="EPISODE", help="play one episode again, as in 1-17")
    parser.add_argument("--keep", action="store_true", help="write results to bench/ and docs/")
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
