"""Words that call for care: what each theme means, what it must not take for it, and how rarely it is wrong."""

import pytest

from anlan.errors import InvalidSettings
from anlan.protections.content.folding import fold
from anlan.protections.minors.cues import Theme, built_in_themes, read_themes

BOOK = built_in_themes()

HELD_OUT = {
    "self_harm": [
        "真的撑不下去了，不想活下去",
        "我想死，谁都别管我",
        "活着真的太累了",
        "今晚又忍不住割自己",
        "写好遗书了",
        "要是没有我，爸妈就会更好吧",
        "i just want to die",
        "i keep hurting myself",
        "nobody would care, no reason to live",
        "我准备结束这一切",
    ],
    "threat": [
        "不转钱我就群发给你们班",
        "你敢告诉老师我就把聊天记录发到班级群",
        "pay me or i'll post your photos at school",
    ],
    "picture_request": ["发张自拍看看呗", "给我看看你的照片嘛", "send me a pic of you"],
    "meeting": ["放学我来接你，别带人", "单独出来见个面吧", "just come alone ok"],
    "private_information": ["小朋友几年级了呀", "你爸妈什么时候回家", "where do you live"],
    "doxxing": ["等着被我开盒吧，我知道你家住哪，等着", "挂你信不信，把你家地址发群里"],
    "bullying": ["大家都讨厌你知道吗", "你就是个废物", "everyone hates you"],
    "dare": ["你不敢从桥上跳下去吧", "blackout challenge, try it"],
    "fan_funds": ["后援会要集资了大家打钱", "打榜资金不够，每人转账"],
    "loan": ["学生也可以借钱，当天下款", "no credit check, borrow now"],
}
"""Written after the cues and beside them: none of these stands in the file."""

HARMLESS = [
    "笑死我了哈哈哈",
    "累死了今天作业好多",
    "他是我死党",
    "想死你了",
    "饿死了吃什么",
    "这个游戏杀死boss好难",
    "气死我了",
    "社死现场",
    "热死了想喝冰水",
    "我妈今天做了红烧肉",
    "明天几点上课",
    "数学好难啊救命",
    "帅死了",
    "你死定了哈哈今晚请客",
    "别自杀式袭击了快回防",
    "i'm dead lol",
    "this killed me haha",
    "dying of laughter",
    "see you at school tomorrow",
    "can you send me the homework",
    "爸爸放学来接你",
    "周末一起打球吧",
    "这部电影里有人跳楼",
    "预防自杀的讲座在周三",
    "生日快乐！送你一个皮肤",
    "我们班拿了第一名",
    "妈妈的手机号我忘了",
    "抽中了公司年会的奖",
    "我想死磕这道题",
    "不想活动了想睡觉",
]


def theme_of(text: str) -> str | None:
    return BOOK.find(fold(text).tight)


@pytest.mark.parametrize("theme", BOOK.themes, ids=lambda theme: theme.theme)
def test_a_theme_finds_its_examples_and_lets_near_misses_go(theme: Theme) -> None:
    assert [text for text in theme.hits if theme_of(text) != theme.theme] == []
    assert [text for text in theme.near_misses if theme_of(text) == theme.theme] == []


@pytest.mark.parametrize("theme", HELD_OUT)
def test_most_of_what_was_written_without_looking_is_found(theme: str) -> None:
    texts = HELD_OUT[theme]
    examples = {text for one in BOOK.themes for text in one.hits}
    assert not examples & set(texts)
    assert sum(theme_of(text) == theme for text in texts) >= 0.6 * len(texts)


def test_everyday_words_and_idioms_call_for_nothing() -> None:
    assert [(text, found) for text in HARMLESS if (found := theme_of(text))] == []


def test_the_most_urgent_theme_wins() -> None:
    assert theme_of("没人喜欢你。我不想活了") == "self_harm"


def test_somebody_elses_story_is_not_taken_for_the_readers() -> None:
    assert theme_of("她不想活了，我该怎么办") != "self_harm"
    assert theme_of("新闻说有人想自杀被救下") != "self_harm"


def test_a_file_that_cannot_be_used_says_where() -> None:
    with pytest.raises(InvalidSettings, match=r"own\.yaml"):
        read_themes("- theme: x\n  cue: [a]\n", "own.yaml")
