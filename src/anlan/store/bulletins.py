"""What the public is told of campaigns: bulletins in versions, and answers to rumours; drafts stay inside."""

import secrets

import msgspec
from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from anlan.domain.campaigns import CampaignFigures
from anlan.errors import Conflict, NotFound
from anlan.store.tables import campaign_bulletins, campaign_questions

_OWN_WORDS = "somebody else must publish what you wrote"
_OWN_WORDS_ZH = "你写的内容须由他人发布"


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """What a bulletin says, in both languages; paragraphs are parted by blank lines.

    Attributes:
        correction_zh, correction_en: what was wrong in the version before; empty for the first.
    """

    title_zh: str
    title_en: str
    body_zh: str
    body_en: str
    correction_zh: str = ""
    correction_en: str = ""


class Bulletin(msgspec.Struct, frozen=True, kw_only=True):
    """One version; times are wall-clock seconds, `published_at` None for a draft."""

    campaign_id: str
    version: int
    words: Words
    figures: CampaignFigures
    written_by: str
    written_at: float
    published_by: str | None
    published_at: float | None


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """A rumour and the answer to it."""

    id: str
    campaign_id: str
    question_zh: str
    question_en: str
    answer_zh: str
    answer_en: str
    written_by: str
    written_at: float
    is_published: bool
    published_by: str | None


def bulletins_of(connection: Connection, campaign_id: str) -> list[Bulletin]:
    """All versions, the newest first."""
    query = (
        select(campaign_bulletins)
        .where(campaign_bulletins.c.campaign_id == campaign_id)
        .order_by(campaign_bulletins.c.version.desc())
    )
    return [
        Bulletin(
            words=Words(**{name: row[name] for name in Words.__struct_fields__}),
            figures=msgspec.json.decode(row["figures"], type=CampaignFigures),
            **{name: row[name] for name in Bulletin.__struct_fields__ if name not in ("words", "figures")},
        )
        for row in connection.execute(query).mappings()
    ]


def save_draft(
    connection: Connection, campaign_id: str, words: Words, figures: CampaignFigures, by: str, now: float
) -> int:
    """Keep what somebody wrote as the one draft, in place of the draft before; its version.

    Raises:
        Conflict: somebody else saved or published one at this moment.
    """
    known = bulletins_of(connection, campaign_id)
    version = 1 if not known else known[0].version + (known[0].published_at is not None)
    connection.execute(
        delete(campaign_bulletins).where(
            campaign_bulletins.c.campaign_id == campaign_id, campaign_bulletins.c.published_at.is_(None)
        )
    )
    row = msgspec.structs.asdict(words) | {
        "campaign_id": campaign_id, "version": version, "figures": msgspec.json.encode(figures),
        "written_by": by, "written_at": now,
    }
    try:
        with connection.begin_nested():
            connection.execute(insert(campaign_bulletins), row)
    except IntegrityError as error:
        raise Conflict(
            "somebody else saved it at this moment, or the correction is not explained in both languages",
            zh="有人同时保存了它，或没有用两种语言说明更正了什么",
        ) from error
    return version


def publish_draft(
    connection: Connection, campaign_id: str, version: int, written_at: float, by: str, now: float
) -> None:
    """Publish the draft as it was read; nothing else that was saved meanwhile.

    Raises:
        Conflict: by its author, or it was changed or published meanwhile.
    """
    query = update(campaign_bulletins).where(
        campaign_bulletins.c.campaign_id == campaign_id, campaign_bulletins.c.version == version,
        campaign_bulletins.c.written_at == written_at, campaign_bulletins.c.published_at.is_(None),
    )
    try:
        with connection.begin_nested():
            moved = connection.execute(query.values(published_by=by, published_at=now)).rowcount
    except IntegrityError as error:
        raise Conflict(_OWN_WORDS, zh=_OWN_WORDS_ZH) from error
    if moved != 1:
        raise Conflict("it was changed meanwhile: read it again", zh="它刚刚被改动，请重新阅读")


def add_question(connection: Connection, question: Question) -> None:
    """Keep a new, unpublished one."""
    connection.execute(insert(campaign_questions), msgspec.structs.asdict(question))


def new_question_id() -> str:
    """An id that nobody can guess."""
    return f"q_{secrets.token_hex(8)}"


def questions_of(connection: Connection, campaign_id: str, *, published_only: bool = False) -> list[Question]:
    """Questions in the order in which they were written."""
    query = select(campaign_questions).where(campaign_questions.c.campaign_id == campaign_id)
    if published_only:
        query = query.where(campaign_questions.c.is_published)
    query = query.order_by(campaign_questions.c.written_at, campaign_questions.c.id)
    return [Question(**row) for row in connection.execute(query).mappings()]


def show_question(connection: Connection, campaign_id: str, question_id: str, by: str) -> None:
    """Publish an answer.

    Raises:
        NotFound.
        Conflict: by its author.
    """
    query = update(campaign_questions).where(
        campaign_questions.c.id == question_id, campaign_questions.c.campaign_id == campaign_id
    )
    try:
        with connection.begin_nested():
            moved = connection.execute(query.values(is_published=True, published_by=by)).rowcount
    except IntegrityError as error:
        raise Conflict(_OWN_WORDS, zh=_OWN_WORDS_ZH) from error
    if moved != 1:
        raise NotFound(f"there is no question {question_id[:40]}", zh="没有这个问题")


def hide_question(connection: Connection, campaign_id: str, question_id: str) -> None:
    """Take an answer back from the public.

    Raises:
        NotFound.
    """
    moved = connection.execute(
        update(campaign_questions)
        .where(campaign_questions.c.id == question_id, campaign_questions.c.campaign_id == campaign_id)
        .values(is_published=False)
    )
    if moved.rowcount != 1:
        raise NotFound(f"there is no question {question_id[:40]}", zh="没有这个问题")


def published_campaigns(connection: Connection) -> list[str]:
    """Ids of campaigns that the public has been told about, the latest told first."""
    query = (
        select(campaign_bulletins.c.campaign_id)
        .where(campaign_bulletins.c.published_at.is_not(None))
        .order_by(campaign_bulletins.c.published_at.desc())
    )
    return list(dict.fromkeys(connection.execute(query).scalars()))
