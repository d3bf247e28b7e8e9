"""Devices and sessions in their owner's hands: which are taken away, and what the platform is asked to end."""

import secrets
from collections.abc import Sequence

from sqlalchemy import Connection

from anlan.center.followers import AccountRecovered, ContainmentMoved
from anlan.domain.factors import device_digest
from anlan.domain.sign_in_messages import SessionEnding, ending_message
from anlan.domain.sign_ins import session_name
from anlan.errors import NotFound
from anlan.store import outbox, own_events
from anlan.store.audit import note
from anlan.store.database import Database
from anlan.store.members import end_sessions_of
from anlan.store.sign_in_rows import mark_device, mark_ended, mark_ending
from anlan.store.sign_ins import PlatformSession, devices_of, sessions_of
from anlan.store.trusted_devices import distrust


class Sessions:
    """What an owner does to devices and sessions of their account, and what the platform says became of it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def remove_device(self, account: str, device_id: str, now: float) -> None:
        """Take a device away: it is a stranger from now on, and its sessions end.

        Raises:
            NotFound: the account has no such device.
        """
        with self._database.write() as connection:
            known = devices_of(connection, self._database.vault, account)
            found = next((device for device in known if device.id == device_id), None)
            if found is None:
                raise NotFound("there is no such device", zh="没有这台设备", en="There is no such device.")
            if not mark_device(connection, device_id, "removed", ("known", "own")):
                return
            distrust(connection, account, device_digest(account, found.device))
            told = {"account": account.removeprefix("account:"), "device": found.device}
            own_events.say(connection, "device.disowned", told, f"removed.{secrets.token_hex(12)}", now)
            open_sessions = sessions_of(connection, self._database.vault, account, ("open",))
            on_it = [session for session in open_sessions if session.device_id == device_id]
            _order(connection, account, on_it, account, now)
            note(connection, account, "device.remove", account, {"device": device_id})

    def end(self, account: str, session_id: str, now: float) -> None:
        """Ask the platform to end one session.

        Raises:
            NotFound: the account has no such session.
        """
        with self._database.write() as connection:
            known = sessions_of(connection, self._database.vault, account)
            found = [session for session in known if session.id == session_id]
            if not found:
                raise NotFound("there is no such session", zh="没有这个登录会话", en="There is no such session.")
            _order(connection, account, found, account, now)

    def end_others(self, account: str, kept: str | None, now: float) -> None:
        """Ask the platform to end every session but `kept`, a session as events name it; None ends all of them.

        Those on the member's own pages end here, whoever asks for it included.
        """
        with self._database.write() as connection:
            known = sessions_of(connection, self._database.vault, account, ("open",))
            kept_id = session_name(account, kept) if kept else None
            mark_ending(connection, account, [session.id for session in known if session.id != kept_id])
            ending = SessionEnding(
                account=account, sessions=(), by=account, is_all=True, kept=(kept,) if kept else ()
            )
            outbox.put(connection, [ending_message(_new_order(), ending, now)], now)
            end_sessions_of(connection, account, now)
            note(connection, account, "session.end", account, {"all": True})

    def confirm_ended(self, account: str, sessions: Sequence[str], by: str, now: float) -> int:
        """Take in that the platform ended sessions, by the names of events; returns how many were not ended before."""
        with self._database.write() as connection:
            names = [session_name(account, session) for session in sessions]
            count = mark_ended(connection, account, names, now)
            note(connection, by, "session.ended", account, {"count": count})
            return count


def on_containment_moved(connection: Connection, moved: ContainmentMoved) -> None:
    """Show the sessions that a containment ends as ending; those on the member's own pages end with its beginning."""
    if moved.move == "opened":
        end_sessions_of(connection, moved.account, moved.at)
    if moved.move in ("opened", "widened"):
        mark_ending(connection, moved.account, [session_name(moved.account, one) for one in moved.sessions])


def on_recovered(connection: Connection, recovered: AccountRecovered) -> None:
    """Whoever had the account before is out of the member's pages too."""
    end_sessions_of(connection, recovered.account, recovered.at)


def own_device(connection: Connection, device_id: str) -> None:
    """Note that the owner says a device is theirs."""
    mark_device(connection, device_id, "own", ("known",))


def _order(connection: Connection, account: str, ending: Sequence[PlatformSession], by: str, now: float) -> None:
    """Order those of `ending` to end that are open; who asks again for one that is ending orders nothing."""
    going = set(mark_ending(connection, account, [session.id for session in ending]))
    names = tuple(session.session for session in ending if session.id in going)
    if names:
        order = SessionEnding(account=account, sessions=names, by=by)
        outbox.put(connection, [ending_message(_new_order(), order, now)], now)
        note(connection, by, "session.end", account, {"sessions": sorted(going)})


def _new_order() -> str:
    return f"ending_{secrets.token_hex(12)}"
