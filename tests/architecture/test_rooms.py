"""Who may import whom. `docs/map.md` draws this table; a line that is not here is not allowed."""

import ast
from collections.abc import Iterable, Mapping
from graphlib import TopologicalSorter

import pytest
from source_tree import Module, functions, imports, modules, nodes, room_of

MAY_IMPORT: dict[str, set[str]] = {
    "errors": set(),
    "clock": set(),
    "settings": {"errors"},
    "secrets_file": {"errors"},
    "domain": {"errors"},
    "telemetry": {"domain", "clock", "errors"},
    "engine": {"domain", "clock", "errors"},
    "models": {"domain", "clock", "errors"},
    "protections": {"engine", "models", "domain", "errors"},
    "store": {"domain", "clock", "errors"},
    "delivery": {"store", "domain", "telemetry", "clock", "errors"},
    "desk": {"engine", "store", "domain", "clock", "errors"},
    "center": {"desk", "store", "domain", "clock", "errors"},
    "connectors": {"domain", "clock", "errors"},
    "demo": {"domain", "clock"},
    "workshop": {"protections", "models", "engine", "domain", "settings", "errors"},
    "text_lab": {"workshop", "protections", "engine", "domain", "settings", "clock", "errors"},
    "rounds": {"store", "clock", "errors"},
    "company": {"workshop", "center", "desk", "store", "domain", "settings", "rounds"},
    "app": {
        "workshop", "text_lab", "rounds", "company", "center", "desk", "delivery", "engine", "store", "domain",
        "telemetry", "settings",
        "secrets_file", "clock", "errors",
    },
    "web": {
        "app", "text_lab", "center", "desk", "delivery", "engine", "store", "domain", "telemetry", "clock", "errors",
    },
    "serving": {"app", "web", "store", "clock"},
    "commands": {
        "serving", "app", "workshop", "web", "center", "desk", "delivery", "connectors", "demo", "protections",
        "models", "engine", "store", "domain", "telemetry", "settings", "secrets_file", "clock", "errors",
    },
    "cli": {"commands", "protections", "telemetry"},
    "__main__": {"cli"},
    "anlan": set(),
}
"""`anlan` is the package itself: its version, which everybody may read."""

HARMS_SHARE = {
    "anlan.protections.entities", "anlan.protections.hearing", "anlan.protections.registry",
    "anlan.protections.text_readings",
}
"""What stands beside the harms' folders: readings that all of them use or that join several, and the list of all."""


def ours(module: Module, names: Iterable[str]) -> list[str]:
    return [name for name in names if name.split(".")[0] == "anlan"]


def offences(room: str, names: Iterable[str], allowed: Mapping[str, set[str]]) -> list[str]:
    """Those of `names` that `room` may not import."""
    rooms = ((name, room_of(name)) for name in names)
    return [
        name for name, other in rooms
        if other not in {room, "__version__", "anlan"} and other not in allowed.get(room, set())
    ]


def harm_of(name: str) -> str | None:
    parts = name.split(".")
    is_harm = parts[:2] == ["anlan", "protections"] and len(parts) > 2 and ".".join(parts[:3]) not in HARMS_SHARE
    return parts[2] if is_harm else None


def test_every_room_stands_in_the_table() -> None:
    assert {module.room for module in modules()} == set(MAY_IMPORT)


def test_the_table_has_no_circle() -> None:
    assert list(TopologicalSorter(MAY_IMPORT).static_order())


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_a_room_imports_only_what_stands_below_it(room: str) -> None:
    found = [
        f"{module.name} imports {name}"
        for module in modules() if module.room == room
        for name in offences(room, ours(module, imports(nodes(module.tree))), MAY_IMPORT)
    ]
    assert not found


def test_an_import_from_above_is_seen_even_inside_a_function() -> None:
    late = ast.parse("def late():\n    from anlan.web import server\n    import anlan.store.journal\n")
    assert offences("engine", imports(nodes(late)), MAY_IMPORT) == ["anlan.web.server", "anlan.store.journal"]


def test_no_harm_imports_another() -> None:
    found = [
        f"{module.name} imports {name}"
        for module in modules() if (harm := harm_of(module.name))
        for name in imports(nodes(module.tree)) if harm_of(name) not in {None, harm}
    ]
    assert not found


def test_modules_do_not_import_each_other_in_a_circle() -> None:
    names = {module.name for module in modules()}
    graph = {
        module.name: {nearest(name, names) for name in ours(module, imports(nodes(module.tree)))}
        - {module.name, "anlan"}
        for module in modules()
    }
    assert len(list(TopologicalSorter(graph).static_order())) >= len(names) - 1


def nearest(name: str, names: set[str]) -> str:
    """The module that `name` is, or that holds it."""
    while name not in names:
        name = name.rpartition(".")[0]
    return name


def test_imports_stand_at_the_top_and_name_their_module_in_full() -> None:
    late = [
        f"{module.name}.{name}"
        for module in modules() for name, function in functions(module.tree) if any(imports(ast.walk(function)))
    ]
    relative = [
        module.name for module in modules() for name in imports(nodes(module.tree)) if name.startswith(".")
    ]
    assert not late
    assert not relative
