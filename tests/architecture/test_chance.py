"""What no test may hang on: a draw without a seed, the edge of a code's time, a port that somebody else may take."""

import ast
import re
from collections.abc import Iterator

import pytest
from source_tree import ROOT
from test_budgets import wall_clock_reads

TESTS = ROOT / "tests"
SUSPECT = re.compile(r"\brandom\.|Random\(|default_rng\(|TOTP\(.*now|\.bind\(|sleep\(|time\.time|datetime|date\.today")
LONGEST_SLEEP_S = 1.5
SLEEPS = "waits for time to pass, and not for what is to come: deskwork.until"
NAMES_AN_EVENT = {"journeys/test_api.py"}
"""Where the time of day makes an id that nobody has had."""
HANGS = {"contract/test_delivery.py", "unit/test_misbehaving.py", "unit/test_pipeline.py"}
"""Where what sleeps is cut short by what is tested."""


def chances(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Lines whose outcome differs from run to run, and why."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and (why := _chance_in(node)):
            yield node.lineno, why


def _chance_in(call: ast.Call) -> str:
    *owner, name = _names(call.func)
    if (owner == ["random"] and name.islower()) or (name in ("Random", "default_rng") and not call.args):
        return "draws without a seed"
    if name == "now" and owner[-1:] == ["TOTP"]:
        return "asks for a code at a time that may be over: .at(clock.now())"
    if name == "bind" and 0 in _numbers(call):
        return "gives its port back before a server takes it: ports.hold_port"
    if name == "sleep" and max(_numbers(call), default=0) > LONGEST_SLEEP_S:
        return SLEEPS
    return ""


def _numbers(call: ast.Call) -> list[float]:
    constants = (one.value for given in call.args for one in ast.walk(given) if isinstance(one, ast.Constant))
    return [value for value in constants if type(value) in (int, float)]  # False is none


def _names(called: ast.expr) -> list[str]:
    """`["pyotp", "TOTP", "now"]` for `pyotp.TOTP(secret).now`; what has no name is left out."""
    match called:
        case ast.Attribute(value=owner, attr=name):
            return [*_names(owner), name]
        case ast.Call(func=inner):
            return _names(inner)
    return [called.id if isinstance(called, ast.Name) else ""]


def test_no_test_hangs_on_chance() -> None:
    found = []
    for path in sorted(TESTS.rglob("*.py")):
        name, text = path.relative_to(TESTS).as_posix(), path.read_text("utf-8")
        tree = ast.parse(text if SUSPECT.search(text) else "")  # most files need no reading
        found += [f"{name}:{line} {why}" for line, why in chances(tree) if why != SLEEPS or name not in HANGS]
        past_clock = [] if name in NAMES_AN_EVENT else wall_clock_reads(tree)
        found += [f"{name}:{line} asks the time past clock" for line in past_clock]
    assert found == []


@pytest.mark.parametrize("line", [
    "random.choice(x)", "random.random()", "Random()", "random.Random()", "np.random.default_rng()",
    "pyotp.TOTP(secret).now()", "probe.bind(('127.0.0.1', 0))", "time.sleep(2)",
    "asyncio.sleep(2.5)",
])
def test_the_search_finds_what_hangs_on_chance(line: str) -> None:
    assert len(list(chances(ast.parse(line)))) == 1


@pytest.mark.parametrize("line", [
    "random.Random(3)", "chance.choice(x)", "app.at(now)", "probe.bind((HOST, port))", "time.sleep(0.1)",
])
def test_the_search_lets_go_what_does_not(line: str) -> None:
    assert list(chances(ast.parse(line))) == []
