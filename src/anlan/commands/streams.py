"""`anlan streams` and `anlan transmitters`: who hears of security events from us, and whom we hear of them."""

from pathlib import Path

import click

from anlan import clock
from anlan.center.security_events import SecurityEvents
from anlan.commands.opened import OPERATOR, opened_database
from anlan.commands.screen import ERR, OUT, clear_errors, table
from anlan.delivery.security_events.registration import (
    StreamWanted,
    TransmitterWanted,
    check_status,
    new_stream,
    new_transmitter,
)
from anlan.delivery.security_events.signing import SigningKeys
from anlan.domain.security_events import STREAM_STATUSES, SUBJECT_FORMATS
from anlan.settings import read_settings
from anlan.store import security_events as stored
from anlan.store.audit import note
from anlan.store.transmitters import add_transmitter, all_transmitters, delete_transmitter


@click.group()
def streams() -> None:
    """Receivers of security event tokens."""


@streams.command("add")
@click.argument("audience")
@click.option("--push", "url", default="", help="Where tokens are pushed to; without it the receiver polls.")
@click.option("--authorization", default="", help="The header that pushes carry, such as 'Bearer abc'.")
@click.option("--event", "types", multiple=True, help="A type such as session-revoked; without it, the usual ones.")
@click.option("--format", "form", type=click.Choice(SUBJECT_FORMATS), default="iss_sub", show_default=True,
              help="How accounts are named.")
@click.option("--key", "receiver_key", default="", help="Id of the only API key that may poll.")
def add_stream(
    audience: str, url: str, authorization: str, types: tuple[str, ...], form: str, receiver_key: str
) -> None:
    """Set up a stream to AUDIENCE and print its id."""
    wanted = StreamWanted(
        audience=audience, delivery="push" if url else "poll", url=url, authorization=authorization, types=types,
        subject_format=next(one for one in SUBJECT_FORMATS if one == form), receiver_key=receiver_key,
    )
    with clear_errors(), opened_database(settings := read_settings()) as database:
        made = new_stream(wanted, clock.now(), allows_private=settings.allow_http_endpoints)
        with database.write() as connection:
            stored.add_stream(connection, database.vault, made)
            note(connection, OPERATOR, "stream.add", made.id, {"aud": made.audience, "url": made.url})
    click.echo(made.id)


@streams.command("list")
def list_streams() -> None:
    """Every stream, and what waits in it."""
    shown = table("Streams", "id", "audience", "delivery", "status", "waiting #", "given up #")
    with clear_errors(), opened_database(read_settings()) as database, database.read() as connection:
        backlogs = stored.backlogs(connection)
        for one in stored.all_streams(connection, database.vault):
            backlog = backlogs.get(one.id)
            shown.add_row(
                one.id, one.audience, one.url or "poll", one.status, str(backlog.pending if backlog else 0),
                str(backlog.dead if backlog else 0),
            )
    OUT.print(shown)


@streams.command("verify")
@click.argument("stream_id", metavar="ID")
@click.option("--state", default="", help="What the token says back.")
def verify_stream(stream_id: str, state: str) -> None:
    """Send a token that says only that the stream works."""
    with clear_errors(), opened_database(settings := read_settings()) as database, database.write() as connection:
        SecurityEvents(database, settings.address).verify_stream(connection, stream_id, state, clock.now())
        note(connection, OPERATOR, "stream.verify", stream_id, {})


@streams.command("set")
@click.argument("stream_id", metavar="ID")
@click.argument("status", type=click.Choice(STREAM_STATUSES))
@click.option("--reason", default="", help="For whoever looks at it.")
def set_status(stream_id: str, status: str, reason: str) -> None:
    """Enable a stream, pause it (it keeps what happens), or disable it (it does not)."""
    with clear_errors(), opened_database(read_settings()) as database, database.write() as connection:
        stored.get_stream(connection, database.vault, stream_id)
        stored.change_stream(connection, stream_id, {"status": check_status(status), "reason": reason})
        note(connection, OPERATOR, "stream.status", stream_id, {"status": status, "reason": reason})


@streams.command("replay")
@click.argument("stream_id", metavar="ID")
def replay_stream(stream_id: str) -> None:
    """Send again what was given up."""
    with clear_errors(), opened_database(read_settings()) as database, database.write() as connection:
        count = stored.revive(connection, stream_id, clock.now())
        note(connection, OPERATOR, "stream.replay", stream_id, {"count": count})
    ERR.print(f"{count} tokens are on their way again")


@streams.command("remove")
@click.argument("stream_id", metavar="ID")
def remove_stream(stream_id: str) -> None:
    """Forget a stream and what waits in it."""
    with clear_errors(), opened_database(read_settings()) as database, database.write() as connection:
        stored.delete_stream(connection, stream_id)
        note(connection, OPERATOR, "stream.delete", stream_id, {})


@streams.command("rotate-key")
def rotate_key() -> None:
    """Sign with a new key; receivers find the former one in our key set for 30 days more."""
    with clear_errors(), opened_database(read_settings()) as database, database.write() as connection:
        name = SigningKeys(database).rotate(connection, clock.now())
        note(connection, OPERATOR, "signing_key.rotate", name, {})
    click.echo(name)


@click.group()
def transmitters() -> None:
    """Partners whose security event tokens we take."""


@transmitters.command("add")
@click.argument("issuer")
@click.option("--audience", required=True, help="What its tokens call us (aud).")
@click.option("--keys", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="Its JSON Web Key Set.")
@click.option("--keys-url", default="", help="Where its key set is fetched instead.")
@click.option("--poll", "poll_url", default="", help="Where we ask for its tokens; without it, it pushes.")
@click.option("--authorization", default="", help="The header that polls carry.")
def add_partner(
    issuer: str, audience: str, keys: Path | None, keys_url: str, poll_url: str, authorization: str
) -> None:
    """Register ISSUER; if it pushes, its token is printed once, alone on standard output."""
    wanted = TransmitterWanted(
        issuer=issuer, audience=audience, keys=keys.read_bytes() if keys else b"", keys_url=keys_url,
        poll_url=poll_url, poll_authorization=authorization,
    )
    with clear_errors(), opened_database(settings := read_settings()) as database:
        made, token = new_transmitter(
            wanted, clock.now(), allows_private=settings.allow_http_endpoints, pushes=not poll_url
        )
        with database.write() as connection:
            add_transmitter(connection, database.vault, made)
            note(connection, OPERATOR, "transmitter.add", made.id, {"issuer": issuer})
    ERR.print(f"transmitter {made.id}: {made.issuer}", markup=False)
    if token:
        click.echo(token)


@transmitters.command("list")
def list_partners() -> None:
    """Every partner."""
    shown = table("Transmitters", "id", "issuer", "audience", "how", "latest trouble")
    with clear_errors(), opened_database(read_settings()) as database, database.read() as connection:
        for one in all_transmitters(connection, database.vault):
            shown.add_row(one.id, one.issuer, one.audience, one.poll_url or "pushes", one.poll_error or "")
    OUT.print(shown)


@transmitters.command("remove")
@click.argument("transmitter_id", metavar="ID")
def remove_partner(transmitter_id: str) -> None:
    """Take nothing more from a partner."""
    with clear_errors(), opened_database(read_settings()) as database, database.write() as connection:
        delete_transmitter(connection, transmitter_id)
        note(connection, OPERATOR, "transmitter.delete", transmitter_id, {})
