"""What is taken out of texts, where it stood as written, and what must not be taken for it."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum import luhn

from anlan.protections.content.extracting import extract_all, find_particulars, mask
from anlan.protections.content.extraction import AddressParts, address_parts, extract
from anlan.protections.content.extracts import Extract

IDENTITY = "11010519491231002X"
CARD = "6222020000000000000"[:18] + luhn.calc_check_digit("622202000000000000")
BITCOIN, TRON = "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2", "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t"
ETHEREUM = "0x52908400098527886E0F7030069857D2E4169EE7"


def kinds(text: str) -> list[tuple[str, str]]:
    return [(one.kind, one.value) for one in extract_all(text)]


@pytest.mark.parametrize(
    ("text", "kind", "value", "written"),
    [
        ("加微信abc12345", "wechat", "abc12345", "abc12345"),
        ("薇❤: abc_123 聊", "wechat", "abc_123", "abc_123"),
        ("加微亻言ａｂｃ12345", "wechat", "abc12345", "ａｂｃ12345"),
        ("➕V 13800001111", "wechat", "13800001111", "13800001111"),
        ("电话138 0000 1111", "phone", "13800001111", "138 0000 1111"),
        ("电话一三八零零零零一一一一", "phone", "13800001111", "一三八零零零零一一一一"),
        ("call +1 415-555-2671 now", "phone", "+14155552671", "+1 415-555-2671"),
        ("ＱＱ：１２３４５６７", "qq", "1234567", "１２３４５６７"),
        ("写信给 A.B@Example.com", "email", "a.b@example.com", "A.B@Example.com"),
        ("看 https://a.example.co.uk/x", "domain", "example.co.uk", "https://a.example.co.uk/x"),
        (f"身份证{IDENTITY}", "identity_number", IDENTITY, IDENTITY),
        ("身份证 110105 19491231 002x", "identity_number", IDENTITY, "110105 19491231 002x"),
        (f"打到{CARD}张三", "bank_card", CARD, CARD),
        ("卡号4111 1111 1111 1111", "bank_card", "4111111111111111", "4111 1111 1111 1111"),
        ("my card is 4111111111111111", "bank_card", "4111111111111111", "4111111111111111"),
        ("扫 wxp://f2f0AbCdEfG 付", "wechat_pay", "wxp://f2f0AbCdEfG", "wxp://f2f0AbCdEfG"),
        ("https://qr.alipay.com/fkx12AB", "alipay", "https://qr.alipay.com/fkx12AB", "https://qr.alipay.com/fkx12AB"),
        ("HTTPS://QR.95516.COM/00010000/01", "unionpay_code", "HTTPS://QR.95516.COM/00010000/01",
         "HTTPS://QR.95516.COM/00010000/01"),
        ("paypal.me/someone5", "pay_link", "paypal.me/someone5", "paypal.me/someone5"),
        (f"充到{TRON}", "tron", TRON, TRON),
        (f"btc {BITCOIN}!", "bitcoin", BITCOIN, BITCOIN),
        (f"eth: {ETHEREUM}", "ethereum", ETHEREUM, ETHEREUM),
        ("邀请码：AB12cd", "invitation_code", "AB12cd", "AB12cd"),
        ("invite code XY99Z", "invitation_code", "XY99Z", "XY99Z"),
        ("转我¥1,234.56", "amount", "CNY 123456", "¥1,234.56"),
        ("给我３万块", "amount", "CNY 3000000", "３万块"),
        ("五百块钱", "amount", "CNY 50000", "五百块钱"),
        ("借一万五千元", "amount", "CNY 1500000", "一万五千元"),
        ("pay $99.90", "amount", "USD 9990", "$99.90"),
        ("100USDT一单", "amount", "USDT 10000", "100USDT"),
        ("日入2w不是梦", "amount", "CNY 2000000", "2w"),
    ],
)
def test_extracts_and_where_they_stand(text: str, kind: str, value: str, written: str) -> None:
    found = [one for one in extract_all(text) if one.kind == kind]
    assert [(one.value, text[one.start : one.end]) for one in found] == [(value, written)]


@pytest.mark.parametrize(
    "text",
    [
        "订单号 6222020200112233445", "单号：4111111111111111", "快递SF1234567890123", "4111111111111111",
        "2026-11-21 08:30:00", "192.168.1.1", "版本1.2.3.4", "v2.10.1", "20261121083000123", f"{IDENTITY[:-1]}1",
        "110105194913310021", "会议号 552301876", "0x1234", "0xdeadbeef", "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN3",
        TRON[:-1] + "a", "邀请码是多少", "请问有推荐码吗", "sha256:" + "a" * 64,
        "https://github.com/x/y?ref=main", "一块去吃饭", "两块地", "100块石头", "20万人参加", "粉丝20万",
        "第三元", "k歌", "万一", "3月15日", "10.5万亩", "15400001111", "尾号1234的卡", "2k屏", "刀具",
        "我的微信里没钱", "1,2,3,4",
    ],
)
def test_nothing_else_is_taken_for_it(text: str) -> None:
    assert [found for found in kinds(text) if found[0] != "domain"] == []


@given(st.text(st.one_of(st.sampled_from("0123456789 -元万¥.:/加微信vx@abT１２三亻言"), st.characters()), max_size=60))
def test_spans_are_in_order_apart_and_inside(text: str) -> None:
    after = 0
    for one in extract_all(text):
        assert after <= one.start < one.end <= len(text)
        after = one.end


def test_a_prefecture_without_the_county_is_no_identity_number() -> None:
    assert kinds("411638342801015552") == []


@given(st.integers(10**14, 10**19).map(str))
def test_a_bare_number_is_a_card_or_identity_only_with_its_checksum(number: str) -> None:
    for kind, value in kinds(number):
        assert kind != "bank_card" or luhn.is_valid(value)
        assert kind in ("bank_card", "identity_number")


@given(st.dates(), st.times())
def test_dates_and_times_are_nothing(day: object, hour: object) -> None:
    assert kinds(f"{day} {hour}") == []


@given(st.tuples(*[st.integers(0, 255)] * 4))
def test_ip_addresses_are_nothing_by_themselves(parts: tuple[int, ...]) -> None:
    assert kinds(".".join(map(str, parts))) == []


def test_mask_hides_the_personal_and_nothing_else() -> None:
    text = f"我叫张三，身份证{IDENTITY}，卡{CARD}，电话13800001111，邮箱zhang@example.com，转我100元"
    hidden = mask(text)
    assert hidden.startswith("我叫张三，身份证110*************2X，卡6222")
    assert "138****1111" in hidden
    assert "z***@example.com" in hidden
    assert hidden.endswith("转我100元")
    assert not re.search(r"\d{9,}", hidden)
    assert mask("今天天气好") == "今天天气好"


@pytest.mark.parametrize(
    ("address", "parts"),
    [
        ("https://a.b.Example.co.uk:8080/x?y=1", AddressParts("a.b.example.co.uk", "example.co.uk", "co.uk", "/x?y=1")),
        ("example.com.cn", AddressParts("example.com.cn", "example.com.cn", "com.cn", "")),
        ("http://1.2.3.4/x", AddressParts("1.2.3.4", "1.2.3.4", "", "/x")),
        ("x.notasuffix", None),
        ("not an address", None),
    ],
)
def test_address_parts(address: str, parts: AddressParts | None) -> None:
    assert address_parts(address) == parts


def test_places_are_of_the_text_that_was_read() -> None:
    text = "qq 1234567 和 a.com 和 qq 1234567"
    places = extract(text).places
    assert [text[one.start : one.end] for one in places] == ["1234567", "a.com", "1234567"]
    assert len(extract(text).handles) == 1


def test_nothing_is_looked_for_where_nothing_can_be() -> None:
    assert find_particulars("今天天气真好") == ()
    assert find_particulars("") == ()
    assert find_particulars("花了3元") == (Extract("amount", "CNY 300", 2, 4),)
