"""Ordinary life: what honest members do all day, including what looks bad and is not."""

from collections.abc import Callable
from dataclasses import replace

from anlan.demo.community import Circle, Person, mail_address, nickname
from anlan.demo.gear import hotel
from anlan.demo.labels import NORMAL
from anlan.demo.scenes import Scene
from anlan.domain.event_data import (
    AccountRegistered,
    CodeRequested,
    ContentPublished,
    LinkOpened,
    PlaySession,
    ProfileUpdated,
    ScreenShared,
)

_TOPICS = (
    "food", "family", "work", "study", "shopping", "games", "football", "weather", "tech", "travel", "pets", "health",
    "media", "plans", "home",
)
_TROUBLE_SHARE = 0.3
"""Of what minors would else chat about."""
_GAMES = ("game-blocks", "game-farm", "game-arena", "game-chess")


def talk(scene: Scene, person: Person) -> None:
    """A private chat between friends."""
    if person.age_band and scene.rng.random() < _TROUBLE_SHARE:
        grow_up(scene, person)
        return
    if not person.friends:
        return
    friend = scene.rng.choice(person.friends)
    _converse(scene, [person, friend], None, _topic(scene, person), scene.rng.randrange(2, 10))


def talk_in_group(scene: Scene, person: Person) -> None:
    """A chat in one of the groups of `person`, with whoever joins in."""
    circle = scene.rng.choice(person.circles)
    others = scene.rng.sample(circle.members, min(len(circle.members), scene.rng.randrange(2, 6)))
    speakers = [person, *(other for other in others if other is not person)]
    topic = _topic(scene, person, circle)
    _converse(scene, speakers, circle, topic, scene.rng.randrange(1, 9))


def look_suspicious(scene: Scene, person: Person) -> None:
    """Something honest that trips careless filters: a split bill, a scam quoted as a warning, 测试."""
    names = scene.book.names("near_misses")
    name = names[-1] if person.is_english else scene.rng.choice(names[:-1])
    scene.story = f"near_miss.{name.rpartition('.')[2]}-{scene.story}"
    scene.wait(2, 15)
    use_group = not person.friends or scene.rng.random() < 0.4
    audience: Person | Circle = scene.rng.choice(person.circles) if use_group else scene.rng.choice(person.friends)
    said = scene.message(person, scene.say(name), audience)
    listeners = [audience] if isinstance(audience, Person) else audience.members
    listener = scene.rng.choice(listeners)
    if listener is not person and scene.rng.random() < 0.7:
        scene.wait(5, 60)
        words = scene.say("topics.en_chat.reply" if person.is_english else "topics.plans.reply")
        scene.message(listener, words, person if isinstance(audience, Person) else audience, reply_to=said)


def deal_with_stranger(scene: Scene, person: Person) -> None:
    """Two strangers agree on a second-hand sale."""
    seller = scene.rng.choice(scene.community.people)
    if seller is person or seller in person.friends:
        return
    for turn in scene.book.dialogues["stranger_deal"]:
        scene.wait(10, 300)
        speaker, listener = (person, seller) if turn.by == "buyer" else (seller, person)
        scene.message(speaker, scene.book.phrase(scene.rng, turn.ways), listener)


def strike_deal(scene: Scene, person: Person) -> None:
    """Something honest that ends in a payment: a sale, the rent, a class fee, a debt between friends."""
    name = scene.rng.choice(scene.book.dialogues_of("deals"))
    scene.story = f"deal.{name.partition('.')[2]}-{scene.story}"
    others = person.friends if name == "deals.help" else scene.community.people
    other = scene.rng.choice(others or scene.community.people)
    if other is person:
        return
    amount_minor = scene.rng.randrange(50, 2000) * 100
    for turn in scene.book.dialogues[name]:
        scene.wait(10, 300)
        speaker, listener = (person, other) if turn.by == "buyer" else (other, person)
        scene.message(speaker, scene.book.phrase(scene.rng, turn.ways), listener)
        if turn.step == "pay":
            _send_money(scene, person, other, amount_minor)


def share_link(scene: Scene, person: Person) -> None:
    """A page that a friend found, opened and thanked for."""
    if not person.friends:
        return
    friend = scene.rng.choice(person.friends)
    page = f"https://{scene.rng.choice(('news', 'food', 'travel'))}.example.com/{scene.rng.randrange(10_000)}"
    scene.wait(2, 20)
    said = scene.message(person, scene.say("links.sent", page=page), friend)
    scene.wait(10, 600)
    device, ip = scene.place(friend)
    scene.happen(
        LinkOpened(account=friend.account, url=page, sender=person.account, message_id=said, device=device, ip=ip)
    )
    scene.wait(20, 200)
    scene.message(friend, scene.say("links.thanks"), person)


def show_screen(scene: Scene, person: Person) -> None:
    """Colleagues look at one screen together."""
    if not person.friends:
        return
    friend = scene.rng.choice(person.friends)
    scene.wait(2, 20)
    scene.message(person, scene.say("links.meeting"), friend)
    scene.wait(5, 60)
    device, ip = scene.place(person)
    scene.happen(ScreenShared(account=person.account, viewer=friend.account, device=device, ip=ip))


def sign_in(scene: Scene, person: Person) -> None:
    """A login: mostly plain, sometimes after typing errors, on a journey or with a new device."""
    chance = scene.rng.random()
    if chance < 0.08:
        for _ in range(scene.rng.randrange(1, 4)):
            scene.login(person, failure="wrong_password")
            scene.wait(4, 30)
        if chance < 0.01:
            scene.password(person, "reset")
    elif chance < 0.10:
        person.devices[-1:] = [scene.new_id("dev")]
        device, ip = scene.place(person)
        scene.happen(CodeRequested(account=person.account, purpose="sign_in", device=device, ip=ip))
        scene.wait(10, 60)
        scene.login(person, method="sms_code")
        return
    elif chance < 0.13:
        place = hotel(scene.rng)
        person = replace(person, home_ip=place, mobile_ip=place)
    elif chance < 0.17:
        scene.session_change(person, scene.rng.choice(("refreshed", "refreshed", "ended")))
        return
    scene.login(person, method=scene.rng.choice(("password", "token", "token", "sms_code")))
    if chance > 0.995:
        scene.wait(60, 400)
        scene.binding(person, phone=f"1380001{scene.rng.randrange(10_000):04d}")


def play(scene: Scene, person: Person) -> None:
    """A game from start to end, with a heartbeat every quarter of an hour."""
    device, ip = scene.place(person)
    game = scene.rng.choice(_GAMES)
    minutes = 0.0
    scene.happen(PlaySession(account=person.account, game=game, phase="started", device=device, ip=ip))
    length = min(240.0, scene.rng.lognormvariate(3.3, 0.7))
    while minutes + 15 < length:
        scene.wait(900, 900)
        minutes += 15
        beat = PlaySession(account=person.account, game=game, phase="heartbeat", minutes=minutes, device=device, ip=ip)
        scene.happen(beat)
    scene.wait((length - minutes) * 60, (length - minutes) * 60)
    spent = scene.rng.choice((600, 1200, 3000, 6800)) if scene.rng.random() < 0.08 else 0
    scene.happen(
        PlaySession(
            account=person.account, game=game, phase="ended", minutes=round(length, 1), spent_minor=spent,
            device=device, ip=ip,
        )
    )


def pay(scene: Scene, person: Person) -> None:
    """Money for a friend: a red packet, a loan paid back, the rent."""
    if not person.friends:
        return
    friend = scene.rng.choice(person.friends)
    _send_money(scene, person, friend, int(min(800_000, scene.rng.lognormvariate(8.5, 1.2))))
    if scene.rng.random() < 0.4:
        scene.wait(10, 120)
        scene.message(friend, scene.say("topics.work.reply"), person)


def split_bill(scene: Scene, person: Person) -> None:
    """After dinner everybody pays one person: many payments to one payee, all honest."""
    circle = scene.rng.choice(person.circles)
    share = scene.rng.randrange(2000, 15_000)
    scene.wait(2, 20)
    scene.message(person, scene.say("near_misses.bill"), circle)
    for other in circle.members[:8]:
        if other is not person:
            scene.wait(20, 400)
            _send_money(scene, other, person, share)


def publish(scene: Scene, person: Person) -> None:
    """A post, and perhaps a comment by a friend."""
    device, ip = scene.place(person)
    scene.happen(
        ContentPublished(
            author=person.account, content_id=scene.new_id("c"), title=scene.say("posts.titles"),
            text=scene.say("posts.texts"), media_count=scene.rng.randrange(4), device=device, ip=ip,
        )
    )
    for friend in scene.rng.sample(person.friends, min(len(person.friends), scene.rng.randrange(3))):
        scene.wait(60, 3600)
        device, ip = scene.place(friend)
        scene.happen(
            ContentPublished(
                author=friend.account, content_id=scene.new_id("c"), text=scene.say("posts.comments"),
                device=device, ip=ip,
            )
        )


def change_profile(scene: Scene, person: Person) -> None:
    """A new nickname or a new line about oneself."""
    device, ip = scene.place(person)
    if scene.rng.random() < 0.3:
        person.nickname = nickname(scene.rng, scene.book, person.is_english)
        change = ProfileUpdated(account=person.account, nickname=person.nickname, device=device, ip=ip)
    else:
        change = ProfileUpdated(account=person.account, bio=scene.say("bios"), device=device, ip=ip)
    scene.happen(change)


def befriend(scene: Scene, person: Person) -> None:
    """A request to a friend of a friend, answered at once by somebody who is online."""
    if not person.friends:
        return
    other = scene.rng.choice(scene.rng.choice(person.friends).friends)
    if other is person or other in person.friends:
        return
    scene.friendship(person, other, "requested", scene.say("greetings.friend_request"))
    # Chats wait two seconds or more before their first word, so no other scene can speak of this tie too early.
    scene.wait(0.2, 1.5)
    if scene.rng.random() < 0.2:
        scene.friendship(other, person, "declined")
        return
    scene.friendship(other, person, "added")
    person.friends.append(other)
    other.friends.append(person)
    scene.wait(5, 60)
    scene.message(person, scene.say("greetings.accepted"), other)


def part(scene: Scene, person: Person) -> None:
    """An old contact that nobody talks with any more is removed."""
    if person.faded:
        other = person.faded.pop()
        if other not in person.friends:
            scene.friendship(person, other, "removed")


def visit_group(scene: Scene, person: Person) -> None:
    """Joining a group, looking around, and leaving some hours later."""
    circle = scene.rng.choice(scene.community.circles)
    if circle in person.circles or person.age_band:
        return
    scene.membership(person, circle, "joined", invited_by=scene.rng.choice(circle.members))
    scene.wait(30, 300)
    scene.message(person, scene.say("greetings.joined"), circle)
    scene.wait(10, 100)
    scene.message(circle.owner, scene.say("greetings.welcome"), circle)
    scene.wait(3600, 40_000)
    scene.membership(person, circle, "left")


def arrive(scene: Scene, person: Person) -> None:
    """A newcomer registers, is befriended by the one who invited them, and says hello: new, and honest."""
    newcomer = Person(
        account=scene.new_id("u2"), nickname=nickname(scene.rng, scene.book), devices=[scene.new_id("dev")],
        home_ip=person.home_ip if scene.rng.random() < 0.5 else person.mobile_ip, mobile_ip=person.mobile_ip,
    )
    device, ip = scene.place(newcomer)
    scene.happen(
        AccountRegistered(
            account=newcomer.account, nickname=newcomer.nickname, device=device, ip=ip, invited_by=person.account,
            email=mail_address(scene.rng),
        )
    )
    scene.wait(60, 400)
    scene.login(newcomer)
    scene.friendship(person, newcomer, "added")
    circle = scene.rng.choice(person.circles)
    scene.wait(30, 600)
    scene.membership(newcomer, circle, "joined", invited_by=person)
    scene.wait(10, 200)
    scene.message(newcomer, scene.say("greetings.joined"), circle)
    scene.wait(5, 100)
    scene.message(person, scene.say("greetings.welcome"), circle)
    _converse(scene, [newcomer, person], None, scene.rng.choice(_TOPICS), 4)


def grow_up(scene: Scene, person: Person) -> None:
    """A small trouble of a minor, for which a care card may help: a dare, mocking, a draw, a late or long game."""
    scene.story = f"minor-{scene.story}"
    classmates = [other for circle in person.circles for other in circle.members if other.age_band]
    trouble = scene.rng.choice(scene.book.names("school"))
    scene.wait(2, 20)
    if trouble == "school.play":
        _play_too_much(scene, person)
    elif trouble == "school.draw":
        scene.pay(person, "wallet-game-shop", scene.rng.choice((1800, 3000, 6800)), note=scene.say(trouble))
    else:
        scene.message(scene.rng.choice([one for one in classmates if one is not person]), scene.say(trouble), person)


def _play_too_much(scene: Scene, person: Person) -> None:
    """One more round of a game that was played for hours, or bought for; at night the hour alone would be enough."""
    device, ip = scene.place(person)
    game = scene.rng.choice(_GAMES)
    scene.happen(PlaySession(account=person.account, game=game, phase="started", device=device, ip=ip))
    scene.wait(20, 60)
    scene.happen(
        PlaySession(
            account=person.account, game=game, phase="ended", minutes=scene.rng.choice((130.0, 150.0, 45.0)),
            spent_minor=scene.rng.choice((0, 0, 12_800)), device=device, ip=ip,
        )
    )


def _topic(scene: Scene, person: Person, circle: Circle | None = None) -> str:
    if person.age_band:
        return scene.rng.choice(scene.book.themes["school"])
    if person.is_english:
        return "en_chat"
    theme = (circle or scene.rng.choice(person.circles)).theme
    return scene.rng.choice(scene.book.themes[theme] if scene.rng.random() < 0.7 else _TOPICS)


def _converse(scene: Scene, speakers: list[Person], circle: Circle | None, topic: str, turns: int) -> None:
    """An opening by the first speaker, then replies in turn; now and then somebody opens the topic anew."""
    rng = scene.rng
    last: str | None = None
    for turn in range(turns):
        scene.wait(2, 45)
        # One who talks alone does not answer themselves.
        is_opening = turn == 0 or len(speakers) == 1 or rng.random() < 0.25
        text = _utter(scene, topic, is_opening)
        answers = last if rng.random() < 0.1 else None
        last = scene.message(speakers[turn % len(speakers)], text, circle or speakers[1 - turn % 2], NORMAL, answers)


def _utter(scene: Scene, topic: str, is_opening: bool) -> str:
    """One thing to say on `topic`, often dressed up a little, so that short answers do not all look alike."""
    text = scene.say(f"topics.{topic}.open" if is_opening else f"topics.{topic}.reply")
    suffix = "_en" if topic == "en_chat" else ""
    chance = scene.rng.random()
    if chance < 0.3:
        return scene.say(f"leads{suffix}") + text
    if chance < 0.6:
        return text + scene.say(f"tails{suffix}")
    if chance < 0.75 and not is_opening:
        return f"{text}{', ' if suffix else '，'}{scene.say(f'topics.{topic}.open')}"
    return text


def _send_money(scene: Scene, payer: Person, payee: Person, amount_minor: int) -> None:
    scene.pay(payer, f"wallet-{payee.account}", amount_minor, payee, note=scene.say("payment_notes"))


Activity = Callable[[Scene, Person], None]

ACTIVITIES: tuple[tuple[Activity, float], ...] = (
    (talk, 52.0),
    (talk_in_group, 26.0),
    (look_suspicious, 9.0),
    (sign_in, 26.0),
    (play, 6.0),
    (pay, 4.0),
    (split_bill, 0.4),
    (publish, 7.0),
    (change_profile, 1.5),
    (befriend, 2.5),
    (part, 0.5),
    (visit_group, 0.6),
    (deal_with_stranger, 0.8),
    (strike_deal, 1.0),
    (share_link, 1.5),
    (show_screen, 0.3),
    (arrive, 0.4),
)
"""What people do, with how often relative to each other."""
