"""Turns what a member tells of the other side ("he wants me to pay") into what that side will have said ("please pay").

Frauds are recognised by the words of those who commit them. Only persons and verbs of asking change, never punctuation;
it need not read well, for nobody reads it.
"""

import re
from collections.abc import Sequence

_THEY = "(?:他们|她们|他|她|对方|有人|那个?人|人家)"
_HE = r"(?:he|she|they)"
_SOMEBODY = r"(?:somebody|someone|an? (?:man|woman|guy|girl|person|caller)|he|she|they)"

_TURNS: Sequence[tuple[str, str]] = (
    (r"自称是?|冒充|假装是?|说(?:自己|他|她)是", "我是"),
    (r"(?:接到|收到)(?:一个|个|一条)?(.{2,10}?)的?(?:电话|来电|短信|消息|通知|私信)", r"这里是\1"),
    (rf"{_THEY}?(?:又|还|就|非|一直)?(?:让|叫|要求|要|催|请|教|逼|劝|喊)着?我(?:先)?", "请您先"),
    (rf"{_THEY}(?:又|还|就|一直|突然|跟我|和我|对我)*(?:说|讲|告诉我|表示|称|保证|承诺)(?:是|的是)?", ""),
    (rf"(给|加|告诉|发给|转给|借给|报给|联系|跟着|帮){_THEY}", r"\1我"),
    (rf"{_THEY}的?(?=手机|账号|账户|妈|爸|女儿|儿子|公司|平台|朋友|卡)", "我"),
    (r"我(?:的|名下|卡|账户|账号)", "您的"),
    (r"我(?=开通|中了|涉嫌)", "您"),
    (rf"\b{_SOMEBODY}(?: from| at) (?:the )?(.{{2,30}}?) (?:called|phoned|texted|wrote|messaged|says?|said)(?: me)?\b",
     r"this is the \1 "),
    (r"\b(?:claims?|claimed|pretends?|says?|said)(?: to be| he is| she is| they are| he's| she's| they're)\b", "i am"),
    (r"\b(?:wants?|wanted|asks?|asked|tells?|told|needs?|needed|urges?|urged) me to\b", "please"),
    (r"\b(?:and |so |now )?i (?:must|should|have to|need to|had to|am to|would have to)\b", "you must"),
    (rf"\b{_HE} (?:says?|said|tells? me|told me|promises?|promised|guarantees?|claims?)(?: that)?\b", ""),
    (r"\b(send|give|pay|tell|lend|show|read) (?:him|her|them)\b", r"\1 me"),
    (rf"\b{_HE} (?:needs?|wants?|asks? for)\b", "i need"),
    (r"\bmy\b", "your"),
    (r"\b(?:his|her|their)\b", "my"),
)
_PATTERNS = tuple((re.compile(pattern, re.IGNORECASE), instead) for pattern, instead in _TURNS)


def direct_speech(told: str) -> str:
    """What the other side will have said, as far as the member tells of it; the same text where they do not."""
    said = told
    for pattern, instead in _PATTERNS:
        said = pattern.sub(instead, said)
    return said
