"""What nobody should have told is covered before it is kept; what people need to tell is not."""

import pytest

from anlan.domain.secrets_in_text import cover_secrets


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ("验证码是 482913，他要我报给他", "验证码是 ••••，他要我报给他"),
        ("他说“您的验证码：4829”", "他说“您的验证码：••••”"),
        ("My code is 482 913", "My code is ••••"),
        ("482913 is your verification code", "•••• is your verification code"),
        ("我的支付密码是Tiger#2024!，怎么改", "我的支付密码是••••，怎么改"),
        ("password: hunter2 and now?", "password: •••• and now?"),
        ("卡号 6222 0212 3456 7894 转出去了", "卡号 ••••7894 转出去了"),
        ("身份证11010519491231002X给他了", "身份证••••给他了"),
        ("482913", "••••"),
        ("The code they texted me is 482913, what now", "The code they texted me is ••••, what now"),
        ("银行发给我的验证码好像是 482913", "银行发给我的验证码好像是 ••••"),
        ("My card number is 6222020200112233445, is it gone", "My card number is ••••, is it gone"),
    ],
)
def test_a_secret_is_covered(told: str, kept: str) -> None:
    assert cover_secrets(told) == (kept, True)


@pytest.mark.parametrize(
    "told",
    [
        "他要我转 30000 元到这个账户", "单号 202611220001，快递说丢了", "打电话来的是 13800138000", "5000",
        "他问我要验证码，我没给", "password? I gave none", "2026-11-22 10:30 收到的", "the code came at 10",
        "the code was for a payment of 3000",
    ],
)
def test_what_people_need_to_tell_stays(told: str) -> None:
    assert cover_secrets(told) == (told, False)
