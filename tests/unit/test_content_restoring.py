"""Terms behind other spellings are found and ordinary writing is left alone."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anlan.protections.content.folding import fold
from anlan.protections.content.restoring import SURE, Restoration, Restorer, built_in_restorer, evasion_score
from anlan.protections.content.targets import Spelling, Target, built_in_targets

INNOCENT = Path(__file__).with_name("innocent.txt").read_text("utf-8").splitlines()


def restore(text: str) -> tuple[Restoration, ...]:
    return built_in_restorer().restore(fold(text).tight)


def sure(text: str) -> list[tuple[str, str]]:
    return [(one.kind, one.read) for one in restore(text) if one.category and one.score >= SURE]


@pytest.mark.parametrize(
    ("text", "kind", "term"),
    [
        ("快加薇信", "homophone", "微信"), ("你个煞笔", "homophone", "傻逼"), ("操 尼 玛", "homophone", "操你妈"),
        ("开发漂吗", "homophone", "开发票"),
        ("jia wei xin聊", "pinyin", "加微信"), ("你ma死了", "pinyin", "你妈死了"), ("shabi", "pinyin", "傻逼"),
        ("bai家le", "pinyin", "百家乐"), ("加wei信", "pinyin", "加微信"),
        ("看vx", "initials", "微信"), ("➕V 聊", "initials", "加微信"), ("你sb吧", "initials", "傻逼"),
        ("nmsl", "initials", "你妈死了"),
        ("薇❤: abc", "homophone", "微信"), ("在家赚💰", "symbol", "在家赚钱"), ("🌿你🐴", "symbol", "操你妈"),
        ("加微亻言", "split", "加微信"), ("礻畐禾刂视频", "split", "福利视频"), ("又鸟巴", "split", "鸡巴"),
        ("做信号是", "shape", "微信号"), ("百家 乐", "symbol", "百家乐"),
    ],
)
def test_terms_are_restored(text: str, kind: str, term: str) -> None:
    assert (kind, term) in sure(text)


@pytest.mark.parametrize(
    "text",
    [
        "测试", "干嘛", "你在干什么", "沙发", "杀毒软件", "加我微信吧", "微信", "他在员工里很有威信",
        "威信县在云南昭通", "重庆市沙坪坝区", "石家庄", "驻马店", "马鞍山", "今天的时报", "妈妈的爱", "大家好",
        "这件衣服的马的码的", "还需要验证吗", "他真牛", "我买了个新的微波炉", "企鹅生活在南极", "卫星发射成功",
        "菠菜炒鸡蛋", "网球拍", "百度一下", "司马迁写了史记", "草莓你吃吗", "husband", "the sbx class",
        "https://weixin.qq.com/shabi", "she can win", "you he women", "a.sb@example.com", "3月15日", "1234567",
        "一二三", "三三两两", "版本1.2.3", "二〇二四年", "曹操的你看过吗",
    ],
)
def test_ordinary_writing_is_left_alone(text: str) -> None:
    assert sure(text) == []


@pytest.mark.parametrize("text", INNOCENT)
def test_innocent_texts_hide_nothing(text: str) -> None:
    assert sure(text) == []


@pytest.mark.parametrize("target", built_in_targets())
def test_a_term_as_it_is_written_hides_nothing(target: Target) -> None:
    assert target.text not in [read for _, read in sure(target.text)]


@given(st.text(st.one_of(st.sampled_from("加微信傻逼妈的你vxab1零一 *❤亻言"), st.characters()), max_size=30))
def test_restorations_quote_the_text_and_stand_apart(text: str) -> None:
    tight, after = fold(text).tight, 0
    for one in built_in_restorer().restore(tight):
        assert after <= one.start < one.end <= len(tight)
        assert tight[one.start : one.end] == one.written != one.read
        assert 0 < one.score <= 1
        after = one.end
    assert 0 <= evasion_score(built_in_restorer().restore(tight)) <= 1


def test_digit_words_become_digits() -> None:
    found = restore("打 幺三八零零一二三四五六")
    assert [(one.written, one.read) for one in found] == [("幺三八零零一二三四五六", "13800123456")]
    assert restore("yi er san si wu liu")[0].read == "123456"


def test_a_restorer_holds_what_it_is_given() -> None:
    target = Target("微信", "contact")
    restorer = Restorer([target], [Spelling("绿泡泡", target, "initials", 0.9)], frozenset({"卫星"}))
    assert [one.read for one in restorer.restore("绿泡泡和维信")] == ["微信", "微信"]
    assert restorer.restore("卫星") == ()


def test_several_guesses_are_surer_than_one() -> None:
    one, two = restore("加薇信"), restore("加薇信领礻畐禾刂")
    assert 0.5 < evasion_score(one) < evasion_score(two) < 1
    assert evasion_score(()) == 0
