"""All cases of a run: databases made and dropped one by one, cases played in processes side by side."""

from __future__ import annotations

import json
import multiprocessing
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import msgspec

from services.cli.evaluate.database import TEMPLATE, evaluation_server
from services.cli.evaluate.judge import judge, reported
from services.cli.evaluate.play import Pace, Played, play, stations_in_order
from services.cli.evaluate.score import Judged, figures_of, with_targets
from services.parts.embedded import EmbeddedPostgres
from simulators.case import Case, evaluation_network
from simulators.case_plan import case_plan


@dataclass(frozen=True, slots=True)
class Wish:
    """What to run. only: cases whose name holds this text. keep: folder for what every case reported."""

    seed: int
    scenarios: int
    jobs: int
    pace: Pace
    only: str = ""
    keep: Path | None = None


def evaluate(wish: Wish, told: Callable[[Judged, int], None]) -> tuple[list[Judged], dict[str, Any]]:
    """Play and judge everything; `told` gets each case when it is done and how many there are in all."""
    began = time.perf_counter()
    network = evaluation_network(wish.pace.every_s)
    plan = case_plan(network, seed=wish.seed, count=wish.scenarios)
    cases = [case for case in plan if wish.only in case.name]
    judged: dict[str, Judged] = {}
    with evaluation_server(network) as server:
        for played in _played(server, cases, wish):
            one = judged[played.case.name] = judged_of(played, wish)
            told(one, len(cases))
    ordered = [judged[case.name] for case in cases]
    return ordered, with_targets(figures_of(ordered, seed=wish.seed, seconds=time.perf_counter() - began))


def judged_of(played: Played, wish: Wish) -> Judged:
    """The verdict on one case; kept in the folder of the wish."""
    network, case = evaluation_network(wish.pace.every_s), played.case
    stations = stations_in_order(network)
    alerts = [reported(row) for row in played.alerts]
    outlets = {outlet.code: outlet for outlet in network.outlets}
    verdict = judge(played.truth, alerts, stations=stations, outlets=outlets)
    if wish.keep is not None:
        _keep(wish.keep, played, verdict)
    days = len(stations) * case.after_days
    return Judged(case.name, case.kind, case.zero_s, days, played.packets, played.seconds, verdict)


def _keep(folder: Path, played: Played, verdict: Any) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    body = {
        "scenario": msgspec.to_builtins(played.case.scenario),
        "zero_s": played.case.zero_s,
        "truth": [asdict(episode) for episode in played.truth],
        "alerts": msgspec.to_builtins(played.alerts),
        "verdict": asdict(verdict),
    }
    path = folder / f"{played.case.name}.json"
    path.write_text(json.dumps(body, ensure_ascii=False, indent=1, default=str), encoding="utf-8")


def _played(server: EmbeddedPostgres, cases: Sequence[Case], wish: Wish) -> Iterator[Played]:
    """At most `jobs` databases exist at a time."""
    waiting = list(enumerate(cases))
    running: dict[Future[Played], str] = {}
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(wish.jobs, mp_context=context) as pool:
        while waiting or running:
            while waiting and len(running) < wish.jobs:
                number, case = waiting.pop(0)
                name = f"case_{number}"
                url = server.create_database(name, template=TEMPLATE)
                running[pool.submit(play, url, case, wish.pace)] = name
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                server.drop_database(running.pop(future))
                yield future.result()
