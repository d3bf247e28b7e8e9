"""An engine with moves and the dialogue window, and text read without models: fast, and the same on every machine."""

from typing import NamedTuple

from spine import Spine

from anlan.engine.signals import reading, signal
from anlan.protections import entities
from anlan.protections.content.extraction import Contacts, extract
from anlan.protections.content.folding import Folded, fold
from anlan.protections.dialogue import signals as dialogue
from anlan.protections.dialogue.window import Dialogues
from anlan.protections.fraud import scenario_signals
from anlan.protections.fraud import signals as fraud
from anlan.protections.fraud.signs import built_in_signs
from anlan.protections.registry import HERE


class Read(NamedTuple):
    """What moves are read from."""

    folded: Folded
    contacts: Contacts


@reading
def text_reading(content_text: str) -> Read:
    """Folded, with its contacts."""
    folded = fold(content_text)
    return Read(folded, extract(folded.tight))


@signal(title={"zh": "分", "en": "a score"})
def text_fraud_score(content_text: str) -> float | None:
    """Known of some texts only."""
    return 0.9 if "账户" in content_text else None


@signal(title={"zh": "域名", "en": "a domain"})
def url_domain(text_reading: Read) -> str | None:
    """The first one."""
    return text_reading.contacts.domains[0] if text_reading.contacts.domains else None


@signal(title={"zh": "他人操作的概率", "en": "how likely somebody else acts"}, applies_to=("message.sent",))
def takeover_score(sender: str) -> float:
    """Nobody's account is stolen here."""
    return 0.0


COUNTERS = """
- name: payer_payee_last_payment_s
  kind: last_seen
  on: [payment.initiated]
  by: [payer, payee]
  over: 30d
  title: {zh: 秒数, en: seconds}
"""


def make_spine() -> tuple[Spine, Dialogues]:
    """The engine with the dialogue policies in force, and its window."""
    window, signs = Dialogues(10_000), built_in_signs(tuple(move.name for move in dialogue.BOOK.moves))
    window.weigh_with(signs)
    named = scenario_signals.bound(scenario_signals.SIGNALS, signs)
    own = (text_reading, text_fraud_score, url_domain, takeover_score)
    made = Spine(
        (*own, *entities.SIGNALS, *fraud.SIGNALS, *named, *dialogue.SIGNALS, *window.signals),
        (HERE / "dialogue" / "policies.yaml").read_text("utf-8"), COUNTERS, budget_s=5.0,
    )
    return made, window
