"""Those who shout: advertisers and their farmed accounts, abusers, flooders and brigades of false reporters."""

from random import Random

from anlan.demo.community import Circle, Person
from anlan.demo.labels import Label, Mark
from anlan.demo.scenes import Scene
from anlan.demo.scripts import disguise
from anlan.domain.event_data import AccountRegistered, ContentPublished

_LETTERS = "abcdefghjkmnpqrstuvwxyz"


def find_contact(owner: str) -> dict[str, str]:
    """The slots `handle`, `digits` and `site` of `owner`, always the same: accounts change, the way to pay does not.

    All are fictitious: no handle or number in use has these zeroes, and the domains are reserved.
    """
    rng = Random(f"contact:{owner}")
    letters = "".join(rng.choices(_LETTERS, k=rng.randrange(2, 5)))
    site = f"{letters}{rng.randrange(100)}.{rng.choice(('example.net', 'example.org', 'test'))}"
    return {
        "handle": f"{letters}0000{rng.randrange(10, 1000)}",
        "digits": f"0000{rng.randrange(10_000, 100_000)}",
        "site": rng.choice((site, f"https://{site}/a", f"http://{site}")),
    }


def register(scene: Scene, mark: Mark, name: str, device: str, ip: str) -> Person:
    """A throw-away account."""
    person = Person(account=scene.new_id("u2"), nickname=name, devices=[device], home_ip=ip, mobile_ip=ip)
    scene.happen(
        AccountRegistered(
            account=person.account, nickname=name, device=device, ip=ip, email=f"{person.account}@example.net"
        ),
        mark,
    )
    return person


def advertise_spam(scene: Scene) -> None:
    """Goods and services that are against the law."""
    _advertise(scene, "spam")


def advertise_gambling(scene: Scene) -> None:
    """A gambling site."""
    _advertise(scene, "gambling")


def advertise_porn(scene: Scene) -> None:
    """Adult services, in neutral words."""
    _advertise(scene, "porn_ad")


def _advertise(scene: Scene, kind: Label) -> None:
    """An advertiser goes through groups, strangers' inboxes and the public feed until somebody reports it."""
    seller = scene.rng.choice(scene.community.advertisers[kind])
    contact = find_contact(seller.account)
    scene.wait(5, 60)
    scene.login(seller, mark=Mark("preparation", "spammer"))
    circles, strangers = _audience(scene, kind)
    for circle in scene.rng.sample(circles, min(3, len(circles))):
        _advertise_in_group(scene, kind, seller, circle, contact)
    for stranger in scene.rng.sample(strangers, 5):
        scene.wait(8, 60)
        scene.message(seller, _ad(scene, kind, contact), stranger, Mark(kind, "spammer"))
    device, ip = scene.place(seller)
    scene.happen(
        ContentPublished(
            author=seller.account, content_id=scene.new_id("c"), text=_ad(scene, kind, contact), media_count=1,
            device=device, ip=ip,
        ),
        Mark(kind, "spammer"),
    )


def _audience(scene: Scene, kind: Label) -> tuple[list[Circle], list[Person]]:
    """Whom such an advertiser reaches; where minors are, nothing that is only for adults."""
    community = scene.community
    if kind != "porn_ad":
        return community.circles, community.people
    return [circle for circle in community.circles if not circle.has_minors], community.adults


def _advertise_in_group(scene: Scene, kind: Label, seller: Person, circle: Circle, contact: dict[str, str]) -> None:
    scene.wait(20, 200)
    scene.membership(seller, circle, "joined", mark=Mark("preparation", "spammer"))
    ad = ""
    for _ in range(scene.rng.randrange(1, 4)):
        scene.wait(3, 40)
        ad = scene.message(seller, _ad(scene, kind, contact), circle, Mark(kind, "spammer"))
    if scene.rng.random() < 0.6:
        scene.wait(15, 120)
        scene.message(scene.rng.choice(circle.members), scene.say("ads.replies"), circle, reply_to=ad)
    if scene.rng.random() < 0.5:
        scene.wait(10, 60)
        scene.report(circle.owner, seller, kind, scene.say(f"reports.{kind}"), ad)


def _ad(scene: Scene, kind: Label, contact: dict[str, str]) -> str:
    spelt = scene.say("contacts.handle", **contact)
    return disguise(scene.rng, scene.say(f"ads.{kind}", contact=spelt, **contact))


def farm_accounts(scene: Scene) -> None:
    """One device registers many accounts with names that look alike; a few of them start to advertise."""
    device, ip = scene.new_id("dev"), f"203.0.113.{scene.rng.randrange(210, 220)}"
    name = scene.say("nicknames.farm")
    contact = find_contact(device)
    farmed = []
    for number in range(scene.rng.randrange(8, 16)):
        scene.wait(20, 90)
        farmed.append(register(scene, Mark("fake_account", "farmer"), f"{name}{number + 1:02d}", device, ip))
    for seller in farmed[:4]:
        scene.wait(60, 600)
        strangers = scene.rng.sample(scene.community.people, 3)
        for stranger in strangers:
            scene.wait(3, 20)
            scene.friendship(seller, stranger, "requested", _ad(scene, "spam", contact), Mark("spam", "farmer"))
        scene.message(seller, _ad(scene, "spam", contact), strangers[0], Mark("spam", "farmer"))


def abuse(scene: Scene) -> None:
    """A quarrel in a group in which one side insults and then follows the other into private."""
    abuser = scene.rng.choice(scene.community.abusers)
    circle = scene.rng.choice(abuser.circles)
    target = scene.rng.choice([person for person in circle.members if person is not abuser and not person.age_band])
    mark = Mark("abuse", "abuser")
    scene.wait(5, 60)
    insult = scene.message(target, scene.say("abuse.trigger"), circle)
    for _ in range(scene.rng.randrange(2, 5)):
        scene.wait(5, 40)
        insult = scene.message(abuser, scene.say("abuse.insults"), circle, mark, reply_to=insult)
        if scene.rng.random() < 0.6:
            scene.wait(5, 40)
            scene.message(scene.rng.choice((target, circle.owner)), scene.say("abuse.answers"), circle)
    for _ in range(scene.rng.randrange(3)):
        scene.wait(10, 90)
        insult = scene.message(abuser, scene.say("abuse.threats"), target, mark)
    scene.wait(20, 300)
    scene.report(target, abuser, "abuse", scene.say("reports.abuse"), insult)


def flood(scene: Scene) -> None:
    """One member repeats one line until the group cannot talk."""
    flooder = scene.rng.choice(scene.community.flooders)
    circle = scene.rng.choice(flooder.circles)
    text = scene.say("flooding")
    message_id = ""
    for _ in range(scene.rng.randrange(15, 40)):
        scene.wait(0.4, 2.5)
        words = text * scene.rng.randrange(1, 4) if scene.rng.random() < 0.3 else text
        message_id = scene.message(flooder, words, circle, Mark("flooding", "flooder"))
    scene.wait(10, 90)
    others = [person for person in circle.members if person is not flooder]
    scene.report(scene.rng.choice(others), flooder, "flooding", scene.say("reports.flooding"), message_id)


def report_falsely(scene: Scene) -> None:
    """A brigade reports one ordinary member, all within minutes and in much the same words."""
    target = scene.rng.choice(scene.community.people)
    text = scene.say("reports.untrue")
    for member in scene.community.brigade:
        for _ in range(scene.rng.randrange(1, 3)):
            scene.wait(5, 60)
            words = text if scene.rng.random() < 0.7 else scene.say("reports.untrue")
            scene.report(member, target, "fraud", words, mark=Mark("false_report", "brigadier"))
