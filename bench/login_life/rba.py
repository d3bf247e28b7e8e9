"""Scores the public data set for risk-based authentication: how its takeovers rank among its honest sign-ins."""

import csv
import gzip
from collections.abc import Iterator
from pathlib import Path

from anlan.connectors.files.logins import ATTACK_ADDRESS, TAKEOVER, is_login_table, read_login, read_truth
from anlan.domain.event_data import AccountLogin
from anlan.errors import InvalidRequest
from anlan.settings import Settings
from anlan.workshop import build_workshop, starter_set
from bench.login_life.stage import Stage
from bench.login_life.tally import BUDGETS, RISK
from bench.measure import show_table


def show_rba(path: Path) -> None:
    """Print how much of the takeovers each budget of asked honest sign-ins would have stopped.

    Raises:
        InvalidRequest: the file is no such table.
    """
    workshop = build_workshop(Settings(max_profiles=5_000_000))
    workshop.engine.swap(starter_set(workshop.registry))
    stage = Stage(workshop, 0.0)
    honest: list[float] = []
    thieves: dict[str, list[float]] = {"takeovers": [], "right proofs from attack addresses": []}
    for time, data, is_takeover, is_attack in _rows(path):
        risk = float(stage.judge(data, time).signals.get(RISK, 0.0))
        if data.result == "failure":
            continue
        if is_takeover:
            thieves["takeovers"].append(risk)
        elif is_attack:
            thieves["right proofs from attack addresses"].append(risk)
        else:
            honest.append(risk)
    _show(honest, {name: risks for name, risks in thieves.items() if risks})


def _rows(path: Path) -> Iterator[tuple[float, AccountLogin, bool, bool]]:
    with gzip.open(path, "rt", newline="") if path.suffix == ".gz" else path.open(newline="") as lines:
        reader = csv.DictReader(lines)
        if not is_login_table(reader.fieldnames or ()):
            raise InvalidRequest(f"{path} has not the columns of the data set")
        for row in reader:
            time, data = read_login(row)
            yield time, data, read_truth(row, TAKEOVER), read_truth(row, ATTACK_ADDRESS)


def _show(honest: list[float], thieves: dict[str, list[float]]) -> None:
    ranked = sorted(honest, reverse=True)
    rows = []
    for budget in BUDGETS:
        threshold = ranked[int(budget * len(ranked))] if ranked else 1.0
        shares = (sum(risk > threshold for risk in risks) / max(1, len(risks)) for risks in thieves.values())
        rows.append((f"{budget:.1%}", f"{threshold:.3f}", *(f"{share:.1%}" for share in shares)))
    counted = (f"{name} ({len(risks):,})" for name, risks in thieves.items())
    show_table(f"{len(honest):,} honest sign-ins", ("honest asked", "threshold", *counted), rows)
