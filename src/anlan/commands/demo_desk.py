"""The desk of the demo: what reviewers judged since yesterday, what followed, and a platform that does as ordered."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from random import Random

import msgspec

from anlan import clock
from anlan.app import House
from anlan.center.funds import Count
from anlan.commands.screen import ERR
from anlan.demo.labels import Label, LabelledEvent
from anlan.desk.campaigns import NewCampaign
from anlan.desk.review import Answered, Reviewer
from anlan.desk.sanctioning import Weighed, as_new, propose_for
from anlan.domain.cases import ANSWERS_BY_KIND, CaseKind
from anlan.domain.keys import event_key
from anlan.domain.payouts import Evidence, Instruction
from anlan.errors import AnlanError, Conflict
from anlan.store.cases import Case, find_case, list_cases
from anlan.store.sanction_bases import read_basis
from anlan.store.sanction_orders import waiting_orders
from anlan.store.sanctions import sanctions_of

PLATFORM = "key:demo"
OBEYS_EVERY_S = 3.0
JUDGED_SHARE = 0.7
RIGHT_SHARE = 0.94
"""Of the judgements of these two; people err, and agreement that is perfect would show nothing."""
APPLICANTS = 2
DAY_S = 86_400.0

_CATEGORIES: Mapping[str, str] = {
    "spam": "illicit_ad", "scam": "fraud", "gambling": "gambling", "porn_ad": "porn", "abuse": "abuse",
    "takeover": "account_theft", "credential_stuffing": "account_theft", "flooding": "spam", "fake_account": "spam",
}
_KINDS: tuple[CaseKind, ...] = ("review", "report", "complaint")
_REVIEWERS = tuple(
    Reviewer(actor=f"staff:{name}", may=frozenset((kind, stage) for kind in _KINDS for stage in stages))
    for name, stages in (("mei", (1, 2)), ("ruo", (1, 2)), ("chen", (3,)))
)


def live_through_the_desk(house: House, events: Sequence[LabelledEvent], seed: int) -> None:
    """Route and judge most of what the past opened, sanction some of it, hold and ask for money, begin a clean-up."""
    rng, now = Random(seed), clock.now()  # noqa: S311 - repeatable, not secret
    for make_round in house.desk_rounds:
        make_round(now)
    truth = {_key_of(event): event.label for event in events if event.label != "normal"}
    closed = [case for case in _judge(house, truth, rng) if case.outcome == "violation"]
    sanctioned = _sanction(house, [case for case in closed if case.target.startswith("account:")], rng)
    _ask_for_money(house, sanctioned[:APPLICANTS])
    _begin_campaign(house, now)


async def obey(house: House) -> None:
    """Do what the desk orders, as a platform would, and say so; for ever."""
    while True:
        await asyncio.sleep(OBEYS_EVERY_S)
        try:
            await asyncio.to_thread(_confirm_all, house)
        except AnlanError as error:
            ERR.print(f"demo order not confirmed: {error.message}", markup=False)


def _confirm_all(house: House) -> None:
    now = clock.now()
    with house.database.write() as connection:
        for order in waiting_orders(connection, now):
            house.platform_answers.confirm(connection, order.sanction_id, order.revision, PLATFORM, now)


def _judge(house: House, truth: Mapping[str, Label], rng: Random) -> Iterator[Case]:
    with house.database.read() as connection:
        wanted = int(JUDGED_SHARE * len(list_cases(connection, limit=10_000)))
    for turn in range(wanted):
        person, now = _REVIEWERS[turn % len(_REVIEWERS)], clock.now()
        claim = house.review.claim_next(person, now - rng.uniform(15, 240))
        if claim is None:
            continue
        with house.database.read() as connection:
            case = find_case(connection, claim.case_id)
        if case is None or case.kind not in _KINDS:
            continue
        house.review.judge(person, _answer(case, truth, rng), now)
        with house.database.read() as connection:
            if (judged := find_case(connection, case.id)) and judged.state == "closed":
                yield judged


def _answer(case: Case, truth: Mapping[str, Label], rng: Random) -> Answered:
    label = truth.get(case.event_key or "", "normal")
    is_bad = (label in _CATEGORIES) == (rng.random() < RIGHT_SHARE)
    answers = ANSWERS_BY_KIND[case.kind]
    return Answered(
        case_id=case.id, stage=case.stage, answer=answers[0 if is_bad else 1],
        reason="内容与上下文相符，违反规则" if is_bad else "结合上下文，属于正常交流",
        category=_CATEGORIES.get(label, case.category) if is_bad else "",
        severity=rng.choice(("medium", "high", "high", "critical")) if is_bad else "",
    )


def _sanction(house: House, closed: Sequence[Case], rng: Random) -> list[str]:
    """Order what the ladder proposes for most of these cases; the accounts that lost the use of their money first."""
    kept: list[str] = []
    for case in closed:
        if rng.random() < 0.25:
            continue  # left for whoever looks at the demo
        account, now = case.target, clock.now()
        if not house.funds.holdings(account):
            wallet = Count(kind="wallet", unit="CNY", title="零钱", amount=rng.randrange(2_000, 900_000))
            house.funds.register(account, (wallet,), now, PLATFORM)
        try:
            with house.database.write() as connection:
                if (basis := read_basis(connection, case.id)) is None:
                    continue
                proposal = propose_for(connection, house.sanctions.ladder, basis, case.target, Weighed(), now)
                new = as_new(proposal, case.target, case.policy or proposal.rule.category)
                house.sanctions.order(connection, new, case.id, "staff:mei", now)
        except Conflict:
            continue  # the same was ordered for another case of this account
        if new.kind in ("suspend", "ban"):
            kept.append(account)
    return list(dict.fromkeys(kept))


def _ask_for_money(house: House, accounts: Sequence[str]) -> None:
    """Whoever lost the use of an account asks for what is theirs; an appeal comes with the first."""
    evidence = Evidence(
        legal_name="李明", id_number="11010519491231002X", contact="13800138000", statement="零钱里的钱是我的"
    )
    where = Instruction(method="bank", payee="李明", account="6222021234567894")
    for account in accounts:
        for holding in house.funds.holdings(account):
            if holding.held:
                house.payouts.apply(account, holding.id, evidence, where)
    for account in accounts[:1]:
        with house.database.read() as connection:
            sanction = sanctions_of(connection, account)[0]
        words = "账号前几天借给了朋友，这些消息不是我发的，请再看一看聊天记录里的时间。"
        house.appeals.file(account, sanction.id, words, (), clock.now())


def _begin_campaign(house: House, now: float) -> None:
    campaign = house.campaigns.propose(
        NewCampaign(
            title_zh="清理刷单与高息引流", title_en="Against fake part-time jobs", why="近期举报增多",
            event_types=("message.sent",), scope="text_fraud_score >= 0.7", starts_at=now, ends_at=now + 14 * DAY_S,
            targets={"cases": 200},
        ),
        "staff:mei", now,
    )
    house.campaigns.approve(campaign, "staff:chen", now)


class _Name(msgspec.Struct):
    source: str
    id: str


def _key_of(event: LabelledEvent) -> str:
    named = msgspec.json.decode(event.cloudevent, type=_Name)
    return event_key(named.source, named.id)
