"""The conditions and signals that policies are measured on: one seeded list, written in the language of every peer.

60 signals; conditions of two to four claims: 60 % numbers, 18 % equality and flags, 10 % lists, 6 % parts of texts,
6 % regular expressions; 12 % of the conditions hold an OR. A median condition holds for about 2 % of events.
"""

import random
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

NUMBERS = tuple(f"score_{index}" for index in range(36))
FLAGS = tuple(f"flag_{index}" for index in range(12))
WORDS = tuple(f"word_{index}" for index in range(9))
TEXTS = ("text_0", "text_1", "text_2")
SIGNALS: dict[str, str] = {
    **dict.fromkeys(NUMBERS, "number"), **dict.fromkeys(FLAGS, "bool"), **dict.fromkeys((*WORDS, *TEXTS), "text"),
}
LANGUAGES = ("sql", "python", "cel", "zen", "rule_engine")

VOCABULARY = (
    "微信 转账 红包 兼职 日结 返利 客服 验证码 链接 下载 game free win cash bonus account login order please today "
    "meet dinner 今天 晚上 一起 吃饭 作业 开会 周末 电影 谢谢 收到 please invoice"
).split()
PATTERNS = (r"\d{5,11}", r"(?:qq|wx|vx)\s*\d{4}", r"[a-z]+\d+[a-z]+\d", r"(?:免费|返利).{0,4}(?:领取|客服)")

# What one claim looks like in each language; {n} is the signal, {v} the value, quoted where it is text.
_FORMS: dict[str, dict[str, str]] = {
    "above": {
        "sql": "{n} >= {v}", "python": "{n} >= {v}", "cel": "{n} >= {v}", "zen": "{n} >= {v}",
        "rule_engine": "{n} >= {v}",
    },
    "below": {
        "sql": "{n} < {v}", "python": "{n} < {v}", "cel": "{n} < {v}", "zen": "{n} < {v}", "rule_engine": "{n} < {v}"
    },
    "is": {"sql": "{n}", "python": "{n}", "cel": "{n}", "zen": "{n}", "rule_engine": "{n}"},
    "is_not": {"sql": "NOT {n}", "python": "not {n}", "cel": "!{n}", "zen": "not({n})", "rule_engine": "not {n}"},
    "equals": {
        "sql": "{n} = '{v}'", "python": "{n} == '{v}'", "cel": "{n} == '{v}'", "zen": "{n} == '{v}'",
        "rule_engine": "{n} == '{v}'",
    },
    "among": {
        "sql": "{n} IN ({v})", "python": "{n} in {{{v}}}", "cel": "{n} in [{v}]", "zen": "{n} in [{v}]",
        "rule_engine": "{n} in [{v}]",
    },
    "contains": {
        "sql": "contains({n}, '{v}')", "python": "'{v}' in {n}", "cel": "{n}.contains('{v}')",
        "zen": "contains({n}, '{v}')", "rule_engine": "'{v}' in {n}",
    },
    "matches": {
        "sql": "regexp_matches({n}, '{v}')", "python": "{v}({n})", "cel": "{n}.matches(r'{v}')",
        "zen": "matches({n}, '{v}')", "rule_engine": "{n} =~~ '{v}'",
    },
}
_COST = {"is": 1, "is_not": 1, "equals": 2, "above": 2, "below": 2, "among": 3, "contains": 4, "matches": 9}
_AND_OR_OF = {
    "sql": (" AND ", " OR "), "python": (" and ", " or "), "cel": (" && ", " || "), "zen": (" and ", " or "),
    "rule_engine": (" and ", " or "),
}


class Claim(NamedTuple):
    """One comparison of one signal."""

    form: str
    signal: str
    value: Any = None

    def write(self, language: str) -> str:
        """The claim as text in one of `LANGUAGES`."""
        value = self.value
        if language == "rule_engine" and self.form == "matches":
            value = value.replace("\\", "\\\\")
        if self.form == "among":
            value = ", ".join(f"'{word}'" for word in value)
        return _FORMS[self.form][language].format(n=self.signal, v=value)


class Rule(NamedTuple):
    """A conjunction of claims, of which one may be a pair joined by OR."""

    claims: tuple[Claim | tuple[Claim, Claim], ...]

    def write(self, language: str) -> str:
        """The condition in one of `LANGUAGES`; peers get the cheap claims first, which ours finds by itself."""
        joined, either = _AND_OR_OF[language]
        claims = self.claims if language == "sql" else sorted(self.claims, key=_cost_of)
        return joined.join(
            claim.write(language) if isinstance(claim, Claim)
            else f"({claim[0].write(language)}{either}{claim[1].write(language)})"
            for claim in claims
        )


def _cost_of(claim: Claim | tuple[Claim, Claim]) -> int:
    return _COST[claim.form] if isinstance(claim, Claim) else 2 + sum(_COST[one.form] for one in claim)


def plain_python(rules: Sequence[Rule]) -> tuple[list[str], dict[str, Any]]:
    """Each rule as a Python expression over local variables, and the compiled patterns that they name."""
    search = {pattern: f"search_{index}" for index, pattern in enumerate(PATTERNS)}

    def named(claim: Claim) -> Claim:
        return claim._replace(value=search[claim.value]) if claim.form == "matches" else claim

    conditions = [
        Rule(
            tuple(named(c) if isinstance(c, Claim) else (named(c[0]), named(c[1])) for c in rule.claims)
        ).write("python")
        for rule in rules
    ]
    return conditions, {name: re.compile(pattern).search for pattern, name in search.items()}


def make_rules(count: int, seed: int = 7) -> list[Rule]:
    """`count` rules; the first ten of a hundred are the ten of ten."""
    rng = random.Random(seed)
    forms = _deal_forms(rng)
    return [_make_rule(rng, forms) for _ in range(count)]


def _deal_forms(rng: random.Random) -> Iterator[str]:
    """Forms of claims in fixed shares, however many are taken: a shuffled deck, and then the next."""
    deck = [
        *["above"] * 36, *["below"] * 24, *["is"] * 6, *["is_not"] * 6, *["equals"] * 6, *["among"] * 10,
        *["contains"] * 6, *["matches"] * 6,
    ]
    while True:
        rng.shuffle(deck)
        yield from deck


def _make_rule(rng: random.Random, forms: Iterator[str]) -> Rule:
    claims = [_make_claim(rng, next(forms)) for _ in range(rng.choice((2, 3, 3, 4)))]
    if rng.random() < 0.12:
        return Rule(((_make_claim(rng, next(forms)), claims[0]), *claims[1:]))
    return Rule(tuple(claims))


def _make_claim(rng: random.Random, form: str) -> Claim:
    signals = NUMBERS if form in ("above", "below") else FLAGS if form.startswith("is") else WORDS
    signal = rng.choice(TEXTS if form in ("contains", "matches") else signals)
    values: dict[str, Callable[[], Any]] = {
        "above": lambda: round(0.7 + rng.randrange(9) / 100, 2),
        "below": lambda: round(0.3 + rng.randrange(9) / 100, 2),
        "equals": lambda: f"w{rng.randrange(4)}",
        "among": lambda: tuple(f"w{number}" for number in rng.sample(range(8), 3)),
        "contains": lambda: rng.choice(VOCABULARY),
        "matches": lambda: rng.choice(PATTERNS),
    }
    return Claim(form, signal, values[form]() if form in values else None)


def make_rows(count: int, unknown_share: float = 0.0, seed: int = 11) -> list[dict[str, Any]]:
    """Values of all signals for `count` events; `unknown_share` of them are None."""
    rng = random.Random(seed)
    rows = [{name: _make_value(rng, kind, name) for name, kind in SIGNALS.items()} for _ in range(count)]
    if not unknown_share:
        return rows
    return [{n: None if rng.random() < unknown_share else v for n, v in row.items()} for row in rows]


def _make_value(rng: random.Random, kind: str, name: str) -> Any:
    if kind == "number":
        return round(rng.random(), 4)
    if kind == "bool":
        return rng.random() < 0.3
    if name in WORDS:
        return f"w{rng.randrange(8)}"
    return make_text(rng)


def make_text(rng: random.Random, words: Sequence[str] = VOCABULARY) -> str:
    """A message of about 35 characters."""
    parts = rng.choices(words, k=rng.randrange(4, 11))
    return " ".join([*parts, str(rng.randrange(10**6))] if rng.random() < 0.2 else parts)
