"""What keeps a reader's day short: sizes, one clock, few places that catch everything, names that say something."""

import ast
from collections.abc import Iterator
from statistics import median

from source_tree import Module, functions, modules, nodes

FUNCTION_LINES = 60
MODULE_LINES = 500

MIGRATIONS = "anlan.store.migrations.versions."
"""Lists of tables as they were on one day; they may be long."""

EDGES = {
    "anlan.engine.intake": "request: whoever waits for an event hears of its failure",
    "anlan.engine.pipeline": "signal: a failure becomes unknown",
    "anlan.engine.hang": "signal: the same, in a thread of its own",
    "anlan.engine.second_look": "worker loop",
    "anlan.engine.shadow_model": "worker loop",
    "anlan.delivery.worker": "worker loop",
    "anlan.delivery.exchanges": "delivery: a failure becomes a retry",
    "anlan.delivery.security_events.worker": "worker loop",
    "anlan.store.writer": "worker loop: one event must not spoil the batch it came in",
    "anlan.web.api.verdicts": "request",
    "anlan.web.server": "request",
    "anlan.web.console.backtests": "worker loop",
    "anlan.web.console.previews": "worker loop",
    "anlan.rounds": "worker loops",
    "anlan.protections.registry": "a plug-in is code of strangers; what it raises becomes InvalidSettings",
}
"""Where `except Exception` may stand. The generated code of `engine.evaluator` has one more: the signal edge."""

VAGUE = {"utils", "util", "helpers", "helper", "manager", "service", "base", "common", "misc"}


def test_functions_fit_on_a_screen() -> None:
    long = {
        f"{module.name}:{name}": length
        for module in modules() if not module.name.startswith(MIGRATIONS)
        for name, function in functions(module.tree)
        if (length := (function.end_lineno or 0) - function.lineno + 1) > FUNCTION_LINES
    }
    assert not long


def test_half_the_functions_are_under_twelve_lines() -> None:
    lengths = [(f.end_lineno or 0) - f.lineno + 1 for module in modules() for _, f in functions(module.tree)]
    assert median(lengths) < 12


def test_modules_stay_small() -> None:
    assert not {module.name: module.lines for module in modules() if module.lines > MODULE_LINES}


def test_a_module_opens_with_a_sentence() -> None:
    silent = [m.name for m in modules() if m.tree.body and not ast.get_docstring(m.tree) and m.name != "anlan"]
    assert not silent


def test_no_module_has_a_name_that_says_nothing() -> None:
    assert not [module.name for module in modules() if VAGUE & set(module.name.split("."))]


def wall_clock_reads(tree: ast.Module) -> Iterator[int]:
    """Lines that ask for the time of day past `clock`: time.time(), datetime.now(), date.today() and their kin."""
    asking = {
        ("time", "time"), ("time", "time_ns"), ("time", "localtime"), ("time", "gmtime"), ("datetime", "now"),
        ("datetime", "utcnow"), ("datetime", "today"), ("date", "today"),
    }
    for node in nodes(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "time":
            yield from (node.lineno for alias in node.names if ("time", alias.name) in asking)
        elif isinstance(node, ast.Attribute):
            owner = node.value
            name = owner.attr if isinstance(owner, ast.Attribute) else owner.id if isinstance(owner, ast.Name) else ""
            if (name, node.attr) in asking:
                yield node.lineno


def test_only_the_clock_asks_what_time_it_is() -> None:
    found = [
        f"{module.name}:{line}"
        for module in modules() if module.name != "anlan.clock" for line in wall_clock_reads(module.tree)
    ]
    assert not found


def test_the_search_for_clocks_finds_them_all() -> None:
    source = "import time, datetime\nfrom time import time\ntime.time()\ndatetime.datetime.now()\ndatetime.now()\n"
    assert sorted(wall_clock_reads(ast.parse(source))) == [2, 3, 4, 5]


def catches_everything(tree: ast.Module) -> bool:
    handlers = (node.type for node in nodes(tree) if isinstance(node, ast.ExceptHandler))
    return any(kind is None or (isinstance(kind, ast.Name) and kind.id in _BROAD) for kind in handlers)


_BROAD = {"Exception", "BaseException"}


def test_everything_is_caught_only_at_the_edges() -> None:
    found = {module.name for module in modules() if catches_everything(module.tree)}
    assert found <= set(EDGES), found - set(EDGES)
    assert set(EDGES) <= found, "no longer needed: " + ", ".join(set(EDGES) - found)


def commented_out(module: Module) -> Iterator[str]:
    """Lines that are code behind a comment sign, or a promise to do it later."""
    for number, line in enumerate(module.path.read_text("utf-8").splitlines(), 1):
        text = line.strip()
        if text.startswith(("# TODO", "# FIXME", "# XXX", "# import ", "# from ", "# def ", "# return ")):
            yield f"{module.name}:{number}: {text}"


def test_no_code_sleeps_in_comments() -> None:
    assert not [line for module in modules() for line in commented_out(module)]
