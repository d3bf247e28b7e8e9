"""Seeded messages, and an engine to judge them: 6 counters, a lexicon of 100,000 terms, 100 policies, no model.

The same messages and policies serve the path in process, the server and the growth of the journal.
"""

import random
from collections.abc import Iterator

import msgspec

from anlan.clock import to_rfc3339
from anlan.domain.events import Catalogue
from anlan.domain.facts import Fact
from anlan.domain.policies import Policy
from anlan.domain.scenarios import ScenarioBase
from anlan.domain.signals import Signal
from anlan.engine.conditions import parse
from anlan.engine.counter_specs import load_counters
from anlan.engine.counters import Counters
from anlan.engine.pipeline import Engine
from anlan.engine.policies import CheckedPolicy, PolicySet
from anlan.engine.signals import Registry, reading, signal
from anlan.models.places import shipped_places
from anlan.protections import entities
from anlan.protections.content.folding import fold
from anlan.protections.content.lexicon import Lexicon, Term
from anlan.protections.content.model_shelf import ModelShelf
from anlan.protections.content.shelf import LexiconShelf
from anlan.protections.fraud.recognising import Recogniser
from anlan.protections.fraud.signs import SignBook
from anlan.protections.hearing import hear
from anlan.protections.registry import COUNTERS_FILE
from anlan.workshop import Workshop
from bench.workload import PATTERNS, Claim, Rule, make_text

START = 1_790_000_000.0
RECEIVED_AT = START + 30 * 86_400.0
TYPE = "message.sent"
ACCOUNTS, GROUPS = 5_000, 300
SECONDS_BETWEEN = 0.1
COUNTERS = (
    "sender_messages_1m", "sender_messages_1h", "sender_recipients_1h", "sender_groups_1h", "sender_last_message_s",
    "text_senders_1h",
)
CATEGORIES = ("fraud", "gambling", "illicit_ad", "abuse")
_CLAIMS: tuple[tuple[str, str, tuple[object, ...]], ...] = (
    ("below", "sender_age_days", (4, 8, 15)),
    ("above", "sender_messages_1m", (2, 3)),
    ("above", "sender_messages_1h", (12, 14, 16)),
    ("above", "sender_recipients_1h", (7, 8, 9)),
    ("above", "sender_groups_1h", (4, 5)),
    ("below", "sender_last_message_s", (10, 15, 20)),
    ("above", "text_senders_1h", (2, 3)),
    ("above", "text_lexicon_hits", (1, 2)),
    ("equals", "text_lexicon_category", CATEGORIES),
    ("among", "text_lexicon_category", (("fraud", "abuse"), ("gambling", "illicit_ad"))),
    ("above", "text_length", (45, 50, 55, 60)),
    ("above", "media_count", (1, 2)),
    ("is", "sender_is_verified", (None,)),
    ("is_not", "sender_is_verified", (None,)),
    ("contains", "text", ("转账", "红包", "兼职", "cash", "free")),
    ("matches", "text", PATTERNS),
)


def make_bodies(count: int, first: int = 0, accounts: int = ACCOUNTS) -> Iterator[bytes]:
    """CloudEvents of messages in order of time; event `n` is the same whoever asks for it.

    Everybody writes to twelve others and in six groups, seven messages an hour, however many accounts there are.
    """
    seconds_between = SECONDS_BETWEEN * ACCOUNTS / accounts
    for number in range(first, first + count):
        rng = random.Random(number)
        sender = rng.randrange(accounts)
        is_group = rng.random() < 0.5
        data = {
            "message_id": f"m{number}", "sender": f"a{sender}", "text": make_text(rng), "device": f"d{sender}",
            "ip": f"10.{sender % 200}.{sender // 200 % 250}.7", "media_count": int(rng.random() < 0.1),
            **(
                {"group": f"g{(sender + 17 * rng.randrange(6)) % GROUPS}"}
                if is_group
                else {"recipient": f"a{(31 * sender + 977 * rng.randrange(12)) % accounts}"}
            ),
        }
        time = to_rfc3339(START + number * seconds_between)
        yield msgspec.json.encode(
            {"specversion": "1.0", "id": f"e{number}", "source": "bench", "type": TYPE, "time": time, "data": data}
        )


def make_rules(count: int = 100, seed: int = 14) -> list[Rule]:
    """Conditions on messages; about one message in ten meets one of a hundred."""
    rng = random.Random(seed)

    def claim() -> Claim:
        form, name, values = rng.choice(_CLAIMS)
        return Claim(form, name, rng.choice(values))

    return [Rule(tuple(claim() for _ in range(rng.choice((3, 3, 4))))) for _ in range(count)]


def make_lexicon(count: int = 100_000) -> Lexicon:
    """Terms of two to ten characters, of which three stand in ordinary messages."""
    rng = random.Random(5)
    texts = dict.fromkeys(("返利", "验证码", "bonus"))
    while len(texts) < count:
        if rng.random() < 0.7:
            texts["".join(chr(rng.randrange(0x4E00, 0x9000)) for _ in range(rng.randrange(2, 6)))] = None
        else:
            texts["".join(rng.choices("abcdefghij0123456789", k=rng.randrange(5, 11)))] = None
    return Lexicon(Term(text, CATEGORIES[n % 4], 1 + n % 3, "bench", "") for n, text in enumerate(texts))


def lexicon_signals(lexicon: Lexicon) -> tuple[Signal, ...]:
    """The lexicon as signals, as `protections.content` has them, but without extraction and models."""

    @reading
    def text_hits(content_text: str) -> tuple[Term, ...]:
        return lexicon.hits(fold(content_text))

    @signal(title={"zh": "命中词条数", "en": "lexicon terms"}, low=0)
    def text_lexicon_hits(text_hits: tuple[Term, ...]) -> int:
        return len(text_hits)

    @signal(title={"zh": "命中词条类别", "en": "category of the terms"}, choices=CATEGORIES)
    def text_lexicon_category(text_hits: tuple[Term, ...]) -> str | None:
        return max(text_hits, key=lambda term: term.severity).category if text_hits else None

    @signal(title={"zh": "文本字数", "en": "characters"}, low=0)
    def text_length(content_text: str) -> int:
        return len(content_text)

    return (text_hits, text_lexicon_hits, text_lexicon_category, text_length)


def make_policy(number: int, rule: Rule, registry: Registry) -> CheckedPolicy:
    """A live policy; one in three acts on the member, the others warn."""
    is_strict = number % 3 == 0
    punished: tuple[tuple[str, dict[str, float]], ...] = (("delete_message", {}), ("mute", {"hours": 24.0}))
    condition = parse(rule.write("sql"), registry.types_on((TYPE,)))
    policy = Policy(
        id=f"bench.p{number:03}", on=(TYPE,), when=condition.text, category="spam", state="live",
        because={"zh": f"策略 {number} 成立", "en": f"policy {number} held"},
        reason={"zh": "测试", "en": "measured"}, quota=(10**9, 3_600.0), verdict="block" if is_strict else "warn",
        actions=punished if is_strict else (("alert", {"scenario": "spam"}),),
    )
    return CheckedPolicy(policy, condition)


def make_workshop(lexicon: Lexicon | None = None, policies: int = 100) -> Workshop:
    """An engine with everything in force and every account known since some days."""
    catalogue = Catalogue(max_future_s=10 * 365 * 86_400.0)
    declared = load_counters(COUNTERS_FILE.read_text("utf-8"), catalogue, "counters")
    specs = tuple(spec for spec in declared if spec.name in COUNTERS)
    counters = Counters(specs)
    of_people = [made for made in entities.SIGNALS if "url_domain" not in made.name]
    lexicon = lexicon or make_lexicon()
    signals = (*of_people, *lexicon_signals(lexicon))
    readable = {
        spec.name: (Signal(name=spec.name, compute=len, type="number", reads=("event",)), spec.readable_on)
        for spec in specs
    }
    registry = Registry(catalogue, signals, readable)
    engine = Engine(registry, {entry.name: counters.for_type(entry.name) for entry in catalogue})
    members = tuple(make_policy(number, rule, registry) for number, rule in enumerate(make_rules(policies)))
    engine.swap(PolicySet(members, f"{policies:064x}"))
    registered = {f"account:a{number}": START - age_days(number) * 86_400.0 for number in range(ACCOUNTS)}
    engine.profiles.load(registered, [Fact(name, "registered_at", at, at) for name, at in registered.items()])
    recogniser = Recogniser(SignBook((), ()), hear, lambda: None)
    return Workshop(
        catalogue, specs, counters, {}, registry, engine, None, None, LexiconShelf(lexicon.terms), ModelShelf(),
        shipped_places(), ScenarioBase(()), recogniser, {},
    )


def age_days(account: int) -> int:
    """How long before the first event an account was registered."""
    return account * 37 % 400
