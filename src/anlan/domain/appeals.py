"""Appeals: what can become of one, until when one can be made, and what a reduced punishment looks like."""

from collections.abc import Mapping
from typing import Literal, NamedTuple, get_args

from anlan.domain.sanctions import KINDS, SanctionState

AppealState = Literal["open", "closed", "withdrawn", "settled"]
"""`settled`: what it was about was taken back before anybody decided it."""
APPEAL_STATES: tuple[AppealState, ...] = get_args(AppealState)

AppealOutcome = Literal["uphold", "reduce", "reverse"]
APPEAL_OUTCOMES: tuple[AppealOutcome, ...] = get_args(AppealOutcome)

DAY_S = 86_400.0
WINDOW_S = 183 * DAY_S
"""So long after it was ordered a sanction can be appealed (DSA, article 20: six months), and as long as it stands."""
MOST_APPEALS = 3
"""Against one sanction; withdrawn ones do not count."""
MIN_WORDS, MAX_WORDS = 10, 4_000
"""Characters that an appellant writes."""
SHORTEST_REDUCED_S = 3_600.0

REVIEW_DAYS = 90
REVIEW_LEAST = 10
REVIEW_SHARE = 0.3
"""A policy of whose last 90 days' appeals, if they are 10 or more, 30 % are not upheld wants a look."""

_STANDING: tuple[SanctionState, ...] = ("scheduled", "ordered", "in_force")

TITLES: Mapping[AppealOutcome, dict[str, str]] = {
    "uphold": {"zh": "维持原处罚", "en": "The sanction stands"},
    "reduce": {"zh": "已减轻处罚", "en": "The sanction was reduced"},
    "reverse": {"zh": "已撤销处罚", "en": "The sanction was taken back"},
}

NOTICES: Mapping[AppealOutcome, dict[str, str]] = {
    "uphold": {
        "zh": "另一位审核人员重新看过了您的申诉和全部依据，原处罚继续有效。理由见您的申诉页面。",
        "en": "Somebody who had no part in the first decision looked at your appeal and at everything it rested on. "
        "The sanction stands; the reason is on the page of your appeal.",
    },
    "reduce": {
        "zh": "另一位审核人员重新看过了您的申诉，认为原处罚过重，已经减轻。具体内容见您的申诉页面。",
        "en": "Somebody who had no part in the first decision looked at your appeal and found the sanction too hard. "
        "It was replaced by a milder one; the page of your appeal says which.",
    },
    "reverse": {
        "zh": "我们错了，向您道歉。处罚已经撤销，您的功能、内容和资金都会恢复，这次记录不再计入您的账号。",
        "en": "We were wrong, and we are sorry. The sanction was taken back: what you could do, what you wrote and "
        "your money are restored, and nothing of it counts against your account.",
    },
}
"""What the appellant is told; for `reverse` with an apology."""


class Milder(NamedTuple):
    """What may take a sanction's place: a kind, and when it ends."""

    kind: str
    until: float


def is_in_time(state: SanctionState, ordered_at: float, now: float) -> bool:
    """Whether a sanction can still be appealed; one that was taken back or never began cannot."""
    if state in _STANDING:
        return True
    return state == "ended" and now <= ordered_at + WINDOW_S


def milder_kinds(kind: str, target: str) -> tuple[str, ...]:
    """Kinds with an end, no harder than `kind`, for `target`, hardest first; a feature limit only for another one."""
    side = target.partition(":")[0]
    found = [
        one for one in KINDS.values()
        if one.rung <= KINDS[kind].rung and side in one.targets and not one.is_at_once
        and (not one.has_feature or one.name == kind)
    ]
    return tuple(one.name for one in sorted(found, key=lambda one: -one.rung) if one.name not in ("ban", "close_group"))


def propose_milder(kind: str, target: str, starts_at: float, ends_at: float | None, now: float) -> Milder | None:
    """Half the time, or 30 days of the next rung in place of one without end; None where nothing is milder."""
    kinds = milder_kinds(kind, target)
    if not kinds or (ends_at is not None and ends_at <= now):
        return None
    if ends_at is None:
        return Milder(kinds[0], max(starts_at, now - 29 * DAY_S) + 30 * DAY_S)
    return Milder(kinds[0], min(max((starts_at + ends_at) / 2, now + SHORTEST_REDUCED_S), ends_at))


def is_milder(new: Milder, kind: str, target: str, ends_at: float | None, now: float) -> bool:
    """Whether it may take the place of a sanction of `kind` that ends at `ends_at`: it ends, and it is less."""
    if new.kind not in milder_kinds(kind, target) or new.until < now + SHORTEST_REDUCED_S / 2:
        return False
    if ends_at is None:
        return new.until <= now + 366 * DAY_S
    return new.until < ends_at or (new.kind != kind and new.until <= ends_at)


def wants_review(decided: int, overturned: int) -> bool:
    """Whether so many of a policy's appeals were not upheld that people should look at the policy."""
    return decided >= REVIEW_LEAST and overturned >= REVIEW_SHARE * decided
