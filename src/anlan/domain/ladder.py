"""What a violation leads to by the policy tree: the rung it starts on, what weighs for and against, and why."""

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Literal

import msgspec

from anlan.domain.sanctions import FEATURES, KINDS, LONGEST_TEMPORARY_S, Ground
from anlan.errors import InvalidSettings

Gravity = Literal["low", "medium", "high", "critical"]
GRAVITIES: tuple[Gravity, ...] = ("low", "medium", "high", "critical")
Side = Literal["account", "group"]

HOUR_S, DAY_S = 3_600.0, 86_400.0


class Rung(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A kind of sanction with its length; None for without end, or for what happens and is over."""

    id: str
    kind: str
    hours: float | None = None


class Step(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"least": "from"}):
    """From `least` on, so many rungs up (or down)."""

    least: float
    steps: int


class Weights(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Rungs up or down; `strikes` in rising order."""

    strikes: tuple[Step, ...]
    repeat: int
    coordinated: int
    targets_minors: int
    large_reach: Step
    money_lost: Step
    own_deletion: int
    old_account: Step
    first_offence: int


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One rule of the community.

    Attributes:
        text: as members read it, by language.
        dsa: category of the DSA transparency database.
        feature: what a feature limit limits.
        severities, group: the rung that an account, or a group, starts on.
        highest: where an account's climb ends; empty for the top.
        zero_tolerance: gravities at which nothing weighs in favour.
        second: gravities at which a permanent sanction needs a second person's judgement.
        also: further categories under this rule.
    """

    category: str
    title: dict[str, str]
    text: dict[str, str]
    dsa: str
    feature: str
    severities: dict[Gravity, str]
    group: dict[Gravity, str]
    strikes: dict[Gravity, int]
    window_days: float
    highest: str = ""
    zero_tolerance: tuple[Gravity, ...] = ()
    second: tuple[Gravity, ...] = ()
    also: tuple[str, ...] = ()


class Automatic(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What policies order without a person; the quota is each policy's."""

    kinds: tuple[str, ...]
    quota_per_hour: int
    strikes: int
    window_days: float


class Ladder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole tree."""

    rungs: dict[Side, tuple[Rung, ...]]
    weights: Weights
    closure: dict[Literal["owner", "admin"], dict[Gravity, str]]
    automatic: Automatic
    rules: tuple[Rule, ...]

    def rule(self, category: str) -> Rule:
        """The rule for a category; `other` for one without its own."""
        known = (rule for rule in self.rules if category == rule.category or category in rule.also)
        return next(known, self.rules[-1])

    def rung(self, side: Side, rung_id: str) -> int:
        """Where a rung stands.

        Raises:
            InvalidSettings: there is none by that name.
        """
        for place, rung in enumerate(self.rungs[side]):
            if rung.id == rung_id:
                return place
        raise InvalidSettings(f"ladder: no rung {rung_id!r} for a {side}")


class Matter(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of the case.

    Attributes:
        reach: people who saw it.
        money_lost_minor: minor units.
        quiet_days: how long the account has been there without a strike; None if not known.
        bears_permanent: a machine found it and enough people confirmed it, for the gravity.
    """

    side: Side
    category: str
    severity: Gravity
    is_coordinated: bool = False
    targets_minors: bool = False
    reach: int = 0
    money_lost_minor: int = 0
    has_deleted_own: bool = False
    quiet_days: float | None = None
    bears_permanent: bool = True


class Past(msgspec.Struct, frozen=True):
    """An earlier sanction that was not taken back; `at` and `until` bound the window of its strikes."""

    category: str
    strikes: int
    at: float
    until: float


class Proposal(msgspec.Struct, frozen=True, kw_only=True):
    """What the ladder says.

    Attributes:
        length_s: None for permanent, or for what happens and is over.
        needs_second: if it is made permanent.
        strikes_before: that count now.
    """

    kind: str
    feature: str
    length_s: float | None
    strikes: int
    strike_window_s: float
    strikes_before: float
    needs_second: bool
    rule: Rule
    severity: Gravity
    grounds: tuple[Ground, ...]


def read_ladder(tree: object) -> Ladder:
    """A ladder from what its file holds, checked as a whole.

    Raises:
        InvalidSettings: it says where.
    """
    try:
        ladder = msgspec.convert(tree, Ladder)
    except msgspec.ValidationError as error:
        raise InvalidSettings(f"ladder: {error}") from error
    problems = list(chain(_bad_rungs(ladder), _bad_rules(ladder), _bad_closure(ladder)))
    if problems:
        raise InvalidSettings(f"ladder: {'; '.join(problems)}")
    return ladder


def _bad_rungs(ladder: Ladder) -> Iterator[str]:
    for side, rungs in ladder.rungs.items():
        for rung in rungs:
            kind = KINDS.get(rung.kind)
            if kind is None or side not in kind.targets:
                yield f"rung {rung.id}: no sanction {rung.kind} for a {side}"
            elif (rung.hours is None) != (kind.is_at_once or kind.may_be_permanent):
                yield f"rung {rung.id}: {rung.kind} {'needs' if rung.hours is None else 'takes no'} hours"
            elif not 0 < (rung.hours or 1) * HOUR_S <= LONGEST_TEMPORARY_S:
                yield f"rung {rung.id}: lasts at most 366 days"
    for name in ladder.automatic.kinds:
        if name not in KINDS or KINDS[name].may_be_permanent:
            yield f"automatic: {name} is no temporary sanction"


def _bad_rules(ladder: Ladder) -> Iterator[str]:
    if not ladder.rules or ladder.rules[-1].category != "other":
        yield "the last rule is for the category other"
    for rule in ladder.rules:
        ids = {side: {rung.id for rung in rungs} for side, rungs in ladder.rungs.items()}
        named = (*rule.severities.values(), *([rule.highest] if rule.highest else []))
        for rung in (*(n for n in named if n not in ids["account"]), *set(rule.group.values()) - ids["group"]):
            yield f"rule {rule.category}: no rung {rung}"
        if any(set(table) != set(GRAVITIES) for table in (rule.severities, rule.group, rule.strikes)):
            yield f"rule {rule.category}: name each of {', '.join(GRAVITIES)}"
        if rule.feature not in FEATURES or set(rule.title) != {"zh", "en"} or set(rule.text) != {"zh", "en"}:
            yield f"rule {rule.category}: a known feature, and title and text in zh and en"


def _bad_closure(ladder: Ladder) -> Iterator[str]:
    ids = {rung.id for rung in ladder.rungs["account"]}
    for role in ("owner", "admin"):
        table = ladder.closure.get(role, {})
        if set(table) != set(GRAVITIES) or not set(table.values()) <= ids:
            yield f"closure: a known rung for each gravity of {role}"


def counting_strikes(past: Sequence[Past], now: float) -> float:
    """Strikes that count now: in full for the first half of their window, half of that in the second."""
    weights = (one.strikes * (1.0 if now - one.at < (one.until - one.at) / 2 else 0.5)
               for one in past if one.at <= now < one.until)
    return sum(weights)


def propose(ladder: Ladder, matter: Matter, past: Sequence[Past], now: float) -> Proposal:
    """What follows from a violation, with every step of the way in words."""
    rule, before = ladder.rule(matter.category), counting_strikes(past, now)
    table = rule.severities if matter.side == "account" else rule.group
    rungs = ladder.rungs[matter.side]
    start = ladder.rung(matter.side, table[matter.severity])
    weighed = list(_weigh(ladder.weights, rule, matter, past, before, now))
    highest = _highest(ladder, rule, matter.side, start)
    place = min(max(start + sum(steps for steps, _ in weighed), 0), highest)
    grounds = [_start(rule, matter, rungs[start]), *(ground for _, ground in weighed)]
    if KINDS[rungs[place].kind].may_be_permanent and not matter.bears_permanent:
        place = max(at for at, rung in enumerate(rungs) if not KINDS[rung.kind].may_be_permanent)
        grounds.append(_NOT_PERMANENT)
    rung = rungs[place]
    return proposal_on(rule, matter.severity, rung, before, (*grounds, _end(rung)))


def proposal_on(
    rule: Rule, severity: Gravity, rung: Rung, strikes_before: float, grounds: tuple[Ground, ...]
) -> Proposal:
    """The proposal of one rung for a violation of this rule."""
    return Proposal(
        kind=rung.kind, feature=rule.feature if KINDS[rung.kind].has_feature else "",
        length_s=None if rung.hours is None else rung.hours * HOUR_S, strikes=rule.strikes[severity],
        strike_window_s=rule.window_days * DAY_S, strikes_before=strikes_before, needs_second=severity in rule.second,
        rule=rule, severity=severity, grounds=grounds,
    )


def _highest(ladder: Ladder, rule: Rule, side: Side, start: int) -> int:
    if side == "account" and rule.highest:
        return max(start, ladder.rung(side, rule.highest))
    return len(ladder.rungs[side]) - 1


def _weigh(
    weights: Weights, rule: Rule, matter: Matter, past: Sequence[Past], before: float, now: float
) -> Iterator[tuple[int, Ground]]:
    yield from _against(weights, matter, before)
    categories = {rule.category, *rule.also}
    is_repeated = any(one.category in categories and one.at <= now < one.until and one.strikes for one in past)
    if is_repeated:
        yield weights.repeat, _said("repeat", "曾违反同一规则，且记分仍有效", "The same rule was broken before")
    if matter.severity in rule.zero_tolerance:
        yield 0, _said("zero_tolerance", "该程度适用零容忍，不予减轻", "Zero tolerance: nothing weighs in favour")
        return
    if not before and matter.severity in ("low", "medium"):
        yield weights.first_offence, _said("first_offence", "首次违规，从轻一级", "A first offence: one rung down")
    yield from _in_favour(weights, matter)


def _against(weights: Weights, matter: Matter, before: float) -> Iterator[tuple[int, Ground]]:
    reached = [step for step in weights.strikes if before >= step.least]
    if reached:
        yield reached[-1].steps, _said("strikes", f"有效记分 {before:g} 分", f"{before:g} strikes still count")
    if matter.is_coordinated:
        yield weights.coordinated, _said("coordinated", "与他人协同实施", "Done together with others")
    if matter.targets_minors:
        yield weights.targets_minors, _said("targets_minors", "针对未成年人", "Aimed at minors")
    if matter.reach >= weights.large_reach.least:
        zh, en = f"波及 {matter.reach:,} 人", f"Reached {matter.reach:,} people"
        yield weights.large_reach.steps, _said("large_reach", zh, en)
    if matter.money_lost_minor >= weights.money_lost.least:
        yield weights.money_lost.steps, _said("money_lost", "造成他人财产损失", "Others lost money")


def _in_favour(weights: Weights, matter: Matter) -> Iterator[tuple[int, Ground]]:
    if matter.has_deleted_own:
        yield weights.own_deletion, _said("own_deletion", "已自行删除", "Taken down before anybody asked")
    if matter.quiet_days is not None and matter.quiet_days >= weights.old_account.least:
        yield weights.old_account.steps, _said("old_account", "长期使用且无违规记录", "A long time without a strike")


def _start(rule: Rule, matter: Matter, rung: Rung) -> Ground:
    return _said(
        "rule", f"{rule.title['zh']}，程度：{GRAVITY_TITLES[matter.severity]['zh']}；起点：{rung_title(rung)['zh']}",
        f"{rule.title['en']}, {matter.severity}: begins at {rung_title(rung)['en'].lower()}",
    )


def _end(rung: Rung) -> Ground:
    title = rung_title(rung)
    return _said("outcome", f"结果：{title['zh']}", f"Comes to: {title['en'].lower()}")


GRAVITY_TITLES: dict[Gravity, dict[str, str]] = {
    "low": {"zh": "轻微", "en": "low"}, "medium": {"zh": "一般", "en": "medium"},
    "high": {"zh": "严重", "en": "high"}, "critical": {"zh": "特别严重", "en": "critical"},
}


def rung_title(rung: Rung) -> dict[str, str]:
    """A rung in plain words, by language."""
    return with_length(KINDS[rung.kind].title, None if rung.hours is None else rung.hours * HOUR_S)


def with_length(title: dict[str, str], length_s: float | None) -> dict[str, str]:
    """A sanction's title and how long it lasts, by language."""
    if length_s is None:
        return title
    days, hours = length_s / DAY_S, length_s / HOUR_S
    if hours < 48:
        return {"zh": f"{title['zh']} {hours:.0f} 小时", "en": f"{title['en']}, {hours:.0f} hours"}
    return {"zh": f"{title['zh']} {days:.0f} 天", "en": f"{title['en']}, {days:.0f} days"}


def _said(step: str, zh: str, en: str) -> Ground:
    return Ground(step, {"zh": zh, "en": en})


_NOT_PERMANENT = _said(
    "not_permanent", "永久处罚须有机器发现和足够的人工判定，本案尚不具备，改为最长的有期限处罚",
    "A permanent sanction needs a machine finding and enough people's judgements; this case has not got them, so the "
    "longest temporary one",
)
