"""Telling the public how a campaign went: a draft from its figures, words by people, published by a second person."""

from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from anlan.clock import to_datetime
from anlan.desk.campaigns import Campaigns
from anlan.domain.campaigns import CampaignFigures, Tally
from anlan.errors import Conflict, InvalidRequest
from anlan.store import audit
from anlan.store import bulletins as stored
from anlan.store.bulletins import Bulletin, Question, Words
from anlan.store.campaigns import Campaign, find_campaign
from anlan.store.database import Database

MAX_TITLE_CHARS, MAX_BODY_CHARS = 160, 20_000
_TOLD_STATES = ("running", "ended")

Grounds = Mapping[str, Mapping[str, str]]
"""Title of each ground by language."""


class Bulletins:
    """Writes, corrects and publishes bulletins and answers.

    Args:
        zone: IANA name of the time zone that days are told in.
    """

    def __init__(self, database: Database, campaigns: Campaigns, zone: str) -> None:
        self._database, self._campaigns = database, campaigns
        self._zone = ZoneInfo(zone)

    def suggest(self, campaign: Campaign, figures: CampaignFigures, grounds: Grounds) -> Words:
        """Words for a bulletin with every figure in place, for people to read and change.

        Args:
            grounds: titles of the categories of harm; one without a title is told by its name.
        """
        return Words(
            title_zh=f"关于“{campaign.title_zh}”专项行动的公告"[:MAX_TITLE_CHARS],
            title_en=f"Results of the campaign: {campaign.title_en}"[:MAX_TITLE_CHARS],
            body_zh=self._body_zh(campaign, figures, grounds), body_en=self._body_en(campaign, figures, grounds),
        )

    def _body_zh(self, campaign: Campaign, figures: CampaignFigures, grounds: Grounds) -> str:
        own, start, end = figures.campaign, *self._days(campaign)
        shares = "、".join(f"{_ground(grounds, name, 'zh')} {count:,} 个" for name, count in own.accounts)
        return "\n\n".join([
            f"{start.year} 年 {start.month} 月 {start.day} 日至 {end.year} 年 {end.month} 月 {end.day} 日，我们开展了"
            f"“{campaign.title_zh}”专项行动。",
            f"行动期间共发现案件 {own.found:,} 件，其中 {own.closed:,} 件已由人工审结，"
            f"认定违规 {own.violations:,} 件。",
            f"关闭群组 {own.groups:,} 个；永久封禁账号 {own.accounts_total:,} 个{f'（{shares}）' if shares else ''}；"
            f"限期限制账号 {own.limited:,} 个；删除内容 {own.content:,} 条。",
            "关闭群组只处理其组织者，普通成员不因加入群组而受处罚。被处罚者的资金仍属于本人，可按通知取回。",
            f"针对上述处罚收到申诉 {own.appeals:,} 件，其中 {own.reversed_:,} 件已撤销处罚；"
            "被撤销的处罚不计入上述数字。",
            _everyday_zh(figures.everyday),
            "对处罚有异议的用户可从通知或用户页面提出申诉，由未参与原判定的人员复核。",
        ])

    def _body_en(self, campaign: Campaign, figures: CampaignFigures, grounds: Grounds) -> str:
        own, start, end = figures.campaign, *self._days(campaign)
        shares = ", ".join(f"{_ground(grounds, name, 'en')} {count:,}" for name, count in own.accounts)
        return "\n\n".join([
            f"From {start:%-d %B %Y} to {end:%-d %B %Y} we led the campaign: {campaign.title_en}.",
            f"Cases found: {own.found:,}. People have judged {own.closed:,} of them and found {own.violations:,} to be "
            "violations.",
            f"Groups closed: {own.groups:,}. Accounts closed for good: {own.accounts_total:,}"
            f"{f' ({shares})' if shares else ''}. Accounts limited for a time: {own.limited:,}. "
            f"Pieces of content removed: {own.content:,}.",
            "When a group is closed, those who ran it are sanctioned; nobody is for having been a member. A punished "
            "person's money stays theirs and can be had as the notice says.",
            f"Appeals against these sanctions: {own.appeals:,}, of which {own.reversed_:,} took the sanction back. "
            "What was taken back is not in the figures above.",
            _everyday_en(figures.everyday),
            "Whoever disagrees with a sanction can appeal from the notice or from their own page; somebody who did not "
            "judge it before will look at it.",
        ])

    def _days(self, campaign: Campaign) -> tuple[datetime, datetime]:
        start, end = to_datetime(campaign.starts_at), to_datetime(campaign.ends_at - 1.0)
        return start.astimezone(self._zone), end.astimezone(self._zone)

    def save(self, campaign_id: str, words: Words, by: str, now: float) -> int:
        """Keep a draft with the figures as they stand now; its version.

        Raises:
            InvalidRequest: something is missing or too long.
            NotFound.
            Conflict: the campaign has not begun, or somebody else saved at this moment.
        """
        _check(words)
        with self._database.read() as connection:
            campaign = _told_of(connection, campaign_id)
        figures = self._campaigns.figures(campaign, now)
        with self._database.write() as connection:
            version = stored.save_draft(connection, campaign_id, words, figures, by, now)
            audit.note(connection, by, "bulletin.write", campaign_id, {"version": version})
        return version

    def publish(self, campaign_id: str, version: int, written_at: float, by: str, now: float) -> None:
        """Let the public read the draft that was read by whoever publishes it.

        Raises:
            Conflict: see `store.bulletins.publish_draft`.
        """
        with self._database.write() as connection:
            stored.publish_draft(connection, campaign_id, version, written_at, by, now)
            audit.note(connection, by, "bulletin.publish", campaign_id, {"version": version})

    def answer(self, campaign_id: str, texts: Mapping[str, str], by: str, now: float) -> str:
        """Keep an answer to a rumour for a second person to publish; its id.

        Args:
            texts: `question_zh`, `question_en`, `answer_zh` and `answer_en`.

        Raises:
            InvalidRequest: one is missing or too long.
            NotFound.
        """
        if not all(0 < len(text) <= MAX_BODY_CHARS for text in texts.values()):
            raise InvalidRequest("write question and answer in both languages", zh="请用两种语言写出问题和回答")
        with self._database.write() as connection:
            find_campaign(connection, campaign_id)
            question = Question(
                id=stored.new_question_id(), campaign_id=campaign_id, written_by=by, written_at=now,
                is_published=False, published_by=None, **texts,
            )
            stored.add_question(connection, question)
            audit.note(connection, by, "question.write", question.id, {"campaign": campaign_id})
        return question.id

    def show(self, campaign_id: str, question_id: str, by: str, *, is_shown: bool) -> None:
        """Publish an answer, or take it back.

        Raises:
            NotFound, Conflict: see `store.bulletins.show_question`.
        """
        with self._database.write() as connection:
            if is_shown:
                stored.show_question(connection, campaign_id, question_id, by)
            else:
                stored.hide_question(connection, campaign_id, question_id)
            act = "question.publish" if is_shown else "question.hide"
            audit.note(connection, by, act, question_id, {"campaign": campaign_id})


def published(versions: list[Bulletin]) -> list[Bulletin]:
    """Those that the public may read, the one in force first."""
    return [one for one in versions if one.published_at is not None]


def _ground(grounds: Grounds, name: str, code: str) -> str:
    return grounds.get(name, {}).get(code, name)


def _told_of(connection: Connection, campaign_id: str) -> Campaign:
    campaign = find_campaign(connection, campaign_id)
    if campaign.state not in _TOLD_STATES:
        raise Conflict("it has not begun, so there is nothing to tell", zh="行动尚未开始，没有可公布的内容")
    return campaign


def _check(words: Words) -> None:
    titles, bodies = (words.title_zh, words.title_en), (words.body_zh, words.body_en)
    if not all(titles) or not all(bodies):
        raise InvalidRequest("write title and text in both languages", zh="请用两种语言写出标题和正文")
    if max(map(len, titles)) > MAX_TITLE_CHARS or max(map(len, bodies)) > MAX_BODY_CHARS:
        raise InvalidRequest(
            f"a title has at most {MAX_TITLE_CHARS} characters, a text at most {MAX_BODY_CHARS:,}",
            zh=f"标题最多 {MAX_TITLE_CHARS} 字，正文最多 {MAX_BODY_CHARS:,} 字",
        )


def _everyday_zh(tally: Tally) -> str:
    return (
        f"同期的日常工作另有案件 {tally.found:,} 件，关闭群组 {tally.groups:,} 个，永久封禁账号 "
        f"{tally.accounts_total:,} 个，删除内容 {tally.content:,} 条；与专项行动的数字不重复计算。"
    )


def _everyday_en(tally: Tally) -> str:
    return (
        f"Everyday work of the same time, counted apart: {tally.found:,} cases, {tally.groups:,} groups and "
        f"{tally.accounts_total:,} accounts closed, {tally.content:,} pieces of content removed."
    )
