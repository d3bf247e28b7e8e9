"""Folding, extraction, lexicon and signals of the content protection."""

from pathlib import Path

import pytest

from anlan.domain.text_scores import TEXT_CATEGORIES
from anlan.models import text_model
from anlan.models.sentence_encoder import SentenceEncoder
from anlan.models.text_model import TextModel
from anlan.protections.content.extraction import HANDLE_MARK, URL_MARK, Handle, extract
from anlan.protections.content.folding import fold
from anlan.protections.content.lexicon import Lexicon, Term, built_in_lexicon
from anlan.protections.content.model_lines import further_lines
from anlan.protections.content.signals import MODEL_PATH, SIGNALS, read_text, text_models

INNOCENT = Path(__file__).with_name("innocent.txt").read_text("utf-8").splitlines()
QUOTED = ("安全账户", "刷单", "裸聊", "傻逼", "吗啡")
"""Who warns, objects or prescribes says the word: the lexicon hits, the model must not."""


@pytest.fixture(scope="module")
def model() -> TextModel:
    return TextModel(text_model.load(MODEL_PATH), SentenceEncoder.load(), further_lines)


@pytest.mark.parametrize(
    ("written", "tight"),
    [
        ("今天晚上吃什么", "今天晚上吃什么"),
        ("加 微 信 ⓥⓧ１２３", "加微信 vx123"),
        ("薇\u200b信➕Ｖ", "薇信加v"),
        ("f.u.c.k you", "fuck you"),
        ("傻*逼", "傻逼"),
        ("𝓯𝓾𝓬𝓴", "fuck"),
        ("我在臺灣等你們", "我在台湾等你们"),
        ("аdmin", "admin"),
        ("привет мир", "привет мир"),
        ("soooooo good", "soo good"),
        ("13800008888", "13800008888"),
        ("好，你妈来了", "好，你妈来了"),
        ("", ""),
        ("\ud800你好", "你好"),
    ],
)
def test_fold(written: str, tight: str) -> None:
    assert fold(written).tight == tight


def test_folding_share_counts_evasion_only() -> None:
    assert fold("Hello，我在臺灣，１２３").share == 0.0
    assert fold("哈哈哈哈哈哈").share == 0.0
    assert fold("👨‍👩‍👧 ❤️ 好的").share == 0.0
    assert 0 < fold("加 微 信").share <= 1
    assert fold("傻\u200b逼").share == pytest.approx(1 / 3)


@pytest.mark.parametrize(
    ("text", "handle"),
    [
        ("加微信abc12345 了解", Handle("wechat", "abc12345")),
        ("vx：wxid_12345", Handle("wechat", "wxid_12345")),
        ("加q群 123456789", Handle("qq", "123456789")),
        ("打138-1234-5678找我", Handle("phone", "13812345678")),
        ("telegram @good_luck", Handle("telegram", "good_luck")),
        ("写信到 a.b@example.com 吧", Handle("email", "a.b@example.com")),
    ],
)
def test_extract_handles(text: str, handle: Handle) -> None:
    contacts = extract(text)
    assert contacts.handles == (handle,)
    assert HANDLE_MARK in contacts.masked
    assert handle.id not in contacts.masked


@pytest.mark.parametrize(
    ("text", "domains"),
    [
        ("看 https://www.example.co.uk/path?x=1 好", ("example.co.uk",)),
        ("登录yh09.top领取", ("yh09.top",)),
        ("http://1.2.3.4/x", ("1.2.3.4",)),
        ("main.py and readme.md, ok.so what", ()),
        ("1.5.2 and 192.168.1.1", ()),
        ("a.com b.com a.com", ("a.com", "b.com")),
    ],
)
def test_extract_domains(text: str, domains: tuple[str, ...]) -> None:
    contacts = extract(text)
    assert contacts.domains == domains
    assert (URL_MARK in contacts.masked) == bool(domains)


@pytest.mark.parametrize("text", ["坐飞机去上海", "微信支付 2000块", "我的微信里没钱", "价100.50元", "2026.11.21"])
def test_extract_nothing(text: str) -> None:
    assert extract(text).handles == ()
    assert extract(text).domains == ()


@pytest.mark.parametrize("piece", ["a.", "a-", "1 ", "1", "a@", "vx ", "http://", "+86 1", "微信", ".中", "а.a "])
def test_hostile_text_is_linear(piece: str) -> None:
    text = piece * (20_000 // len(piece))
    assert extract(fold(text).tight).masked is not None


def test_lexicon_finds_terms_in_both_forms() -> None:
    terms = (("刷单", "fraud"), ("fuck", "abuse"), ("刷单", "porn"))
    lexicon = Lexicon(Term(text, category, 2, "test", "") for text, category in terms)
    assert [term.text for term in lexicon.hits(fold("来 刷*单 吗"))] == ["刷单"]
    assert lexicon.hits(fold("F.U.C.K"))[0].category == "abuse"
    assert lexicon.hits(fold("motherfucker")) == ()
    assert len(lexicon.terms) == 2
    assert Lexicon([]).hits(fold("刷单")) == ()


def test_lexicon_holds_100_000_terms() -> None:
    lexicon = Lexicon(Term(f"词条{number}号", "fraud", 1, "t", "") for number in range(100_000))
    assert [term.text for term in lexicon.hits(fold("看词条99999号"))] == ["词条99999号"]


@pytest.mark.parametrize("text", [text for text in INNOCENT if not any(word in text for word in QUOTED)])
def test_built_in_lexicon_spares_ordinary_words(text: str) -> None:
    assert built_in_lexicon().hits(fold(text)) == ()


def test_every_term_says_where_it_comes_from() -> None:
    terms = built_in_lexicon().terms
    assert len(terms) > 1000
    assert all(term.source and term.licence for term in terms)


def test_innocent_texts_keep_a_low_harm_score(model: TextModel) -> None:
    lexicon = built_in_lexicon()
    harmless = [(read_text(text, lexicon, model).scores or {})["normal"] >= 0.5 for text in INNOCENT]
    assert sum(harmless) >= len(INNOCENT) - 1, [t for t, ok in zip(INNOCENT, harmless, strict=True) if not ok]


@pytest.mark.parametrize(
    ("text", "category"),
    [
        ("你这个傻逼，去死吧", "abuse"),
        ("线上真人百家乐，注册送88彩金，加微信abc123", "gambling"),
        ("无抵押贷款，不看征信，当天放款，加微信abc123", "fraud"),
        ("大量代开发票，刷粉刷赞，价格优惠，加微信abc123", "illicit_ad"),
        ("同城少妇裸聊约炮，加微信abc123", "porn"),
        ("明天下午三点在公司楼下见，记得带伞", "normal"),
    ],
)
def test_clear_cases(model: TextModel, text: str, category: str) -> None:
    reading = read_text(text, built_in_lexicon(), model)
    assert reading.scores is not None
    assert max(reading.scores, key=reading.scores.__getitem__) == category
    assert sum(reading.scores.values()) == pytest.approx(1, abs=1e-5)


def test_without_model_scores_are_unknown_and_the_rest_is_known() -> None:
    reading = read_text("刷单日结，加微信abc12345", built_in_lexicon(), None)
    by_name = {entry.name: entry for entry in SIGNALS}
    for name in ("text_fraud_score", "text_harm_score", "text_category"):
        assert by_name[name].compute(reading) is None
    assert by_name["text_has_contact"].compute(reading) is True


def test_empty_text_has_no_scores(model: TextModel) -> None:
    assert read_text("", built_in_lexicon(), model).scores is None


def test_template_ignores_numbers_and_handles() -> None:
    template = next(entry for entry in SIGNALS if entry.name == "text_template")
    lexicon = Lexicon([])
    one, same, other = (
        template.compute(read_text(text, lexicon, None))
        for text in ("急用钱加微信abc12345，借3000元", "急用钱加微信xyz99999，借50000元", "急用钱加微信abc12345，不还")
    )
    assert one == same != other


def test_models_name_their_version(model: TextModel) -> None:
    assert text_models() == {"text_model": model.version}


def test_categories_agree_with_the_artefact(model: TextModel) -> None:
    assert model.categories == TEXT_CATEGORIES
