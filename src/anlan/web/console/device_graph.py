"""Places an account, its devices, their networks and other accounts on the same devices on a small drawing."""

from collections import Counter
from collections.abc import Sequence
from typing import Literal, NamedTuple

MOST_DEVICES, MOST_NETWORKS, MOST_OTHERS = 8, 10, 12
HUB = 6
"""A device with more other accounts is drawn with their number: an internet café says nothing about each of them."""
_WIDTH, _ROW, _TOP = 640, 44, 30
_X = {"account": 60, "device": 225, "network": 395, "other": 560}


UseKind = Literal["device", "claimed", "both"]
"""A device of the account's own; of somebody who claims the account; of theirs and known before."""


class Use(NamedTuple):
    """A device: its page name, what it is called, and the networks (ASN, or none) it came from."""

    device: str
    title: str
    networks: tuple[str, ...]
    others: tuple[str, ...]
    kind: UseKind = "device"


class Node(NamedTuple):
    """Something drawn; `kind` is `account`, a `UseKind`, `network`, `other` or `crowd`."""

    kind: str
    title: str
    x: int
    y: int


class Edge(NamedTuple):
    """A line between two nodes; `is_claimed`: only a claimant says so."""

    x1: int
    y1: int
    x2: int
    y2: int
    is_claimed: bool = False


class Drawing(NamedTuple):
    """Nodes and lines in a box `width` by `height`; `left_out` devices did not fit."""

    nodes: list[Node]
    edges: list[Edge]
    width: int
    height: int
    left_out: int


def draw_graph(account: str, uses: Sequence[Use]) -> Drawing:
    """Columns from left to right: the account, its devices, networks, other accounts."""
    shown = uses[:MOST_DEVICES]
    networks = _most_common([name for use in shown for name in use.networks], MOST_NETWORKS)
    small = [use for use in shown if len(use.others) <= HUB]
    others = _most_common([name for use in small for name in use.others], MOST_OTHERS)
    crowds = [use for use in shown if len(use.others) > HUB]
    rows = max(len(shown), len(networks), len(others) + len(crowds), 1)
    height = 2 * _TOP + (rows - 1) * _ROW
    devices = [
        node._replace(kind=use.kind)
        for use, node in zip(shown, _column("device", [use.title for use in shown], height), strict=True)
    ]
    network_nodes = _column("network", networks, height)
    far = _column("other", [*others, *(f"+{len(use.others)}" for use in crowds)], height)
    far[len(others) :] = [node._replace(kind="crowd") for node in far[len(others) :]]
    owner = Node("account", account, _X["account"], height // 2)
    edges = [_edge(owner, node)._replace(is_claimed=node.kind == "claimed") for node in devices]
    for use, node in zip(shown, devices, strict=True):
        edges += [_edge(node, one) for one in network_nodes if one.title in use.networks]
        ends = [one for one in far[: len(others)] if one.title in use.others] if use in small else []
        ends += [far[len(others) + crowds.index(use)]] if use in crowds else []
        edges += [_edge(node, one) for one in ends]
    return Drawing([owner, *devices, *network_nodes, *far], edges, _WIDTH, height, len(uses) - len(shown))


def _most_common(names: Sequence[str], most: int) -> list[str]:
    return [name for name, _ in Counter(names).most_common(most)]


def _column(kind: str, titles: Sequence[str], height: int) -> list[Node]:
    first = height // 2 - (len(titles) - 1) * _ROW // 2
    return [Node(kind, title, _X[kind], first + place * _ROW) for place, title in enumerate(titles)]


def _edge(one: Node, other: Node) -> Edge:
    return Edge(one.x, one.y, other.x, other.y)
