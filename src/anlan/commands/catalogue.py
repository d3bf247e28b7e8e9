"""`anlan signals`: what a policy's condition may name."""

import click
import msgspec

from anlan.commands.screen import OUT, clear_errors, table
from anlan.errors import NotFound
from anlan.settings import read_settings
from anlan.workshop import build_workshop


@click.command()
@click.option("--on", "event_type", help="Only those that can be asked on this event type.")
@click.option("--language", type=click.Choice(["zh", "en"]), default="en", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line instead of a table.")
def signals(event_type: str | None, language: str, *, as_json: bool) -> None:
    """List the signal catalogue."""
    with clear_errors():
        registry = build_workshop(read_settings(), is_for_judging=False).registry
        if event_type is not None and event_type not in registry.catalogue:
            names = ", ".join(entry.name for entry in registry.catalogue)
            raise NotFound(f"no event type {event_type!r}; choose one of {names}")
    types = registry.types_on((event_type,) if event_type else ())
    shown = table(f"{len(types)} signals", "name", "type", "range", "unit", "cost", "what it says")
    for name in sorted(types):
        made = registry.by_name[name]
        if as_json:
            line = {k: getattr(made, k) for k in ("name", "type", "unit", "low", "high", "choices", "cost", "title")}
            click.echo(msgspec.json.encode(line))
            continue
        bounds = ("" if end is None else f"{end:g}" for end in (made.low, made.high))
        span = " ".join(made.choices) if made.choices else "..".join(bounds) if made.low is not None else ""
        shown.add_row(name, made.type, span, made.unit, made.cost, made.title.get(language, ""))
    if not as_json:
        OUT.print(shown)
