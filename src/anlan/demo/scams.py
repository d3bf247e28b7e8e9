"""Scam gangs that talk members out of their money, each by one of the scripts in scams.yaml."""

from anlan.demo.community import Gang, Person, nickname
from anlan.demo.labels import VICTIM, Label, Mark
from anlan.demo.nuisances import find_contact, register
from anlan.demo.scenes import Scene
from anlan.demo.scripts import Turn
from anlan.domain.event_data import CodeRequested, LinkOpened, ScreenShared

_HARMLESS_STEPS = {"approach", "small_talk"}
_MEAN_AMOUNT_YUAN = 1800
_SCREEN, _CODE = ("共享", "会议软件"), ("验证码", "六位数字")
"""Words after which a victim shares their screen, or waits for a code."""


def scam(scene: Scene) -> None:
    """A stranger becomes a contact and follows a script to the payment; the wary leave before it."""
    script = scene.rng.choice(scene.book.dialogues_of("scams"))
    scene.story = scene.story.replace("scam-", f"scam_by_{script.partition('.')[2]}-", 1)
    gang = scene.rng.choice(scene.community.gangs)
    victim = scene.rng.choice(scene.community.adults)
    scammer = _approach(scene, gang, victim)
    payee = scene.rng.choice(gang.payees)
    amount_yuan = max(200, int(scene.rng.lognormvariate(0.0, 0.6) * _MEAN_AMOUNT_YUAN) // 100 * 100)
    given = pretext(scene, gang, payee, amount_yuan)
    is_wary = scene.rng.random() < 0.35
    heard = ""
    for turn in scene.book.dialogues[script]:
        scene.wait(60, 1500)
        if turn.by == "victim":
            scene.message(victim, scene.book.phrase(scene.rng, turn.ways), scammer, VICTIM)
            continue
        heard = _lure(scene, turn, scammer, victim, gang, given)
        if turn.step == "proof":
            scene.pay(scammer, f"wallet-{victim.account}", 1000, victim, Mark("scam", "scammer", gang.id))
        if is_wary and turn.step in ("off_platform", "transfer"):
            break
        if turn.step in ("transfer", "pressure"):
            scene.wait(120, 900)
            scene.pay(victim, payee, amount_yuan * 100, mark=Mark("scam", "victim", gang.id))
    if is_wary or scene.rng.random() < 0.6:
        scene.wait(300, 4000)
        scene.report(victim, scammer, "fraud", scene.say("reports.scam"), heard)


def pretext(scene: Scene, gang: Gang, payee: str, amount_yuan: int) -> dict[str, str]:
    """What the gang's scripts leave open."""
    contact = find_contact(gang.id)
    spelt = scene.say("contacts.handle", **contact)
    return contact | {"contact": spelt, "payee": payee, "amount": str(amount_yuan)}


def _approach(scene: Scene, gang: Gang, victim: Person) -> Person:
    """A fresh account on the gang's devices becomes a contact of the victim."""
    mark = Mark("preparation", "scammer", gang.id)
    device, ip = scene.rng.choice(gang.devices), scene.rng.choice(gang.ips)
    scene.wait(5, 60)
    scammer = register(scene, mark, nickname(scene.rng, scene.book), device, ip)
    scene.wait(300, 3000)
    scene.friendship(scammer, victim, "requested", scene.say("greetings.friend_request"), mark)
    scene.wait(30, 1800)
    scene.friendship(victim, scammer, "added", mark=VICTIM)
    return scammer


def _lure(scene: Scene, turn: Turn, scammer: Person, victim: Person, gang: Gang, given: dict[str, str]) -> str:
    """What the script says next, and what the victim does about it."""
    label: Label = "preparation" if turn.step in _HARMLESS_STEPS else "scam"
    text = scene.book.phrase(scene.rng, turn.ways, **given)
    said = scene.message(scammer, text, victim, Mark(label, "scammer", gang.id))
    device, ip = scene.place(victim)
    if given["site"] in text:
        scene.wait(20, 200)
        url = given["site"] if "://" in given["site"] else f"https://{given['site']}"
        opened = LinkOpened(
            account=victim.account, url=url, sender=scammer.account, message_id=said, device=device, ip=ip
        )
        scene.happen(opened, VICTIM)
    if any(word in text for word in _SCREEN):
        scene.wait(20, 200)
        shared = ScreenShared(account=victim.account, viewer=scammer.account, device=device, ip=ip)
        scene.happen(shared, VICTIM)
    if any(word in text for word in _CODE):
        scene.wait(20, 200)
        asked = CodeRequested(
            account=victim.account, purpose="payment", during_call_with=scammer.account, device=device, ip=ip
        )
        scene.happen(asked, VICTIM)
    return said
