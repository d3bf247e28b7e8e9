"""The floor of the whole path: the same work as one loop that somebody wrote by hand for exactly these messages.

It keeps no profiles but registration times, knows no unknowns, no versions, no fuses, and explains nothing.
"""

import unicodedata
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import msgspec
from daachorse import CharwiseDoubleArrayAhoCorasick

from anlan.domain.event_data import MessageSent
from anlan.protections.content.lexicon import Lexicon
from bench.traffic import ACCOUNTS, START, age_days
from bench.workload import Rule, plain_python


class _Message(msgspec.Struct, gc=False):
    id: str
    source: str
    type: str
    time: datetime
    data: MessageSent


class _Estimate:
    """A count over a sliding window from two fixed ones: [window, now, before] by key."""

    def __init__(self, over_s: float) -> None:
        self._over_s = over_s
        self._states: dict[str, list[float]] = {}

    def add(self, key: str, time: float) -> float:
        window, rest = divmod(time, self._over_s)
        state = self._states.get(key)
        if state is None:
            self._states[key] = [window, 1, 0]
            return 1
        if state[0] != window:
            state[:] = (window, 0, state[1] if state[0] == window - 1 else 0)
        state[1] += 1
        return state[1] + state[2] * (1 - rest / self._over_s)


class _Distinct:
    """Different values within a window, exact: {value: last time} by key."""

    def __init__(self, over_s: float) -> None:
        self._over_s = over_s
        self._states: dict[str, dict[str, float]] = {}

    def add(self, key: str, time: float, value: str | None) -> int:
        seen = self._states.setdefault(key, {})
        if value is not None:
            seen.pop(value, None)
            seen[value] = time
        begin = time - self._over_s
        for old in list(seen):
            if seen[old] > begin:
                break
            del seen[old]
        return len(seen)


def _compile(rules: Sequence[Rule]) -> Callable[..., list[int]]:
    conditions, bound = plain_python(rules)
    lines = [
        "def judge(text, media_count, sender_is_verified, sender_age_days, sender_messages_1m, sender_messages_1h,",
        "    sender_recipients_1h, sender_groups_1h, sender_last_message_s, text_senders_1h, text_lexicon_hits,",
        "    text_lexicon_category, text_length):",
        "    hits = []",
    ]
    for index, condition in enumerate(conditions):
        lines += [f"    if {condition}:", f"        hits.append({index})"]
    exec("\n".join([*lines, "    return hits"]), bound)
    judge: Callable[..., list[int]] = bound["judge"]
    return judge


def bare_loop(lexicon: Lexicon, rules: Sequence[Rule]) -> Callable[[Sequence[bytes]], int]:
    """A function of CloudEvents in JSON that makes an answer and a record of each; returns the number of hits."""
    decode, encode = msgspec.json.Decoder(_Message).decode, msgspec.json.Encoder().encode
    judge, terms = _compile(rules), lexicon.terms
    scan = CharwiseDoubleArrayAhoCorasick([term.text for term in terms]).find_overlapping
    registered = {f"a{n}": START - age_days(n) * 86_400.0 for n in range(ACCOUNTS)}
    per_minute, per_hour = _Estimate(60.0), _Estimate(3_600.0)
    recipients, groups, senders = _Distinct(3_600.0), _Distinct(3_600.0), _Distinct(3_600.0)
    last: dict[str, float] = {}

    def record(body: bytes) -> tuple[bytes, bytes, int]:
        event = decode(body)
        data, time = event.data, event.time.timestamp()
        sender, text = data.sender, data.text
        found = {index for _, _, index in scan(unicodedata.normalize("NFKC", text).casefold())}
        signals: dict[str, Any] = {
            "sender_is_verified": False,
            "sender_age_days": (time - registered[sender]) / 86_400.0,
            "sender_messages_1m": per_minute.add(sender, time),
            "sender_messages_1h": per_hour.add(sender, time),
            "sender_recipients_1h": recipients.add(sender, time, data.recipient),
            "sender_groups_1h": groups.add(sender, time, data.group),
            "sender_last_message_s": time - last.get(sender, float("-inf")),
            "text_senders_1h": senders.add(text, time, sender),
            "text_lexicon_hits": len(found),
            "text_lexicon_category": (
                terms[max(found, key=lambda i: (terms[i].severity, -i))].category if found else None
            ),
            "text_length": len(text),
        }
        last[sender] = time
        hits = judge(text, data.media_count, **signals)
        verdict = ("block" if any(hit % 3 == 0 for hit in hits) else "warn") if hits else "allow"
        reply = encode({"id": event.id, "verdict": verdict, "policies": hits})
        kept = encode(
            {"id": event.id, "time": time, "data": data, "verdict": verdict, "hits": hits, "signals": signals}
        )
        return reply, kept, len(hits)

    return lambda bodies: sum(record(body)[2] for body in bodies)
