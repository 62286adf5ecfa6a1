"""Rehearsal: simulated listeners take the whole test through its real endpoints.

A score is the system's planted mean plus listener bias, listener x system, utterance x system and
noise, all normal, clipped to 0..100 and rounded. The system behind a slot is looked up in the
database; no response of the server contains it. All rows have the origin `simulated` permanently
and are kept in a separate database.
"""

import hashlib
import json
import random
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from statistics import NormalDist
from typing import Any

import httpx
import numpy as np
from sqlalchemy import Engine, delete, select

from intone.errors import UserError
from intone.progress import on_console, silent
from mushra_app.http.addresses import LISTENER_COOKIE
from mushra_app.rehearsal.answers import answers, judged
from mushra_app.rehearsal.kinds import Kind, judge, roles
from mushra_app.sounds.played_files import prepare
from mushra_app.store.database import connect, database_url, rehearsal_path, study_row, transaction
from mushra_app.store.digest import text_sha256
from mushra_app.store.tables import (
    ListenerRow,
    PageRow,
    PreferenceRow,
    RatingRow,
    SimulationTokenRow,
    SittingRow,
)
from mushra_app.study.file import LOW, MID, Study, conditions, read_study
from mushra_app.study.manifest import Manifest
from mushra_app.web.local_server import running

SD = {"listener": 7.0, "listener_x_system": 4.0, "utterance_x_system": 3.0, "noise": 8.0}
# Listeners recognise the hidden reference by the open one: high scores with little variance.
REFERENCE_MEAN, REFERENCE_SPREAD = 98.0, 0.3


def rehearse(
    study_yaml: Path,
    listeners: int = 24,
    seed: int = 1,
    base_url: str | None = None,
    means: Mapping[str, float] | None = None,
    progress: bool = True,
    cast: Mapping[Kind, int] | None = None,
) -> Path:
    """Let simulated listeners take a study.

    Listeners who finished in an earlier run count. Also writes `STUDY.rehearsal.json` beside the
    study with the planted means, so that a report can be compared with them.

    Args:
        study_yaml: the study file.
        listeners: number of listeners in the end.
        seed: decides every score; the same seed gives the same scores.
        base_url: a running application made by `create_app(study, rehearsal=True)`; by default one
            is started on a free port of this machine.
        means: planted means before clipping by system; by default by role and order.
        progress: show a progress bar.
        cast: number of listeners of each kind, instead of `listeners` honest ones.

    Returns:
        The rehearsal's SQLite file.

    Raises:
        UserError: the study cannot be used, or an earlier rehearsal had another plan.
    """
    study = read_study(study_yaml)
    manifest = prepare(study, study_yaml)
    planted = planted_means(study, manifest) | dict(means or {})
    unknown = set(planted) - set(conditions(study))
    if unknown:
        name = sorted(unknown)[0]
        raise UserError(f"{study_yaml}: no system {name!r}; plant means for systems of the study")
    kinds = roles(cast or {"honest": listeners}, seed)
    _write_plan(study, study_yaml, planted, kinds, seed)
    engine = connect(database_url(study, study_yaml, rehearsal=True))
    with transaction(engine) as session:
        study_id = study_row(session, study, rehearsal=True).id
    simulation = _Simulation(engine, study_id, study.reference, planted, seed, kinds)
    done, total = _finished(engine, study_id), len(kinds)
    if done < total:
        bar = on_console() if progress else nullcontext(silent)
        with _server(study_yaml, base_url) as address, bar as show:
            for number in range(done, total):
                show("Simulated listeners", number, total)
                simulation.take_part(address, number)
            show("Simulated listeners", total, total)
    engine.dispose()
    return rehearsal_path(study_yaml)


def planted_means(study: Study, manifest: Manifest) -> dict[str, float]:
    """Return default means before clipping: recordings 98, systems 55, 61, 67 ...."""
    by_role = {"reference": REFERENCE_MEAN, "copy_synthesis": 79.0}
    means = {LOW: 20.0, MID: 40.0}
    tested = 0
    for system in [study.reference, *study.systems]:
        role = manifest.item(study.sentences[0], system).role
        means[system] = by_role.get(role, min(55.0 + 6.0 * tested, 78.0))
        tested += role == "system"
    return {system: means[system] for system in conditions(study)}


def expected(mean: float, share: float = 1.0) -> float:
    """Return the expected score after clipping and rounding, over listeners and utterances.

    Args:
        mean: mean before clipping.
        share: factor on the standard deviations `SD`.
    """
    spread = share * float(np.sqrt(sum(sd**2 for sd in SD.values())))
    normal = NormalDist(mean, spread)
    return sum(1 - normal.cdf(k - 0.5) for k in range(1, 101))


def _write_plan(
    study: Study, study_yaml: Path, planted: Mapping[str, float], kinds: list[Kind], seed: int
) -> None:
    systems = {
        name: round(expected(mean, _share(name, study.reference)), 4)
        for name, mean in planted.items()
    }
    baseline, top = study.systems[0], systems[study.reference]
    gaps = [
        {
            "system": system,
            "baseline": baseline,
            "reference": study.reference,
            "gap": round((systems[system] - systems[baseline]) / (top - systems[baseline]), 4),
        }
        for system in study.systems[1:]
    ]
    plan = {
        "origin": "simulated",
        "seed": seed,
        "listeners": len(kinds),
        "cast": {f"sim{number:04d}": k for number, k in enumerate(kinds) if k != "honest"},
        "systems": systems,
        "systems_are": "expected scores of honest listeners after clipping to 0..100 and rounding",
        "before_clipping": dict(planted),
        "gaps": gaps,
        "sd": SD,
        "reference_sd_share": REFERENCE_SPREAD,
    }
    path = study_yaml.with_suffix(".rehearsal.json")
    if path.is_file() and rehearsal_path(study_yaml).is_file():
        before = json.loads(path.read_text(encoding="utf-8"))
        if {**before, "listeners": 0} != {**plan, "listeners": 0}:
            raise UserError(
                f"{path}: made with another seed, other means or another cast; remove it and "
                f"{rehearsal_path(study_yaml).name} to start again"
            )
        plan["listeners"] = max(len(kinds), before["listeners"])
    path.write_text(json.dumps(plan, indent=2) + "\n", encoding="utf-8")


def _share(system: str, reference: str) -> float:
    return REFERENCE_SPREAD if system == reference else 1.0


@dataclass(frozen=True)
class _Simulation:
    """Simulated listeners of one study, with their planted scores."""

    engine: Engine
    study_id: int
    reference: str
    planted: Mapping[str, float]
    seed: int
    kinds: list[Kind]

    def take_part(self, address: str, number: int) -> None:
        """Take the whole test as one simulated listener."""
        token = secrets.token_urlsafe(32)
        with transaction(self.engine) as session:
            row = SimulationTokenRow(token_sha256=text_sha256(token), study_id=self.study_id)
            session.add(row)
        with httpx.Client(base_url=address, timeout=60) as client:
            opened = _ask(client, "POST", "/api/v1/session", {"simulation_token": token})
            consent = {"version": opened["consent"]["version"], "agree": True}
            _ask(client, "POST", "/api/v1/consent", consent)
            state = _ask(client, "GET", "/api/v1/session")
            while state["stage"] == "page":
                page = _ask(client, "GET", "/api/v1/page")
                if "slots" in page:
                    self._rate(client, page, number)
                elif given := answers(page, [client.get("/" + s).content for s in page["sounds"]]):
                    body = {"answers": given, "seq": 1}
                    _ask(client, "PUT", f"/api/v1/page/{page['page']}/answers", body)
                state = _ask(client, "POST", f"/api/v1/page/{page['page']}/submit", {})

    def _rate(self, client: httpx.Client, page: Mapping[str, Any], number: int) -> None:
        for sound in filter(None, [page["reference"], *page["slots"]]):
            client.get("/" + sound).raise_for_status()
        sentence, slots = _slots(self.engine, client.cookies[LISTENER_COOKIE], page["page"])
        heard = [self._score(number, sentence, system) for system in slots]
        hidden = [system == self.reference for system in slots]
        generator = random.Random(f"{self.seed}:{number}:{page['page']}")
        open_reference = page["reference"] is not None
        manner = judge(self.kinds[number], heard, hidden, open_reference, generator)
        for path, body in judged(page, manner):
            _ask(client, "PUT", f"/api/v1/page/{page['page']}/{path}", body)

    def _score(self, number: int, sentence: str, system: str) -> int:
        share = _share(system, self.reference)
        return _score(self.seed, number, sentence, system, self.planted[system], share)


def _ask(client: httpx.Client, method: str, path: str, body: object = None) -> Any:
    response = client.request(method, path, json=body)
    response.raise_for_status()
    return response.json() if response.content else None


def _slots(engine: Engine, cookie: str, page_index: int) -> tuple[str, list[str]]:
    with transaction(engine) as session:
        page = session.scalars(
            select(PageRow)
            .join(SittingRow, SittingRow.id == PageRow.session_id)
            .where(
                SittingRow.cookie_sha256 == text_sha256(cookie), PageRow.page_index == page_index
            )
        ).one()
        return page.sentence, json.loads(page.slots)


def _score(seed: int, listener: int, sentence: str, system: str, mean: float, share: float) -> int:
    def effect(kind: str, *who: object) -> float:
        digest = hashlib.sha256(json.dumps([seed, kind, *who]).encode()).digest()
        generator = np.random.default_rng(int.from_bytes(digest[:16], "big"))
        return SD[kind] * float(generator.standard_normal())

    score = mean + share * (
        effect("listener", listener)
        + effect("listener_x_system", listener, system)
        + effect("utterance_x_system", sentence, system)
        + effect("noise", listener, sentence, system)
    )
    return round(min(100.0, max(0.0, score)))


def _finished(engine: Engine, study_id: int) -> int:
    """Count the listeners who finished, and remove one who was interrupted."""
    with transaction(engine) as session:
        rows = session.scalars(select(SittingRow).where(SittingRow.study_id == study_id)).all()
        interrupted = [row for row in rows if row.outcome == "open"]
        ids = [row.id for row in interrupted]
        pages = select(PageRow.id).where(PageRow.session_id.in_(ids))
        for row in (RatingRow, PreferenceRow):
            session.execute(delete(row).where(row.page_id.in_(pages)))
        session.execute(delete(PageRow).where(PageRow.session_id.in_(ids)))
        unused = SimulationTokenRow.session_id.is_(None) | SimulationTokenRow.session_id.in_(ids)
        session.execute(delete(SimulationTokenRow).where(unused))
        session.execute(delete(SittingRow).where(SittingRow.id.in_(ids)))
        listeners = [row.listener_id for row in interrupted]
        session.execute(delete(ListenerRow).where(ListenerRow.id.in_(listeners)))
        return len(rows) - len(interrupted)


@contextmanager
def _server(study_yaml: Path, base_url: str | None) -> Iterator[str]:
    """Yield the given address, or start the application in rehearsal mode."""
    if base_url is not None:
        yield base_url
        return
    from mushra_app.web.app import create_app

    with running(create_app(study_yaml, rehearsal=True)) as address:
        yield address
