"""Thieves who take over accounts: how they come in, whom they ask for money, and how owners come back."""

from anlan.demo.community import Gang, Person, nickname
from anlan.demo.doorkeeper import plunder_story
from anlan.demo.gear import hideout
from anlan.demo.labels import VICTIM, Mark
from anlan.demo.nuisances import register
from anlan.demo.scams import pretext
from anlan.demo.scenes import Scene, elsewhere


def stuff_credentials(scene: Scene) -> None:
    """A wave of stolen passwords from a few addresses; the two accounts that open are plundered."""
    rng = scene.rng
    gang = rng.choice(scene.community.gangs)
    mark = Mark("credential_stuffing", "thief", gang.id)
    ips = [hideout(rng) for _ in range(3)]
    devices = [scene.new_id("dev") for _ in range(2)]
    tried = rng.sample(scene.community.people, min(len(scene.community.people), rng.randrange(40, 80)))
    owners = {person.account: person for person in tried}
    opened: list[Person] = []
    for place, person in enumerate(tried):
        scene.wait(0.5, 4)
        guess = elsewhere(person, rng.choice(devices), rng.choice(ips))
        opens = place in (len(tried) // 3, len(tried) - 2)
        scene.login(guess, failure=None if opens else "wrong_password", mark=mark)
        if opens:
            opened.append(guess)
    story = scene.story
    for thief in opened:
        scene.story = plunder_story(story, thief.account)
        _plunder(scene, owners[thief.account], thief, gang)


def take_over(scene: Scene) -> None:
    """A phished account: one clean login from an unknown device, and the contacts are asked for money."""
    owner = scene.rng.choice(scene.community.people)
    gang = scene.rng.choice(scene.community.gangs)
    thief = elsewhere(owner, scene.new_id("dev"), hideout(scene.rng))
    scene.wait(5, 60)
    scene.login(thief, mark=Mark("takeover", "thief", gang.id))
    scene.story = plunder_story(scene.story, owner.account)
    _plunder(scene, owner, thief, gang)


def _plunder(scene: Scene, owner: Person, thief: Person, gang: Gang) -> None:
    """The thief writes to every contact; some doubt, one pays, the owner comes back and warns them all."""
    rng = scene.rng
    mark = Mark("takeover", "thief", gang.id)
    payee = rng.choice(gang.payees)
    amount_yuan = rng.choice((500, 800, 1000, 2000, 3000, 5000))
    given = pretext(scene, gang, payee, amount_yuan)
    contacts = rng.sample(owner.friends, min(12, len(owner.friends)))
    scene.wait(120, 900)
    _lock_out(scene, thief, mark)
    for contact in contacts:
        scene.wait(3, 20)
        scene.message(thief, scene.say("takeover.hello"), contact, mark)
    for place, contact in enumerate(contacts):
        scene.wait(3, 30)
        plea = scene.message(thief, scene.say(rng.choice(("takeover.ask", "takeover.link")), **given), contact, mark)
        if place == 0:
            _be_deceived(scene, contact, thief, given, mark)
        elif rng.random() < 0.35:
            scene.wait(10, 90)
            scene.message(contact, scene.say("takeover.friend_doubts"), owner)
            scene.report(contact, owner, "account_stolen", scene.say("reports.takeover"), plea)
    _give_away(scene, owner, thief, gang)
    scene.wait(600, 5000)
    _come_back(scene, owner)
    for contact in contacts[:6]:
        scene.wait(3, 20)
        scene.message(owner, scene.say("takeover.apology"), contact)


def _lock_out(scene: Scene, thief: Person, mark: Mark) -> None:
    """What a thief does first so that the owner does not disturb, or not all of it."""
    if scene.rng.random() < 0.5:
        scene.binding(thief, mark, phone=f"1380009{scene.rng.randrange(10_000):04d}")
        scene.wait(5, 60)
    if scene.rng.random() < 0.4:
        scene.password(thief, "change", mark)
        scene.wait(5, 60)
    if scene.rng.random() < 0.4:
        scene.session_change(thief, "others_ended", mark)


def _give_away(scene: Scene, owner: Person, thief: Person, gang: Gang) -> None:
    """A group that the account owns goes to an accomplice, and comes back when the platform has heard of it."""
    owned = [circle for circle in owner.circles if circle.owner is owner]
    if not owned or scene.rng.random() < 0.5:
        return
    device, ip = scene.rng.choice(gang.devices), scene.rng.choice(gang.ips)
    mark = Mark("takeover", "thief", gang.id)
    accomplice = register(scene, mark, nickname(scene.rng, scene.book), device, ip)
    scene.wait(20, 200)
    scene.transfer(thief, owned[0], accomplice.account, mark)
    scene.wait(2000, 9000)
    scene.transfer(accomplice, owned[0], owner.account, mark)


def _come_back(scene: Scene, owner: Person) -> None:
    """The owner gets a new password by a code, takes the phone number back and throws everybody else out."""
    scene.password(owner, "reset")
    scene.wait(10, 60)
    scene.login(owner, method="sms_code")
    if owner.phone:
        scene.wait(20, 120)
        scene.binding(owner, phone=owner.phone)
    scene.session_change(owner, "others_ended")


def _be_deceived(scene: Scene, contact: Person, thief: Person, given: dict[str, str], mark: Mark) -> None:
    scene.message(contact, scene.say("takeover.friend_trusts"), thief, VICTIM)
    scene.wait(5, 60)
    scene.message(thief, scene.say("takeover.where", **given), contact, mark)
    scene.wait(60, 400)
    scene.pay(contact, given["payee"], int(given["amount"]) * 100, mark=Mark("takeover", "victim", mark.gang))

