"""Answers whether a session may do what it is about to do, judged anew for every sensitive act.

What is known of sessions lives in memory and is rebuilt from the journal; asking costs one read. Only an answer other
than `allow` writes: the challenge that is needed, and a row in the audit log.
"""

from collections.abc import Mapping
from pathlib import Path

import msgspec
import yaml
from sqlalchemy import Connection

from anlan.center.challenges import Challenges, Started, Visitor
from anlan.domain.trust import (
    OTHER,
    REASON_WORDS,
    AccessVerdict,
    ActRule,
    Level,
    SessionMemory,
    TakeoverMemory,
    is_enough,
    judge_session,
    read_act_rules,
)
from anlan.errors import InvalidSettings
from anlan.store import audit, recovery_facts
from anlan.store.challenges import find_challenge
from anlan.store.containments import Containment, standing_containment
from anlan.store.database import Database

RULES_FILE = Path(__file__).with_name("access_rules.yaml")


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What a session is about to do.

    Attributes:
        account: its id, as events name it; likewise session and device.
        amount_minor: of money, in minor units; 0 for none.
        challenge: one that was passed for this act.
    """

    account: str
    session: str
    act: str
    device: str | None = None
    ip: str | None = None
    amount_minor: int = 0
    challenge: str | None = None


class Access(msgspec.Struct, frozen=True, kw_only=True):
    """The answer.

    Attributes:
        rule: the act whose rule was asked: `other` for one without a rule of its own.
        level, needed: what the session is worth, and what the act needs.
        reasons: why it is not worth more, or the act needs so much, words of `domain.trust.REASON_WORDS`.
        started: the challenge to pass; None when it is not a step up, or the account has nothing to prove itself by.
    """

    verdict: AccessVerdict
    rule: str
    level: Level
    needed: Level
    reasons: tuple[str, ...] = ()
    started: Started | None = None


class AccessChecks:
    """Judges sessions by act.

    Args:
        rules: by act; one is called `other`.
    """

    def __init__(
        self, database: Database, sessions: SessionMemory, takeovers: TakeoverMemory, challenges: Challenges,
        rules: Mapping[str, ActRule],
    ) -> None:
        self._database = database
        self._sessions = sessions
        self._takeovers = takeovers
        self._challenges = challenges
        self._rules = rules

    def check(self, asked: Asked, by: str, now: float) -> Access:
        """Whether the act may go on.

        Args:
            by: who asks, for the audit log.

        Raises:
            RateLimited: too many challenges were started for this account from there.
        """
        found = self._judge(asked, now)
        with self._database.read() as connection:
            contained = standing_containment(connection, f"account:{asked.account}")
            watched = recovery_facts.watched_until(connection, f"account:{asked.account}") or 0.0
        held = None
        if contained and self._is_held(contained, asked, found.rule):
            held = "contained"
        elif now < watched and self._rules[found.rule].is_limited:
            held = "recovered"
        if held:
            denied = msgspec.structs.replace(found, verdict="deny", reasons=(held, *found.reasons))
            self._note(denied, asked, by)
            return denied
        return found if found.verdict == "allow" else self._ask_for_proof(found, asked, by, now)

    def _is_held(self, contained: Containment, asked: Asked, rule: str) -> bool:
        """Whether a containment leaves this to nobody here: nothing to the thief, and what it limits only to a device
        that was the owner's before."""
        traces = contained.traces
        if asked.device is not None and asked.device in traces.known:
            return False
        is_thiefs = asked.session in traces.sessions or asked.device in traces.devices
        return is_thiefs or self._rules[rule].is_limited

    def _judge(self, asked: Asked, now: float) -> Access:
        rule = self._rules.get(asked.act) or self._rules[OTHER]
        trust = self._sessions.trust_of(asked.account, asked.session, asked.device, asked.ip)
        risk = self._takeovers.score_of(asked.account, asked.session, asked.device, now)
        standing = judge_session(trust, risk, now)
        needed = rule.level_needed(asked.amount_minor, risk)
        if is_enough(standing.level, needed):
            return Access(verdict="allow", rule=rule.act, level=standing.level, needed=needed)
        by_amount = () if needed == rule.level_needed(0, risk) else ("amount",)
        reasons = tuple(dict.fromkeys((*standing.reasons, *by_amount)))
        return Access(verdict="step_up", rule=rule.act, level=standing.level, needed=needed, reasons=reasons)

    def _ask_for_proof(self, found: Access, asked: Asked, by: str, now: float) -> Access:
        """Spend the proof that was given, or ask for one; a session that is over can only begin anew."""
        account = f"account:{asked.account}"
        with self._database.write() as connection:
            if asked.challenge and self._is_its_own(connection, asked):
                self._challenges.use(connection, asked.challenge, account, found.rule, now)
                answer = msgspec.structs.replace(found, verdict="allow", level="fresh_factor", reasons=())
            elif "session_over" in found.reasons:
                answer = msgspec.structs.replace(found, verdict="deny")
            else:
                answer = msgspec.structs.replace(found, started=self._start(connection, found, asked, by, now))
            self._write(connection, answer, asked, by)
        return answer

    def _is_its_own(self, connection: Connection, asked: Asked) -> bool:
        """Whether the proof was given in this session: another's is no good here."""
        challenge = find_challenge(connection, asked.challenge or "")
        return challenge is not None and challenge.session == asked.session

    def _start(self, connection: Connection, found: Access, asked: Asked, by: str, now: float) -> Started | None:
        account = f"account:{asked.account}"
        level = self._challenges.level_of(connection, account)
        if level == "human":
            return None
        visitor = Visitor(session=asked.session, device=asked.device, ip=asked.ip or "")
        return self._challenges.start(connection, account, found.rule, now, level=level, visitor=visitor, by=by)

    def _note(self, answer: Access, asked: Asked, by: str) -> None:
        with self._database.write() as connection:
            self._write(connection, answer, asked, by)

    def _write(self, connection: Connection, answer: Access, asked: Asked, by: str) -> None:
        details = {
            "act": answer.rule, "level": answer.level, "needed": answer.needed, "reasons": answer.reasons,
            "challenge": answer.started.id if answer.started else asked.challenge,
        }
        audit.note(connection, by, f"access.{answer.verdict}", f"account:{asked.account}", details)


def words_for(reasons: tuple[str, ...]) -> list[dict[str, str]]:
    """What a member may read of each reason, in both languages."""
    return [REASON_WORDS[reason] for reason in reasons]


def load_rules(path: Path | None = None) -> dict[str, ActRule]:
    """The rules of the operator's file, or those that ship.

    Raises:
        InvalidSettings: the file cannot be read, or says where it is wrong.
    """
    chosen = path or RULES_FILE
    try:
        return read_act_rules(yaml.safe_load(chosen.read_text("utf-8")))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise InvalidSettings(f"access rules {chosen} cannot be read: {error}") from error
