"""What the verdict on a sign-in costs beside the verdict on a plain message, both with everything on."""

from collections.abc import Callable

import msgspec

from anlan.domain.event_data import AccountLogin, MessageSent
from bench.login_life.world import END, World
from bench.measure import Figure, at_most, interleave

MEMBERS = 200
ROUNDS = 5


def cost_figures(*, quick: bool) -> list[Figure]:
    """CPU of judging sign-ins and messages of a community that has lived a while."""
    world = World(1, MEMBERS)
    world.live_through_habits()
    count = 1_000 if quick else 4_000
    events = {
        "sign-in": [world.stage.make_event(_sign_in(world, number), END + number) for number in range(count)],
        "message": [world.stage.make_event(_message(world, number), END + number) for number in range(count)],
        "picture": [world.stage.make_event(_picture(world, number), END + number) for number in range(count)],
    }

    def judge(name: str) -> Callable[[], None]:
        def work() -> None:
            for event in events[name]:
                world.workshop.engine.judge(event, event.time)

        return work

    taken = interleave({name: judge(name) for name in events}, ROUNDS)
    micros = {name: seconds / count * 1e6 for name, seconds in taken.items()}
    return [
        Figure("verdict on a sign-in, µs of CPU", f"{micros['sign-in']:.0f}"),
        Figure("verdict on a message with text, µs of CPU", f"{micros['message']:.0f}"),
        at_most("sign-in: times a plain message", micros["sign-in"] / micros["message"], 3.0),
        Figure("sign-in: times a message without text", f"{micros['sign-in'] / micros['picture']:.2f}"),
    ]


def _sign_in(world: World, number: int) -> AccountLogin:
    member = world.members[number % MEMBERS]
    gear, ip = member.stand_somewhere(world.rng, END)
    return AccountLogin(
        account=member.account, result="success" if number % 10 else "failure", ip=ip, device=gear.token,
        method="password", user_agent=gear.agent(END), session=f"s{number}",
    )


def _message(world: World, number: int) -> MessageSent:
    text = world.book.say(world.rng, f"topics.{world.rng.choice(('food', 'work', 'plans'))}.open")
    return msgspec.structs.replace(_picture(world, number), text=text, media_count=0)


def _picture(world: World, number: int) -> MessageSent:
    member = world.members[number % MEMBERS]
    gear, ip = member.stand_somewhere(world.rng, END)
    return MessageSent(
        sender=member.account, recipient=world.rng.choice(member.friends).account, message_id=f"cost-{number}",
        device=gear.token, ip=ip, media_count=1,
    )
