"""`anlan demo`: the whole of Anlan with a small community alive in it, on embedded defaults."""

import asyncio
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import click
import msgspec
from rich.panel import Panel

from anlan import clock
from anlan.app import House
from anlan.commands.demo_claims import claim_lost_accounts, lived_before
from anlan.commands.demo_desk import live_through_the_desk, obey
from anlan.commands.demo_members import Members
from anlan.commands.screen import ERR, OUT, clear_errors, progress
from anlan.demo.doorkeeper import Doorkeeper, is_turning_point
from anlan.demo.labels import LabelledEvent
from anlan.demo.simulation import history, live, moments_of_minors
from anlan.domain.decisions import VerdictAnswer
from anlan.errors import AnlanError
from anlan.serving import serve
from anlan.settings import Settings, read_settings
from anlan.store.staff import add_member, list_members
from anlan.telemetry import configure_logging
from anlan.web.console.people import hash_password, new_one_time_password

SEED = 2026
PAST_HOURS = 24.0
BATCH = 500


class Newcomer(NamedTuple):
    """A demo account of staff with its one-time password."""

    name: str
    roles: tuple[str, ...]
    password: str


@click.command()
@click.option("--people", default=300, show_default=True, help="Members of the simulated community.")
@click.option("--events-per-second", default=3.0, show_default=True, help="How busy it is while you watch.")
@click.option("--seed", default=SEED, show_default=True, help="The same seed gives the same people.")
def demo(people: int, events_per_second: float, seed: int) -> None:
    """Start Anlan with a simulated community: ordinary people, a few spammers, scammers and thieves.

    The first start writes a day of history into the journal and prints four sign-ins; what is grave takes two of them.
    Data lie in ANLAN_DATA_DIR (./var). Stop with Ctrl-C; the next start continues.
    """
    configure_logging("WARNING")
    with clear_errors():
        settings = read_settings()
        if "require_second_factor" not in settings.model_fields_set:
            settings = settings.model_copy(update={"require_second_factor": False})
        house = House(settings)
        newcomers = _staff(house)

        async def alongside(running: House) -> None:
            members = Members(running, seed, people)
            shown = await _remember(running, members, seed, people)
            _greet(settings, newcomers, shown)
            life = _go_on(running, members, seed, people, events_per_second)
            await asyncio.gather(life, obey(running), members.go_on())

        serve(house, alongside)


def _staff(house: House) -> list[Newcomer]:
    """Several, because what is grave takes a second person; nobody when there is staff already."""
    with house.database.write() as connection:
        if list_members(connection):
            return []
        made = [
            Newcomer("lin", ("admin", "analyst", "engineer", "reviewer"), new_one_time_password()),
            Newcomer("zhou", ("analyst", "reviewer", "service"), new_one_time_password()),
            Newcomer("chen", ("senior",), new_one_time_password()),
            Newcomer("wu", ("service",), new_one_time_password()),
        ]
        for person in made:
            add_member(connection, person.name, hash_password(person.password), person.roles, "zh", clock.now())
    return made


async def _remember(house: House, members: Members, seed: int, people: int) -> str | None:
    """Give an empty journal a day of history; returns the member whose pages show most of it."""
    if await asyncio.to_thread(house.journal.last_seq):
        return None
    events = await asyncio.to_thread(lambda: list(history(seed, clock.now(), PAST_HOURS, people)))
    await asyncio.to_thread(members.form_circles, events)
    await _take(house, lived_before(clock.now()))
    doorkeeper = Doorkeeper()
    happened: list[LabelledEvent] = []
    with progress() as bar:
        task = bar.add_task("a day in the life of the community", total=len(events), rate="")
        for batch in in_batches(events):
            real = [event for event in batch if doorkeeper.happens(event)]
            await happen(house, members, doorkeeper, real)
            happened += real
            bar.update(task, advance=len(batch))
    await asyncio.to_thread(live_through_the_desk, house, happened, seed)
    await asyncio.to_thread(claim_lost_accounts, house, clock.now())
    await happen(house, members, doorkeeper, moments_of_minors(seed, clock.now(), people))
    shown = await asyncio.to_thread(members.live_through)
    await _take(house, members.cancelled())
    return shown


async def happen(
    house: House, members: Members, doorkeeper: Doorkeeper, events: Sequence[LabelledEvent]
) -> None:
    """Judge them, and let everybody do what comes of it."""
    answers = await _take(house, [event.cloudevent for event in events])
    proofs = [_obey(doorkeeper, members, event, answer) for event, answer in zip(events, answers, strict=True)]
    await asyncio.to_thread(members.insist)
    await _take(house, [proof for proof in proofs if proof])


def in_batches(events: Sequence[LabelledEvent]) -> Iterator[list[LabelledEvent]]:
    """Of `BATCH` events at most; one ends where what comes next depends on its last verdict."""
    batch: list[LabelledEvent] = []
    for event in events:
        batch.append(event)
        if len(batch) == BATCH or is_turning_point(event):
            yield batch
            batch = []
    yield batch


async def _take(house: House, bodies: Sequence[bytes]) -> list[bytes]:
    taken = []
    for answer in await house.intake.accept_many(bodies):
        if isinstance(answer, AnlanError):
            raise answer
        taken.append(answer)
    return taken


def _obey(doorkeeper: Doorkeeper, members: Members, event: LabelledEvent, answer: bytes) -> bytes | None:
    decoded = msgspec.json.decode(answer, type=VerdictAnswer)
    proof = doorkeeper.obey(event, decoded.verdict, {action.kind for action in decoded.actions})
    members.hear(event, decoded, pays=event.type == "payment.initiated" and doorkeeper.lets_pay(event))
    return proof


async def _go_on(house: House, members: Members, seed: int, people: int, events_per_second: float) -> None:
    doorkeeper = Doorkeeper()
    async for event in live(seed, clock.now, events_per_second, people):
        try:
            if doorkeeper.happens(event):
                await happen(house, members, doorkeeper, [event])
        except AnlanError as error:
            ERR.print(f"demo event not accepted: {error.message}", markup=False)


def _greet(settings: Settings, newcomers: list[Newcomer], shown: str | None) -> None:
    lines = [f"[bold]{settings.address}[/]", ""]
    for person in newcomers:
        roles = ", ".join(person.roles)
        lines.append(f"user [bold]{person.name}[/]   one-time password [bold]{person.password}[/]   ({roles})")
    if not newcomers:
        lines.append("Sign in as before; 'anlan staff reset NAME' makes a new one-time password.")
    if shown:
        lines += ["", f"member [bold]{shown}[/]   their own pages open by: anlan member link {shown}"]
    lines += ["", "The demo lets you in without an authenticator; ANLAN_REQUIRE_SECOND_FACTOR=true asks for one."]
    OUT.print(Panel("\n".join(lines), title="Anlan 安澜", expand=False))
