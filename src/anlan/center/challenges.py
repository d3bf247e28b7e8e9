"""Challenges: opened for one act, answered within limits that no stranger can use up for the owner, good once."""

from collections.abc import Sequence
from hashlib import sha256
from typing import Any, Literal

import msgspec
from sqlalchemy import Connection

from anlan import clock
from anlan.center.captcha import Captcha
from anlan.center.factors import Factors
from anlan.center.proofs import Proofs
from anlan.domain import challenges as rules
from anlan.domain.challenges import ChallengeMoved, CodeWanted, code_message, code_words, moved_message
from anlan.domain.factors import (
    CODE_METHODS,
    CODE_S,
    GUESSABLE,
    STRENGTHS,
    Channel,
    Level,
    Method,
    is_at_least,
    new_sent_code,
)
from anlan.domain.places import network_of
from anlan.domain.proof_of_work import bits_for
from anlan.errors import Conflict, Forbidden, InvalidAnswer, NotFound, RateLimited
from anlan.store import audit, challenges, factors, outbox, own_events, trusted_devices
from anlan.store.attacks import standing_attack
from anlan.store.challenges import Behind, Challenge, NewChallenge
from anlan.store.database import Database

Turns = tuple[str, str, int, float]
"""What is counted, for whom, how many there are, and in how many seconds."""


class Visitor(msgspec.Struct, frozen=True, kw_only=True):
    """Who is asked for a proof, as far as anybody knows.

    Attributes:
        session: to which the act belongs; a proof is good for that one where the act asks for it.
        device: the token that the platform gave the device.
    """

    session: str | None = None
    device: str | None = None
    ip: str = ""
    agent: str = ""


NOBODY = Visitor()


class Started(msgspec.Struct, frozen=True, kw_only=True):
    """A challenge that was opened; `url` is the page for the visitor, `path` the same without the host.

    Attributes:
        state: `open`, or `passed` where a trusted device was enough.
    """

    id: str
    url: str
    path: str
    methods: tuple[Method, ...]
    expires_at: float
    state: str = "open"


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    """What became of an answer."""

    is_passed: bool
    tries_left: int


class Challenges:
    """Opens challenges and looks at answers.

    Args:
        address: how browsers reach the members' pages.
        captcha: the operator's; None for none.
    """

    def __init__(
        self, database: Database, held: Factors, address: str, captcha: Captcha | None = None
    ) -> None:
        self._database = database
        self._held = held
        self._proofs = Proofs(database.vault, held)
        self._address = address
        self._captcha = captcha

    def methods_for(
        self, connection: Connection, account: str, level: Level, factors_before: float | None = None
    ) -> tuple[Method, ...]:
        """What the account can prove itself by that is worth `level`, best first; empty for nothing.

        Args:
            factors_before: factors and addresses that are newer do not count, because a thief may have brought them.
        """
        held = factors.held_by(connection, account, *(() if factors_before is None else (factors_before,)))
        found = rules.methods_for(held, level, has_captcha=self._captcha is not None)
        return tuple(one for one in found if one != "passkey" or self._held.passkeys.is_possible)

    def level_of(self, connection: Connection, account: str) -> Level:
        """The strongest level that the account can prove whatever it has lost least: `factor` where it has set one up,
        else `channel` where the platform can reach its owner, else `human`.
        """
        levels: tuple[Level, ...] = ("factor", "channel")
        return next((one for one in levels if self.methods_for(connection, account, one)), "human")

    def start(
        self, connection: Connection, account: str, purpose: str, now: float, *, level: Level = "human",
        visitor: Visitor = NOBODY, by: str = "system", factors_before: float | None = None, leads_to: str = "",
        accepts_trusted_device: bool = False,
    ) -> Started:
        """Open a challenge for one act of `account` (`account:<id>`), in the caller's transaction.

        Args:
            purpose: the act; a passed challenge is good for no other.
            factors_before: see `methods_for`.
            leads_to: a page of ours that asks for the proof; empty where the platform does.
            accepts_trusted_device: a device on which the account passed a challenge lately is proof enough.

        Raises:
            Conflict: the account has nothing that is worth `level`.
            RateLimited: too many challenges from there for this account.
        """
        methods = self.methods_for(connection, account, level, factors_before)
        if not methods:
            raise Conflict(f"the account can prove nothing that is worth {level}", level=level)
        is_known = trusted_devices.is_trusted(connection, account, visitor.device, now)
        network = network_of(visitor.ip) or ""
        party = _digest(account, "device", visitor.device) if is_known else _digest(account, "network", network)
        if not challenges.take_turn(connection, "start", party, rules.PARTY_STARTS_1H, rules.HOUR_S, now):
            raise _too_many()
        behind = Behind(ip=visitor.ip, agent=visitor.agent, leads_to=leads_to)
        new = NewChallenge(
            account=account, purpose=purpose, methods=methods,
            factors_before=now if factors_before is None else factors_before,
            session=visitor.session, device=visitor.device, party=party, is_stranger=not is_known,
            work_bits=self._work_bits(connection, network, now), made_by=by, behind=behind,
        )
        name, token = challenges.add_challenge(connection, self._database.vault, new, now)
        path = f"/public/verify/{token}"
        state = "open"
        if accepts_trusted_device and is_known and is_at_least("trusted_device", level):
            state = "passed"
            made = _existing(challenges.find_challenge(connection, name))
            self._end(connection, made, "passed", "trusted_device", now)
        return Started(
            id=name, url=f"{self._address}{path}", path=path, methods=methods, expires_at=now + rules.LIFE_S,
            state=state,
        )

    def _work_bits(self, connection: Connection, network: str, now: float) -> int:
        recent = challenges.count_turns(connection, "work", network, rules.HOUR_S, now)
        challenges.take_turn(connection, "work", network, 1_000_000, rules.HOUR_S, now)
        return bits_for(recent, is_under_attack=standing_attack(connection) is not None)

    def find(self, token: str) -> Challenge:
        """The challenge whose page has this token.

        Raises:
            NotFound: there is none.
        """
        with self._database.read() as connection:
            return _existing(challenges.find_by_token(connection, token))

    def read(self, challenge_id: str) -> Challenge:
        """The challenge of this name.

        Raises:
            NotFound: there is none.
        """
        with self._database.read() as connection:
            return _existing(challenges.find_challenge(connection, challenge_id))

    def behind(self, challenge: Challenge) -> Behind:
        """What only those see of a challenge who were sent to its page."""
        with self._database.read() as connection:
            return challenges.read_behind(connection, self._database.vault, challenge.id)

    def sent(self, challenge: Challenge) -> dict[Channel, float]:
        """When a code was last sent for it, by channel."""
        with self._database.read() as connection:
            return challenges.sent_channels(connection, challenge.id)

    def hints(self, challenge: Challenge) -> dict[Channel, str]:
        """Masked addresses of the account's channels."""
        with self._database.read() as connection:
            return factors.hints_of(connection, self._database.vault, challenge.account, challenge.factors_before)

    def send_code(self, challenge: Challenge, channel: Channel, language: str) -> None:
        """Ask the platform to send a code.

        Raises:
            InvalidAnswer: the challenge cannot be answered so.
            Conflict: it is over.
            RateLimited: too soon, or too many.
        """
        now, code = clock.now(), new_sent_code()
        if CODE_METHODS[channel] not in challenge.methods:
            raise _not_offered()
        with self._database.write() as connection:
            if not _existing(challenges.find_challenge(connection, challenge.id)).is_open(now):
                raise _over()
            _limit_sends(connection, challenge, now)
            number = challenges.put_code(connection, challenge.id, channel, code, now)
            if number is None:
                raise RateLimited(
                    "a code was sent a moment ago", zh="验证码刚刚发送过，请稍候再试",
                    en="A code was sent a moment ago. Wait a little before you ask for another.",
                    retry_after_s=rules.RESEND_S,
                )
            wanted = CodeWanted(
                account=challenge.account.removeprefix("account:"), challenge=challenge.id, channel=channel, code=code,
                language=language, says=code_words(code, challenge.purpose), bound_before=challenge.factors_before,
                expires_at=now + CODE_S,
            )
            outbox.put(connection, [code_message(wanted, number, now)], now)

    def ask_passkey(self, challenge: Challenge) -> dict[str, Any]:
        """Options for `navigator.credentials.get`; what was asked before is worth nothing then.

        Raises:
            InvalidAnswer, Conflict: as `send_code`.
        """
        if "passkey" not in challenge.methods:
            raise _not_offered()
        with self._database.write() as connection:
            known = [credential for _, credential in self._proofs.known_passkeys(connection, challenge)]
            options, asked = self._held.passkeys.ask_to_sign(known)
            if not challenges.ask_assertion(connection, challenge.id, asked):
                raise _over()
        return options

    def answer(self, challenge: Challenge, method: Method, answer: str, *, is_to_trust: bool = False) -> Answered:
        """Look at an answer; each look counts, and is kept whatever it finds.

        Args:
            answer: a code, a browser's answer as JSON, a number, or a captcha's response.
            is_to_trust: whether the device is to be trusted from now on if this passes.

        Raises:
            InvalidAnswer: the challenge cannot be answered so.
            Conflict: it is over.
            RateLimited: too many tries.
            Unavailable: the captcha service does not answer.
        """
        if method not in challenge.methods:
            raise _not_offered()
        if not challenge.is_open(clock.now()):
            raise _over()
        is_solved = method == "captcha" and self._is_solved(challenge, answer)
        now = clock.now()
        with self._database.write() as connection:
            _limit_tries(connection, challenge, method, now)
            tries = challenges.count_try(connection, challenge.id, method, now)
            if tries is None:
                raise _over()
            is_passed = is_solved or self._proofs.is_proven(connection, challenge, method, answer, now)
            if is_passed:
                self._end(connection, challenge, "passed", method, now)
                self._trust(connection, challenge, method, now, is_to_trust=is_to_trust)
            elif tries == rules.MAX_TRIES:
                self._end(connection, challenge, "failed", method, now)
        return Answered(is_passed=is_passed, tries_left=rules.MAX_TRIES - tries)

    def _is_solved(self, challenge: Challenge, response: str) -> bool:
        return self._captcha is not None and self._captcha.is_solved(response, self.behind(challenge).ip)

    def _trust(
        self, connection: Connection, challenge: Challenge, method: Method, now: float, *, is_to_trust: bool
    ) -> None:
        if is_to_trust and challenge.device and is_at_least(method, "channel"):
            vault = self._database.vault
            agent = challenges.read_behind(connection, vault, challenge.id).agent
            trusted_devices.trust(connection, vault, challenge.account, challenge.device, agent, now)
            audit.note(connection, challenge.account, "device.trust", challenge.account, {"challenge": challenge.id})

    def _end(
        self, connection: Connection, challenge: Challenge, state: Literal["passed", "failed"], method: Method,
        now: float,
    ) -> None:
        """End it; the platform, the journal and the audit log hear of that."""
        if not challenges.end_challenge(connection, challenge.id, state, method, now):
            raise _over()
        details = {"challenge": challenge.id, "purpose": challenge.purpose, "method": method}
        audit.note(connection, challenge.made_by, f"challenge.{state}", challenge.account, details)
        account = challenge.account.removeprefix("account:")
        moved = ChallengeMoved(
            challenge=challenge.id, account=account, purpose=challenge.purpose, method=method, level=STRENGTHS[method],
            session=challenge.session, device=challenge.device,
        )
        outbox.put(connection, [moved_message(state, moved, now)], now)
        ip = challenges.read_behind(connection, self._database.vault, challenge.id).ip
        known = {"session": challenge.session, "device": challenge.device, "ip": ip}
        data = {
            "account": account, "result": state, "method": method, "purpose": challenge.purpose,
            "challenge": challenge.id, **{name: value for name, value in known.items() if value},
        }
        own_events.say(connection, "verification.completed", data, f"{challenge.id}:{state}", now)

    def use(
        self, connection: Connection, challenge_id: str, account: str, purpose: str, now: float,
        session: str | None = None,
    ) -> None:
        """Spend a passed challenge on its act, in the caller's transaction.

        Args:
            session: in which the act is done; a proof of another session is not taken then.

        Raises:
            Forbidden: it was not passed, not for this account and act, too long ago, or was used.
        """
        if not challenges.use_challenge(connection, challenge_id, account, purpose, now, session):
            raise Forbidden("this challenge is not good for this act, or not any more; start another")


def _limit_tries(connection: Connection, challenge: Challenge, method: Method, now: float) -> None:
    turns: list[Turns] = [("try", challenge.party, rules.PARTY_TRIES_1H, rules.HOUR_S)]
    if challenge.is_stranger and method in GUESSABLE:
        turns.append(("guess", challenge.account, rules.STRANGER_GUESSES_1H, rules.HOUR_S))
        turns.append(("guess", challenge.account, rules.STRANGER_GUESSES_1D, rules.DAY_S))
    _take_turns(connection, turns, now)


def _take_turns(connection: Connection, turns: Sequence[Turns], now: float) -> None:
    for what, who, limit, window_s in turns:
        if not challenges.take_turn(connection, what, who, limit, window_s, now):
            raise _too_many()


def _limit_sends(connection: Connection, challenge: Challenge, now: float) -> None:
    turns: list[Turns] = [("send", challenge.party, rules.PARTY_SENDS_1H, rules.HOUR_S)]
    if challenge.is_stranger:
        turns.append(("sends", challenge.account, rules.STRANGER_SENDS_1D, rules.DAY_S))
    _take_turns(connection, turns, now)


def _digest(*parts: str | None) -> str:
    return sha256("\x00".join(part or "" for part in parts).encode()).hexdigest()


def _existing(found: Challenge | None) -> Challenge:
    if found is None:
        raise NotFound("there is no such challenge", zh="没有这个验证", en="There is no such check.")
    return found


def _over() -> Conflict:
    return Conflict(
        "this challenge is over; start another", zh="这次验证已结束，请回到应用重新开始",
        en="This check is over. Go back to the app and begin again.",
    )


def _not_offered() -> InvalidAnswer:
    return InvalidAnswer(
        "this challenge does not take that method", zh="这次验证不支持这种方式", en="This check does not take that way."
    )


def _too_many() -> RateLimited:
    return RateLimited(
        "too many tries; wait an hour, use a passkey or a recovery code, or a device that the account trusts",
        zh="尝试次数过多。请过一小时再试，或使用通行密钥、恢复码、受信任的设备",
        en="There were too many tries. Wait an hour, or use a passkey, a recovery code or a trusted device.",
        retry_after_s=rules.HOUR_S,
    )
