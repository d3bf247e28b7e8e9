"""Texts to begin with in the text lab: one sentence in twenty disguises, and single messages."""

from typing import NamedTuple

from anlan.web.languages import mark


class Sample(NamedTuple):
    """A text behind a button."""

    title: str
    text: str
    is_lines: bool = False


_DISGUISES = """
兼职刷单加微信日结三百
兼 职 刷 单 加 微 信 日 结 三 百
兼.职.刷.单.加.微.信.日.结.三.百
兼职刷单➕微信日结３００
兼职刷单加薇信日结三百
兼职刷单加V信日结三百
兼职刷単加微信日结三百
兼職刷單加微信日結三百
兼耳只刷单加微信日结三百
兼职刷单加微亻言日结三百
兼职刷单咖薇芯日结三百
jianzhi刷单加weixin日结三百
jian zhi shua dan jia wei xin ri jie san bai
兼职s单jia微信日结300
兼\u200b职\u200b刷\u200b单加微\u200b信日结三百
兼职刷~单~加~微~信~日结三百
①天③百，兼职刷单加微❤
兼职刷单单单加微微信信日结三百
🀄兼职🔥刷单🔥加微信🔥日结三百
ｊｉａｎｚｈｉ刷单＋ｖｘ日结三百
""".strip()

SAMPLES = {
    "disguises": Sample(mark("One sentence in twenty disguises"), _DISGUISES, is_lines=True),
    "fraud": Sample(
        mark("A parcel pretext"), "您好，我是快递客服，您的包裹丢失了，加QQ 12345678 给您双倍理赔，请不要告诉别人"
    ),
    "abuse": Sample(mark("A disguised insult"), "你 这 个 傻*逼，氵衮远点"),
    "english": Sample(
        mark("A prize in English"), "Congratulations! You won a £1000 prize. Claim now at http://win-prize.example.com"
    ),
    "harmless": Sample(mark("Something harmless"), "干嘛呢？周末去不去爬山，我带点吃的"),
}
"""By the name that the form sends."""
