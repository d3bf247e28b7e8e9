"""The map marks countries, small ones too; the graph stays small and hides crowds behind their number."""

from anlan.web.console.device_graph import HUB, MOST_DEVICES, MOST_OTHERS, Use, draw_graph
from anlan.web.console.world_map import COLUMNS, ROWS, draw_world


def test_countries_are_marked_by_how_often_they_occur() -> None:
    dots = draw_world({"CN": 90, "SG": 40, "FR": 1})
    assert {dot.mark for dot in dots} == {0, 1, 2, 3}
    assert all(0 <= dot.x < COLUMNS and 0 <= dot.y < ROWS for dot in dots)
    assert len({(dot.x, dot.y) for dot in dots}) == len(dots)
    assert max(dot.x for dot in dots if dot.mark == 1) < min(dot.x for dot in dots if dot.mark == 3), "France is west"
    assert not any(dot.mark for dot in draw_world({}))
    assert not any(dot.mark for dot in draw_world({"ZZ": 3, "CN": 0}))


def test_the_graph_ties_devices_to_networks_and_sharers() -> None:
    crowd = tuple(f"guest{n}" for n in range(HUB + 1))
    drawn = draw_graph("ann", [Use("d1", "Phone", ("AS1",), ("bob",)), Use("d2", "Café", ("AS1", "AS2"), crowd)])
    titles = [(node.kind, node.title) for node in drawn.nodes]
    assert titles == [
        ("account", "ann"), ("device", "Phone"), ("device", "Café"), ("network", "AS1"), ("network", "AS2"),
        ("other", "bob"), ("crowd", f"+{HUB + 1}"),
    ]
    assert len(drawn.edges) == 2 + 3 + 2
    assert all(0 < node.y < drawn.height and 0 < node.x < drawn.width for node in drawn.nodes)


def test_what_a_claimant_brings_is_told_apart() -> None:
    assert {dot.is_claimed for dot in draw_world({"CN": 9}, "FR") if dot.mark} == {False}
    assert {dot.mark for dot in draw_world({"CN": 9}, "CN") if dot.is_claimed} == {3}
    uses = [Use("d1", "New", ("AS1",), ("eve",), "claimed"), Use("d2", "Old", ("AS1",), (), "device")]
    drawn = draw_graph("ann", uses)
    assert [node.kind for node in drawn.nodes] == ["account", "claimed", "device", "network", "other"]
    assert [line.is_claimed for line in drawn.edges] == [True, False, False, False, False]


def test_the_graph_is_bounded() -> None:
    uses = [Use(f"d{n}", f"Device {n}", (f"AS{n}",), tuple(f"o{n}-{m}" for m in range(HUB))) for n in range(50)]
    drawn = draw_graph("ann", uses)
    assert drawn.left_out == 50 - MOST_DEVICES
    assert sum(node.kind == "other" for node in drawn.nodes) == MOST_OTHERS
    assert draw_graph("ann", []).nodes[0].title == "ann"
