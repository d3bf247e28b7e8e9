"""Draws the curves: share of thieves asked for proof against share of honest sign-ins asked, as one plain SVG."""

from collections.abc import Mapping, Sequence
from math import log10

WIDTH, HEIGHT = 720, 420
LEFT, RIGHT, TOP, BOTTOM = 64, 150, 24, 52
COLOURS = ("#0f766e", "#b45309", "#1d4ed8", "#be123c", "#6d28d9", "#4d7c0f")
DASHES = ("", "8 4", "2 3", "12 4 2 4", "5 2", "1 4")
_LOW, _HIGH = 0.0005, 0.1
"""Shares of honest sign-ins at the ends of the horizontal axis, which is logarithmic."""


def draw_curves(series: Mapping[str, Sequence[tuple[float, float]]], x_title: str, y_title: str) -> str:
    """An SVG; each series is (share of honest, share of thieves), both of 1, by rising share of honest."""
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'font-family="system-ui, sans-serif" font-size="13" fill="#334155"><title>{y_title}</title>',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        *_axes(x_title, y_title),
    ]
    for number, (name, points) in enumerate(series.items()):
        parts += _line(number, name, points)
    return "\n".join([*parts, "</svg>", ""])


def _x(share: float) -> float:
    across = (log10(min(_HIGH, max(_LOW, share))) - log10(_LOW)) / (log10(_HIGH) - log10(_LOW))
    return LEFT + across * (WIDTH - LEFT - RIGHT)


def _y(share: float) -> float:
    return TOP + (1 - share) * (HEIGHT - TOP - BOTTOM)


def _axes(x_title: str, y_title: str) -> list[str]:
    floor, edge = HEIGHT - BOTTOM, WIDTH - RIGHT
    parts = []
    for share in (0.0, 0.2, 0.4, 0.6, 0.8, 1.0):
        parts += [
            f'<path d="M{LEFT} {_y(share):.1f}H{edge}" stroke="#e2e8f0"/>',
            f'<text x="{LEFT - 8}" y="{_y(share) + 4:.1f}" text-anchor="end">{share:.0%}</text>',
        ]
    for share in (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1):
        parts += [
            f'<path d="M{_x(share):.1f} {TOP}V{floor}" stroke="#e2e8f0"/>',
            f'<text x="{_x(share):.1f}" y="{floor + 18}" text-anchor="middle">{share * 100:g} %</text>',
        ]
    return [
        *parts,
        f'<path d="M{LEFT} {TOP}V{floor}H{edge}" fill="none" stroke="#64748b"/>',
        f'<text x="{(LEFT + edge) / 2}" y="{HEIGHT - 10}" text-anchor="middle">{x_title}</text>',
        f'<text x="{LEFT}" y="14">{y_title}</text>',
    ]


def _line(number: int, name: str, points: Sequence[tuple[float, float]]) -> list[str]:
    colour, dash = COLOURS[number % len(COLOURS)], DASHES[number % len(DASHES)]
    path = "L".join(f"{_x(honest):.1f} {_y(thieves):.1f}" for honest, thieves in points)
    label_y = TOP + 16 + number * 22
    return [
        f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="2" stroke-dasharray="{dash}"/>',
        f'<path d="M{WIDTH - RIGHT + 10} {label_y - 4}h26" stroke="{colour}" stroke-width="2" '
        f'stroke-dasharray="{dash}"/>',
        f'<text x="{WIDTH - RIGHT + 42}" y="{label_y}">{name}</text>',
    ]
