"""What goes out about a contained account: orders to the platform, words to contacts and to the owner."""

from collections.abc import Sequence
from hashlib import blake2b

from sqlalchemy import Connection

from anlan.domain.containment import CONTACT_WORDS, OWNER_WORDS, SENSITIVE, STEP_KINDS, step_title
from anlan.domain.containment_messages import ContactWarned, ContainmentOrdered, OwnerTold, StepOrdered
from anlan.domain.messages import seal_message
from anlan.store.containments import Containment, Step, answer_steps
from anlan.store.outbox import put

PART_STEPS = 200
"""Steps to a message."""
SAFETY_PATH = "/me/safety"


def send_order(connection: Connection, containment: Containment, steps: Sequence[Step], now: float) -> None:
    """Order these steps under the containment's revision; what the platform has no part in is done already."""
    theirs = [step for step in steps if not STEP_KINDS[step.kind].is_ours]
    ours = [step.id for step in steps if STEP_KINDS[step.kind].is_ours]
    answer_steps(connection, containment.id, containment.revision, ours, "done", "", now)
    parts = [theirs[start : start + PART_STEPS] for start in range(0, len(theirs), PART_STEPS)]
    messages = []
    for number, part in enumerate(parts, start=1):
        data = ContainmentOrdered(
            containment=containment.id, revision=containment.revision, account=containment.account,
            state=containment.state, ground=containment.ground, part=number, parts=len(parts),
            steps=tuple(_ordered(step) for step in part),
        )
        message_id = f"msg_{containment.id}.{containment.revision}.{number}"
        messages.append(seal_message(message_id, "containment.order", now, data))
    put(connection, messages, now)


def _ordered(step: Step) -> StepOrdered:
    details = {name: value for name, value in step.details.items() if name not in SENSITIVE}
    return StepOrdered(
        id=step.id, act=step.act, kind=step.kind, details=details, title=step_title(step.kind, step.act, details)
    )


def tell_contacts(connection: Connection, containment: Containment, steps: Sequence[Step], now: float) -> None:
    """Warn the contacts that these steps name, or take the warning back."""
    messages = [
        seal_message(f"msg_{step.id}.{step.act}", "contact.warning", now, ContactWarned(
            containment=containment.id, account=containment.account, contact=f"account:{step.details['contact']}",
            is_withdrawn=step.act == "undo", words=CONTACT_WORDS[step.act],
        ))
        for step in steps if step.kind == "warn_contact" and "contact" in step.details
    ]
    put(connection, messages, now)


def tell_owner(
    connection: Connection, containment: Containment, about: str, steps: Sequence[Step], now: float
) -> None:
    """Let the owner hear of it by every channel, those included that the thief has changed."""
    changed = [str(step.details["event"]) for step in steps if step.kind == "restore_binding"]
    data = OwnerTold(
        containment=containment.id, account=containment.account, about=about, former_channels_of=tuple(changed),
        path=SAFETY_PATH, words=OWNER_WORDS[about],
    )
    named = blake2b(f"{containment.id}|{about}".encode(), digest_size=12).hexdigest()
    put(connection, [seal_message(f"msg_owner_{named}", "owner.notice", now, data)], now)
