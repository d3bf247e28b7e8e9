"""A reviewer works through a queue without touching the pointer, and just as well without a script."""

import re

from consoled import Consoled
from desks import Desk
from playwright.sync_api import expect
from sqlalchemy import select

from anlan import clock
from anlan.store.cases import NewCase, find_case, open_case
from anlan.store.queues import Queue, put_queue
from anlan.store.tables import events


def fill_queue(console: Consoled, count: int, queue: str) -> list[str]:
    with console.house.database.write() as connection:
        put_queue(connection, Queue(name=queue, title_zh="键盘", title_en="Keys", second_share=0.0, golden_share=0.0))
        seq = connection.execute(
            select(events.c.seq).where(events.c.type == "message.sent").order_by(events.c.seq.desc()).limit(1)
        ).scalar_one()
        return [
            open_case(
                connection,
                NewCase(
                    kind="review", queue=queue, target=f"account:{queue}-{number}", category="fraud", event_seq=seq,
                    due_at=clock.now() + 3_600,
                ),
                "system", clock.now() + number,
            )
            for number in range(count)
        ]


def test_keys_alone_judge_case_after_case(desk: Desk, console: Consoled) -> None:
    first, second, third = fill_queue(console, 3, "keys")
    page = desk.open("/cases?queue=keys")
    page.goto("/cases/next?queue=keys")
    expect(page.locator(".talk .here")).to_be_visible()
    for key in ("v", "2", "q"):
        page.keyboard.press(key)
    assert page.locator("input[name=severity]:checked").get_attribute("value") == "medium"
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/cases/{second}?**")
    page.keyboard.press("/")
    page.keyboard.type("never mind v")
    page.keyboard.press("Escape")
    page.keyboard.press("n")
    assert page.locator("textarea[name=reason]").input_value() == "never mind v"
    assert page.locator("input[name=answer]:checked").get_attribute("value") == "no_violation"
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(f"/cases/{third}"))
    page.get_by_role("link", name="See what the machine said").click()
    page.wait_for_url(re.compile(f"/cases/{second}$"))
    with console.house.database.read() as connection:
        outcomes = [getattr(find_case(connection, one), "outcome", None) for one in (first, second, third)]
    assert outcomes == ["violation", "no_violation", None]


def test_a_case_is_judged_without_a_script(desk: Desk, console: Consoled) -> None:
    (case_id,) = fill_queue(console, 1, "plain")
    page = desk.open(f"/cases/{case_id}?queue=plain", has_script=False, language="zh")
    page.get_by_role("button", name="领取案件").click()
    page.get_by_text("不违规", exact=True).click()
    page.fill("textarea[name=reason]", "看过了，没有问题")
    page.get_by_role("button", name="提交并继续").click()
    expect(page.locator(".note").first).to_contain_text("这里没有可以派给你的案件了")
    with console.house.database.read() as connection:
        assert getattr(find_case(connection, case_id), "outcome", None) == "no_violation"
