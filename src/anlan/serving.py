"""Runs the house behind uvicorn: one process, one event loop, garbage kept out of the way of requests."""

import asyncio
import atexit
import gc
import sys
from collections.abc import Awaitable, Callable
from threading import Thread

import structlog
import uvicorn

from anlan.app import House
from anlan.store.keys import ApiKey
from anlan.store.sole_intake import hold_sole_intake
from anlan.web.api.access import Gate
from anlan.web.api.app import build_api
from anlan.web.api.verdicts import Verdicts
from anlan.web.console.app import build_console
from anlan.web.console.rooms import Rooms
from anlan.web.embedding import read_origins
from anlan.web.pages.app import build_pages
from anlan.web.pages.rooms import MemberRooms
from anlan.web.server import Server

log = structlog.get_logger(__name__)

SWITCH_INTERVAL_S = 0.0005
"""How long the writer thread may wait for the interpreter; Python's 5 ms would hold up every commit."""

GC_THRESHOLDS = (50_000, 20, 100)
"""Full collections become rare; what the house loaded at start is frozen out of them altogether."""


def build_server(
    house: House, alongside: Callable[[House], Awaitable[None]] | None = None,
    on_started: Callable[[], None] | None = None,
) -> Server:
    """The ASGI application over `house`.

    Args:
        alongside: runs beside the server from start to stop (the demo's traffic).
        on_started: called once the house has started, before the first request is answered.
    """
    company = house.company
    gate = Gate(lambda: _load_keys(house))
    rooms = Rooms(
        database=house.database, journal=house.journal, analysis=house.analysis, engine=house.engine,
        counters=house.workshop.counters, versions=house.policies, life=house.life, lists=house.lists, keys=house.keys,
        lexicon=house.lexicon, reload_lexicon=house.reload_lexicon,
        text_lab=house.text_lab, judgements=house.judgements, models=house.models, drift=house.drift,
        reload_models=house.reload_models,
        circles=company.circles, alerts=company.alerts,
        funds=house.funds, payouts=house.payouts, appeals=house.appeals, sanctions=house.sanctions,
        containments=house.containments, security_events=house.security_events, transfers=company.transfers,
        handover=company.handover, scenarios=house.workshop.scenarios, places=house.workshop.places,
        move_titles=house.workshop.move_titles, hotlines=company.hotlines,
        platform_answers=house.platform_answers, closures=house.closures,
        review=house.review, case_work=house.case_work, checks=house.checks, routing=house.routing,
        anchors=house.anchors, campaigns=house.campaigns, bulletins=house.bulletins,
        recovery_desk=house.recovery_desk,
        reload_policies=house.reload_policies, reload_lists=house.reload_lists,
        writer_backlog=lambda: house.writer.backlog, max_backlog=house.settings.commit_backlog, metrics=house.metrics,
        zone=house.settings.time_zone, require_second_factor=house.settings.require_second_factor,
        allows_private_endpoints=house.settings.allow_http_endpoints,
    )
    pages = build_pages(MemberRooms(
        database=house.database, alerts=company.alerts, hotlines=company.hotlines, care_cards=company.care_cards,
        assistant=company.assistant, talk_acts=company.talk_acts, errands=company.errands,
        transfers=company.transfers, transfer_help=company.transfer_help,
        circles=company.circles, circle_warnings=company.circle_warnings, neutral_url=house.settings.neutral_url,
        appeals=house.appeals, closures=house.closures,
        payouts=house.payouts, passwords=house.passwords, reports=house.reports, reminders=house.reminders,
        sessions=house.sessions,
        safety=house.safety,
        factors=house.factors, challenges=house.challenges,
        recoveries=house.recoveries, recovery_desk=house.recovery_desk, identity_url=house.settings.identity_url,
        own_data=company.own_data, entrance=company.entrance, embed_origins=read_origins(house.settings.embed_origins),
        zone=house.settings.time_zone,
    ))
    return Server(
        _Running(house, alongside, on_started), lambda: Verdicts(house.intake, gate, house), build_api(house, gate),
        pages, build_console(rooms),
    )


async def _load_keys(house: House) -> list[ApiKey]:
    return await asyncio.to_thread(house.keys.active)


class _Running:
    """The house and what runs alongside it."""

    def __init__(
        self, house: House, alongside: Callable[[House], Awaitable[None]] | None,
        on_started: Callable[[], None] | None,
    ) -> None:
        self._house = house
        self._alongside = alongside
        self._on_started = on_started
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._give_back = hold_sole_intake(self._house.database, self._house.settings.data_dir)
        await self._house.start()
        if self._on_started is not None:
            self._on_started()
        if self._alongside is not None:
            self._task = asyncio.ensure_future(self._alongside(self._house))
            self._task.add_done_callback(_tell_failure)

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._house.stop()
        self._give_back()


def _tell_failure(task: "asyncio.Future[None]") -> None:
    """Nobody waits for what runs alongside, so its failure is told here."""
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("alongside_failed", exc_info=error)


def _keep_garbage_away() -> None:
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)


def serve(house: House, alongside: Callable[[House], Awaitable[None]] | None = None) -> None:
    """Answer requests until the process, which is the house's own, is told to stop."""
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    atexit.register(gc.unfreeze)  # what is still frozen when the interpreter ends is reported as leaked
    settings = house.settings
    # The first talk that is recognised waits half a second for the examples; nobody need be the first.
    Thread(target=house.workshop.recogniser.recognise, args=([("them", "hello")],), daemon=True).start()
    uvicorn.run(
        build_server(house, alongside, _keep_garbage_away), host=settings.host, port=settings.port, loop="uvloop",
        http="httptools", lifespan="on", access_log=False, log_config=None, server_header=False,
        timeout_graceful_shutdown=10,
    )
