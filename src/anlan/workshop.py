"""What judging needs and nothing that stores: catalogue, counters, signals, engine, starter policies."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, cast

from anlan.domain.events import CATALOGUE, Catalogue
from anlan.domain.policies import Policy
from anlan.domain.scenarios import ScenarioBase
from anlan.domain.signals import Signal
from anlan.domain.text_scores import TEXT_MODEL
from anlan.domain.trust import SessionMemory, TakeoverMemory
from anlan.engine.accumulators import Accumulator
from anlan.engine.counter_specs import CounterSpec, load_counters
from anlan.engine.counters import Counters
from anlan.engine.event_types import read_event_types
from anlan.engine.hang import HangGuard
from anlan.engine.pipeline import Engine
from anlan.engine.policies import PolicySet, make_set, read_policies
from anlan.engine.profiles import Profiles
from anlan.engine.signals import Registry
from anlan.errors import InvalidPolicy, InvalidSettings
from anlan.models.llm.chat import ChatStream
from anlan.models.llm.judge import LlmJudge, Terms
from anlan.models.llm.presets import PRESETS, choose_preset
from anlan.models.places import PlaceTable, load_places
from anlan.protections.accounts.after_login import AfterLogin
from anlan.protections.accounts.door import Door
from anlan.protections.accounts.registrations import Registrations
from anlan.protections.accounts.sessions import Sessions
from anlan.protections.content import llm as content_llm
from anlan.protections.content.lexicon import built_in_terms
from anlan.protections.content.model_shelf import ModelShelf
from anlan.protections.content.shelf import LexiconShelf
from anlan.protections.content.signals import bound as bound_to_shelves
from anlan.protections.dialogue.moves import built_in_moves
from anlan.protections.dialogue.window import Dialogues
from anlan.protections.fraud import scenario_signals
from anlan.protections.fraud.recognising import Recogniser
from anlan.protections.fraud.scenario_file import load_scenarios
from anlan.protections.fraud.signs import SignBook
from anlan.protections.fraud.tellings import Encode, shipped_tellings
from anlan.protections.hearing import hear
from anlan.protections.registry import COUNTERS_FILE, installed_protections
from anlan.settings import Settings


class Workshop(NamedTuple):
    """What judging needs, and nothing that stores."""

    catalogue: Catalogue
    specs: tuple[CounterSpec, ...]
    counters: Counters
    accumulators: Mapping[str, Accumulator]
    registry: Registry
    engine: Engine
    llm: LlmJudge | None
    chat: ChatStream | None
    lexicon: LexiconShelf
    models: ModelShelf
    places: PlaceTable
    scenarios: ScenarioBase
    recogniser: Recogniser
    move_titles: Mapping[str, dict[str, str]]

    @property
    def session_memory(self) -> SessionMemory:
        """What is known of sessions, as judging goes on."""
        return cast(SessionMemory, self.accumulators[Sessions.name])

    @property
    def takeover_memory(self) -> TakeoverMemory:
        """How likely somebody else acts in whose name, likewise."""
        return cast(TakeoverMemory, self.accumulators[AfterLogin.name])


def build_workshop(settings: Settings, *, is_for_judging: bool = True) -> Workshop:
    """Catalogue, counters, signals and engine, checked against each other; no policies are in force yet.

    Args:
        is_for_judging: whether texts will be scored, so that the models must be ready, which takes seconds.

    Raises:
        InvalidSettings: a declaration that cannot be used.
    """
    declared = read_event_types(settings.event_types_file) if settings.event_types_file else ()
    catalogue = Catalogue((*CATALOGUE, *declared), settings.max_future_s)
    specs = load_counters(COUNTERS_FILE.read_text("utf-8"), catalogue, COUNTERS_FILE.name)
    if settings.counters_file:
        specs = (*specs, *_own_counters(settings.counters_file, catalogue))
    counters = Counters(specs, settings.max_counter_keys)
    protections = installed_protections()
    accumulators = [make(settings.max_counter_keys) for each in protections for make in each.accumulators]
    places = load_places(settings.data_dir)
    scenarios = load_scenarios(settings.scenarios_dir)
    move_titles = {move.name: move.title for move in built_in_moves().moves}
    signs = SignBook(scenarios.values(), list(move_titles))
    for accumulator in accumulators:
        if isinstance(accumulator, Door | Registrations | Sessions):
            accumulator.look_up_in(places)
        if isinstance(accumulator, Dialogues):
            accumulator.weigh_with(signs)
    signals = [made for each in protections for made in each.signals]
    signals += [made for accumulator in accumulators for made in accumulator.signals]
    llm = build_judge(settings)
    chat = build_chat(settings, llm)
    lexicon = LexiconShelf(built_in_terms())
    models = ModelShelf()
    if is_for_judging:
        models.unpack()
    signals = scenario_signals.bound(bound_to_shelves(content_llm.bound(signals, llm), lexicon, models), signs)
    counted = {spec.name: (_counter_signal(spec), spec.readable_on) for spec in specs}
    registry = Registry(catalogue, signals, counted, {"scenario": scenarios})
    engine = Engine(
        registry,
        {entry.name: counters.for_type(entry.name) for entry in catalogue},
        models={TEXT_MODEL: models.version, "lexicon": lexicon.version},
        deferred_models=content_llm.llm_models(llm),
        profiles=Profiles(settings.max_profiles),
        guard=HangGuard(settings.signal_budget_ms / 1000),
    )
    kept = {accumulator.name: accumulator for accumulator in accumulators}
    return Workshop(catalogue, specs, counters, kept, registry, engine, llm, chat, lexicon, models, places,
                    scenarios, Recogniser(signs, hear, lambda: _encoder_of(models), shipped_tellings()), move_titles)


def _encoder_of(models: ModelShelf) -> Encode | None:
    return models.model.vectors if models.model else None


def build_judge(settings: Settings, prompt_id: str | None = None, terms: Terms | None = None) -> LlmJudge | None:
    """The language model that the settings name; None when they name none. Nothing is asked yet.

    Raises:
        InvalidSettings: a setting that cannot be used.
    """
    if not settings.llm_url:
        return None
    if not settings.llm_model:
        raise InvalidSettings("ANLAN_LLM_MODEL: name the model that ANLAN_LLM_URL serves")
    if settings.llm_preset not in PRESETS:
        raise InvalidSettings(f"ANLAN_LLM_PRESET: choose one of {', '.join(PRESETS)}")
    prompt = content_llm.find_prompt(prompt_id or settings.llm_prompt)
    return LlmJudge(
        settings.llm_url,
        settings.llm_model,
        settings.llm_api_key.get_secret_value(),
        choose_preset(settings.llm_preset, prompt, content_llm.rulebook()),
        terms or _terms(settings),
    )


def build_chat(settings: Settings, judge: LlmJudge | None) -> ChatStream | None:
    """The model that words what the assistant says; None when the settings name none. Shares the judge's budget.

    Raises:
        InvalidSettings: there is no endpoint to ask.
    """
    if not settings.assistant_model:
        return None
    if judge is None:
        raise InvalidSettings("ANLAN_ASSISTANT_MODEL: name the endpoint in ANLAN_LLM_URL, and its ANLAN_LLM_MODEL")
    return ChatStream(
        settings.llm_url, settings.assistant_model, settings.llm_api_key.get_secret_value(), budget=judge.budget,
        timeout_s=settings.llm_timeout_s,
    )


def _terms(settings: Settings) -> Terms:
    return Terms(
        timeout_s=settings.llm_timeout_s, at_once=settings.llm_at_once, calls_per_h=settings.llm_budget_calls_per_h,
        tokens_per_h=settings.llm_budget_tokens_per_h, price_in=settings.llm_price_in_per_million,
        price_out=settings.llm_price_out_per_million,
    )


def _own_counters(path: Path, catalogue: Catalogue) -> tuple[CounterSpec, ...]:
    try:
        text = path.read_text("utf-8")
    except (OSError, ValueError) as error:
        raise InvalidSettings(f"counters file {path} cannot be read: {error}") from error
    return load_counters(text, catalogue, path.name)


def _counter_signal(spec: CounterSpec) -> Signal:
    return Signal(
        name=spec.name, compute=_read_by_step, type="number", reads=("event",), unit=spec.unit, low=0.0,
        title=spec.title, applies_to=tuple(sorted(spec.readable_on)),
    )


def _read_by_step(*_: object) -> None:
    raise AssertionError("counters are read by their steps")


def built_in_policies() -> list[tuple[Policy, str]]:
    """The starter pack: every policy of every protection with the file it stands in.

    Raises:
        InvalidPolicy: a file that cannot be read.
    """
    paths = [protection.policies for protection in installed_protections() if protection.policies]
    return policies_in(paths)


def policies_in(paths: Sequence[Path]) -> list[tuple[Policy, str]]:
    """The policies of these files, unchecked.

    Raises:
        InvalidPolicy: a file that cannot be read.
    """
    found: list[tuple[Policy, str]] = []
    for path in paths:
        try:
            text = path.read_text("utf-8")
        except (OSError, ValueError) as error:
            raise InvalidPolicy(f"{path.name} cannot be read: {error}") from error
        found += [(policy, path.name) for policy in read_policies(text, path.name)]
    return found


def starter_set(registry: Registry) -> PolicySet:
    """The starter pack as a checked set."""
    return make_set(built_in_policies(), registry)
