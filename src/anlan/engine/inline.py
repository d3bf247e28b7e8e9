"""A condition as Python source for one event at a time, where an unknown signal is `None`.

Python has no third truth value, so a claim is written twice when needed: an expression that is truthy exactly when the
claim is true, and another for exactly when it is false. Both are pure, so cheap operands come first, and a signal
that an earlier operand of the same conjunction proved known is not asked again.
"""

import sys
from collections.abc import Callable, Mapping

from anlan.domain.signals import Value
from anlan.engine.condition_tree import (
    And,
    Arithmetic,
    Between,
    Call,
    Case,
    Claim,
    Compare,
    Condition,
    In,
    IsNull,
    IsTruth,
    Literal,
    Match,
    Name,
    Not,
    Or,
    Term,
    walk,
)
from anlan.engine.patterns import like_regex, regex_search

NameOf = Callable[[str], str]
Proven = frozenset[str]
"""Signals that are known not to be None where an expression is evaluated."""

_INVERSE = {"=": "!=", "<>": "==", "<": ">=", "<=": ">", ">": "<=", ">=": "<"}
_PYTHON = {"=": "==", "<>": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
_COST = {Match: 8, Arithmetic: 3, Call: 4, Case: 4, In: 2, Compare: 2, Between: 2}
_REGEX_COST = 60
MAX_DOUBLE = sys.float_info.max


def truth_source(node: Claim, name_of: NameOf, constants: dict[str, object]) -> str:
    """A Python expression that is truthy exactly when the claim is true.

    Args:
        name_of: signal to the Python expression (a local variable) that holds its value or None.
        constants: what the expression needs as globals is added here, under names that start with `_c`. Local
            variables that start with `_t` are assigned.
    """
    return _Writer(name_of, constants).claim(node, frozenset(), wanted=True)[0]


def falsity_source(node: Claim, name_of: NameOf, constants: dict[str, object]) -> str:
    """A Python expression that is truthy exactly when the claim is false; arguments as in `truth_source`."""
    return _Writer(name_of, constants).claim(node, frozenset(), wanted=False)[0]


def compile_condition(condition: Condition) -> Callable[[Mapping[str, Value]], bool | None]:
    """A function of signal values (a missing one is unknown) that says whether the condition holds."""
    constants: dict[str, object] = {}
    local = {name: f"s{index}" for index, name in enumerate(condition.names)}
    lines = ["def judge(values):"]
    lines += [f"    {variable} = values.get({name!r})" for name, variable in local.items()]
    lines += [
        f"    if {truth_source(condition.tree, local.__getitem__, constants)}: return True",
        f"    if {falsity_source(condition.tree, local.__getitem__, constants)}: return False",
    ]
    exec(compile("\n".join(lines), "<condition>", "exec"), constants)  # noqa: S102  # generated, no user text
    judge: Callable[[Mapping[str, Value]], bool | None] = constants["judge"]  # type: ignore[assignment]
    return judge


def cost_of(node: Claim | Term) -> int:
    """A rank for ordering operands: 1 for a flag, about one more for each 10 ns."""
    return sum(
        _REGEX_COST if isinstance(part, Match) and _needs_regex(part) else _COST.get(type(part), 1)
        for part in walk(node)
    )


def least(*values: float | None) -> float | None:
    """The smallest known value."""
    return min((value for value in values if value is not None), default=None)


def greatest(*values: float | None) -> float | None:
    """The largest known value."""
    return max((value for value in values if value is not None), default=None)


class _Known:
    """A term's source together with what must hold, checked from left to right, for it to be known."""

    def __init__(self, source: str, guards: tuple[str, ...] = (), proven: Proven = frozenset()) -> None:
        self.source = source
        self.guards = guards
        self.proven = proven

    @property
    def or_none(self) -> str:
        """An expression that is None when the term is unknown."""
        return f"({self.source} if {' and '.join(self.guards)} else None)" if self.guards else self.source

    def with_test(self, test: str) -> str:
        """The test, asked only once the term is known."""
        return " and ".join((*self.guards, test))


class _Writer:
    """Writes expressions; `known` are the signals proven not None where the expression stands."""

    def __init__(self, name_of: NameOf, constants: dict[str, object]) -> None:
        self._name_of = name_of
        self._constants = constants
        self._temporaries = 0

    def claim(self, node: Claim, known: Proven, *, wanted: bool) -> tuple[str, Proven]:
        """Source that is truthy exactly when `node` is `wanted`, and the signals then proven known."""
        match node:
            case And(parts) | Or(parts):
                return self._all_or_any(parts, known, wanted=wanted, is_all=isinstance(node, And) == wanted)
            case Not(part):
                return self.claim(part, known, wanted=not wanted)
            case IsTruth(part, truth):
                source, proven = self.claim(part, known, wanted=truth)
                return (source, proven) if wanted else (f"not ({source})", known)
            case IsNull(term):
                return self._null(term, known, wanted=wanted)
            case Compare():
                return self._compare(node, known, wanted=wanted)
            case In(term) | Between(term) | Match(_, term):
                value = self._term(term, known)
                return value.with_test(self._test(node, value.source, wanted=wanted)), known | value.proven
            case Name() | Call() | Case():
                return self._flag(node, known, wanted=wanted)

    def _all_or_any(
        self, parts: tuple[Claim, ...], known: Proven, *, wanted: bool, is_all: bool
    ) -> tuple[str, Proven]:
        sources, proofs, so_far = [], [], known
        for part in sorted(parts, key=cost_of):
            source, proven = self.claim(part, so_far, wanted=wanted)
            sources.append(source)
            proofs.append(proven)
            so_far = proven if is_all else known
        if is_all:
            return " and ".join(sources), so_far
        return f"({' or '.join(sources)})", frozenset.intersection(*proofs)

    def _null(self, term: Term, known: Proven, *, wanted: bool) -> tuple[str, Proven]:
        value = self._term(term, known)
        if not wanted:
            return " and ".join(value.guards) or "True", known | value.proven
        if isinstance(term, Name):
            return f"{self._name_of(term.signal)} is None", known
        return f"not ({' and '.join(value.guards) or 'True'})", known

    def _compare(self, node: Compare, known: Proven, *, wanted: bool) -> tuple[str, Proven]:
        left = self._term(node.left, known)
        right = self._term(node.right, known | left.proven)
        operator = (_PYTHON if wanted else _INVERSE)[node.operator]
        test = right.with_test(f"{left.source} {operator} {right.source}")
        return left.with_test(test), known | left.proven | right.proven

    def _test(self, node: In | Between | Match, source: str, *, wanted: bool) -> str:
        match node:
            case In(_, choices):
                values = self._bind(frozenset(choice.value for choice in choices))
                return f"{source} {'in' if wanted else 'not in'} {values}"
            case Between(_, low, high):
                test = f"{low.value!r} <= {source} <= {high.value!r}"
                return test if wanted else f"not {test}"
            case Match():
                return self._search(node, source, wanted=wanted)

    def _search(self, node: Match, source: str, *, wanted: bool) -> str:
        shape = _simple_shape(node)
        if shape is None:
            pattern = like_regex(node.pattern) if node.kind == "like" else node.pattern
            search = self._bind(regex_search(pattern))
            return f"{search}({source}.encode('utf-8', 'replace')) {'is not' if wanted else 'is'} None"
        kind, part = shape
        if kind == "contains":
            return f"{part!r} {'in' if wanted else 'not in'} {source}"
        if kind == "equals":
            return f"{source} {'==' if wanted else '!='} {part!r}"
        return f"{'' if wanted else 'not '}{source}.{kind}({part!r})"

    def _flag(self, node: Name | Call | Case, known: Proven, *, wanted: bool) -> tuple[str, Proven]:
        if isinstance(node, Name):
            name = self._name_of(node.signal)
            negation = f"not {name}" if node.signal in known else f"{name} is False"
            return (name if wanted else negation), known | {node.signal}
        value = self._term(node, known)
        return f"{value.or_none} is {wanted}", known

    def _term(self, node: Term, known: Proven) -> _Known:
        match node:
            case Literal(value):
                return _Known(repr(value))
            case Name(signal):
                name = self._name_of(signal)
                guards = () if signal in known else (f"{name} is not None",)
                return _Known(name, guards, frozenset({signal}))
            case Arithmetic():
                return self._arithmetic(node, known)
            case Call("length" | "abs" as function, (argument,)):
                given = self._term(argument, known)
                python = {"length": "len", "abs": "abs"}[function]
                return _Known(f"{python}({given.source})", given.guards, given.proven)
            case Call("coalesce", arguments):
                return self._coalesce([self._term(argument, known) for argument in arguments])
            case Call(function, arguments):
                called = self._bind({"least": least, "greatest": greatest}[function])
                choices = (self._term(argument, known).or_none for argument in arguments)
                return self._maybe(f"{called}({', '.join(choices)})")
            case Case():
                return self._case(node, known)

    def _arithmetic(self, node: Arithmetic, known: Proven) -> _Known:
        left = self._term(node.left, known)
        right = self._term(node.right, known | left.proven)
        divisor = (f"{right.source} != 0",) if node.operator == "/" and not isinstance(node.right, Literal) else ()
        result = self._temporary()
        # One double operand makes Python calculate in doubles, as the SQL engines do.
        calculation = f"1.0 * {left.source} {node.operator} {right.source}"
        finite = f"{-MAX_DOUBLE!r} <= ({result} := {calculation}) <= {MAX_DOUBLE!r}"
        return _Known(result, (*left.guards, *right.guards, *divisor, finite), left.proven | right.proven)

    def _coalesce(self, values: list[_Known]) -> _Known:
        *earlier, last = values
        source = last.or_none
        for value in reversed(earlier):
            kept = self._temporary()
            source = f"({kept} if ({kept} := {value.or_none}) is not None else {source})"
        return self._maybe(source) if last.guards else _Known(source)

    def _case(self, node: Case, known: Proven) -> _Known:
        source = "None" if node.otherwise is None else self._term(node.otherwise, known).or_none
        for claim, term in reversed(node.branches):
            when, proven = self.claim(claim, known, wanted=True)
            source = f"({self._term(term, proven).or_none} if {when} else {source})"
        return self._maybe(source)

    def _maybe(self, source: str) -> _Known:
        """A source that may give None, evaluated once into a temporary."""
        kept = self._temporary()
        return _Known(kept, (f"({kept} := {source}) is not None",))

    def _temporary(self) -> str:
        self._temporaries += 1
        return f"_t{self._temporaries}"

    def _bind(self, constant: object) -> str:
        name = f"_c{len(self._constants)}"
        self._constants[name] = constant
        return name


def _needs_regex(node: Match) -> bool:
    return _simple_shape(node) is None


def _simple_shape(node: Match) -> tuple[str, str] | None:
    """The str operation that says the same as the pattern: `contains`, `equals` or a method of str."""
    if node.kind == "regexp_matches":
        return None
    if node.kind != "like":
        return {"contains": "contains", "starts_with": "startswith", "ends_with": "endswith"}[node.kind], node.pattern
    part = node.pattern.strip("%")
    if "%" in part or "_" in part:
        return None
    opens, closes = node.pattern.startswith("%"), node.pattern.endswith("%")
    kind = {(True, True): "contains", (True, False): "endswith", (False, True): "startswith"}.get((opens, closes))
    return kind or "equals", part
