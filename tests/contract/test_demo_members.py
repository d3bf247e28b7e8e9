"""The demo's members, played in a house of their own: what comes of a few hours stands on everybody's pages."""

import asyncio
from pathlib import Path

import pytest
from housed import running, settings_for
from sqlalchemy import select

from anlan import clock
from anlan.app import House
from anlan.commands.demo import happen, in_batches
from anlan.commands.demo_members import Members
from anlan.demo.doorkeeper import Doorkeeper
from anlan.demo.simulation import Tempo, simulate
from anlan.store.alerts import alerts_of
from anlan.store.circle_warnings import warnings_about
from anlan.store.tables import transfers
from anlan.store.transfers import waiting_transfers

NOW = 1_764_590_400.0
"""A fixed evening, because the hour and the start are in the dice too."""
SEED, PEOPLE, HOURS = 8, 60, 2.0
TEMPO = Tempo(events_per_person_day=2.0, attacks_per_person_day=4.0, attack_pace=0.1)
"""A great many frauds, and little else."""


async def live(house: House) -> tuple[str | None, int]:
    """A few hours; who has something on every page, and how many payments were given up."""
    events = list(simulate(SEED, NOW - HOURS * 3600, HOURS, PEOPLE, TEMPO, has_past=False))
    members, doorkeeper = Members(house, SEED, PEOPLE), Doorkeeper()
    members.form_circles(events)
    for batch in in_batches(events):
        await happen(house, members, doorkeeper, [event for event in batch if doorkeeper.happens(event)])
    contain_first_guardians(house)
    return await asyncio.to_thread(members.live_through), len(members.cancelled())


def contain_first_guardians(house: House) -> None:
    """Thieves sit in the accounts of whoever would be asked first about a payment that waits: nobody may ask them."""
    house.company.transfers.take_in(NOW)
    with house.database.write() as connection:
        payers = set(connection.execute(select(transfers.c.payer).where(transfers.c.state == "waiting")).scalars())
        first = {one for payer in payers for one in house.company.circles.guardians_of(connection, payer)[:1]}
        for guardian in sorted(first - payers):
            house.containments.open(connection, guardian, "owner", NOW, by=guardian, since=NOW)
    assert first - payers


async def test_one_member_has_something_on_every_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOW)
    async with running(settings_for(tmp_path, "")) as house:
        shown, given_up = await live(house)
        account, vault = f"account:{shown}", house.database.vault
        handed = [one.request for one in house.company.handover.waiting("open", 10) if one.request]
        with house.database.read() as connection:
            told = alerts_of(connection, account)
            waiting = waiting_transfers(connection, account)
            warned = warnings_about(connection, vault, account, NOW)
        talk = house.company.assistant.look(account, house.company.assistant.talks_of(account)[0].id)
    assert given_up > 0
    assert told[0].answer is None, "left for whoever looks"
    assert waiting
    assert warned
    assert len(talk.turns) == 5
    assert {request.is_urgent for request in handed} == {True, False}
    assert [request.shows_turns > 0 for request in handed if not request.is_urgent] == [True]
