"""Notices an attack on many accounts, keeps count of it while it lasts, and ends it when the door is calm again."""

from collections.abc import Sequence

from anlan.domain.attacks import ATTACK_LEVEL, RAISED_LEVEL, SUSPICIOUS_RISK
from anlan.domain.facts import StaffNotice
from anlan.domain.places import Places, network_of
from anlan.store.attacks import (
    Attempt,
    add_attempts,
    attempts_before,
    attempts_since_mark,
    end_attack,
    open_attack,
    standing_attack,
)
from anlan.store.database import Database
from anlan.store.marks import ATTACKS, raise_mark, read_mark
from anlan.store.notices import tell_staff
from anlan.store.vault import Codec

LOOK_BACK_S = 1_800.0
"""An attack began before it was large enough to be noticed."""
QUIET_S = 3_600.0
"""Without a single attempt for so long, it is over."""


class AttackWatch:
    """Follows the attempts of the journal; the door's own signal says when there is an attack."""

    def __init__(self, database: Database, codec: Codec, places: Places) -> None:
        self._database = database
        self._codec = codec
        self._places = places

    def round(self, now: float) -> int:
        """Take in the attempts since the last round; returns how many there were."""
        with self._database.snapshot() as connection:
            found, newest = attempts_since_mark(connection, self._codec)
            standing = standing_attack(connection)
            first = None if standing else next((one for one in found if one.level >= ATTACK_LEVEL), None)
            earlier = attempts_before(connection, self._codec, first.seq, first.time - LOOK_BACK_S) if first else []
            is_behind = read_mark(connection, ATTACKS) < newest
        is_quiet = standing is not None and now - standing.touched_at > QUIET_S
        if is_behind or is_quiet:
            self._keep(earlier, found, newest, now)
        return len(found)

    def _keep(self, earlier: Sequence[Attempt], found: Sequence[Attempt], newest: int, now: float) -> None:
        with self._database.write() as connection:
            gone = newest - raise_mark(connection, ATTACKS, 0)
            if gone < 0:
                return
            raise_mark(connection, ATTACKS, gone)
            standing = standing_attack(connection)
            attack = standing.id if standing else None
            seqs = {one.seq for one in found}
            part = [one for one in (*(one for one in earlier if one.seq not in seqs), *found) if _belongs(one)]
            if attack is None and any(one.level >= ATTACK_LEVEL for one in found):
                attack = open_attack(connection, min((one.time for one in part), default=now), now)
                if attack:
                    notice = StaffNotice(id=f"login_attack.{attack}", at=now, kind="login_attack", subject=attack)
                    tell_staff(connection, [notice], now)
            if attack is None:
                return
            if part:
                add_attempts(connection, attack, part, self._networks(part), now)
            is_calm = bool(found) and found[-1].level < RAISED_LEVEL
            if is_calm or (standing and not part and now - standing.touched_at > QUIET_S):
                end_attack(connection, attack, now)

    def _networks(self, attempts: Sequence[Attempt]) -> dict[str, tuple[str, str | None, int | None]]:
        found = {}
        for ip in {one.ip for one in attempts if one.ip}:
            network = network_of(ip)
            if network is not None:
                place = self._places.place(ip)
                found[ip] = (network, place.country if place else None, place.asn if place else None)
        return found


def _belongs(attempt: Attempt) -> bool:
    return not attempt.is_known and (not attempt.is_success or attempt.risk >= SUSPICIOUS_RISK)
