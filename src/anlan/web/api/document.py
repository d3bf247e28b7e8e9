"""The OpenAPI 3.1 document: FastAPI's account of its routes, the verdict routes by hand, every schema from a struct."""

import inspect
from collections.abc import Iterable
from typing import Any

import msgspec
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from anlan import __version__
from anlan.app import House
from anlan.center.passwords import PasswordChecked
from anlan.desk.report_filing import ReportFiling
from anlan.domain.decisions import VerdictAnswer
from anlan.domain.events import MAX_EVENT_BYTES, Envelope, EventType
from anlan.domain.lists import ListEntry
from anlan.domain.terms import Term
from anlan.domain.text_evidence import TextExplained
from anlan.domain.transfer_messages import ReasonOffered
from anlan.engine.journal_reports import BacktestReport, Investigation
from anlan.web.api import (
    access_checks,
    alerts,
    care_cards,
    catalogue,
    challenges,
    circles,
    consultations,
    containments,
    decisions,
    deliveries,
    errands,
    explanations,
    funds,
    health,
    lexicon,
    lists,
    members,
    passwords,
    policies,
    questions,
    recoveries,
    reports,
    sanctions,
    security,
    security_events,
    texts,
    transfers,
)
from anlan.web.api.access import SCOPES
from anlan.web.api.documented import COMMON_PROBLEMS, problem_response
from anlan.web.api.problems import Problem
from anlan.web.api.verdicts import MAX_BATCH_BYTES, MAX_BATCH_EVENTS

TAGS = {
    "events": "What happens on the platform; the answer is the verdict.",
    "decisions": "What was decided, and why.",
    "texts": "How a text reads, and what made its scores.",
    "policies": "Policies are data: YAML with a SQL condition over signals.",
    "questions": "Backtests and investigations over the journal.",
    "catalogue": "Event types and signals.",
    "lists": "Allow, block and watch lists.",
    "lexicon": "Terms that hint at harm, and changes of them.",
    "deliveries": "Webhooks, dead letters, refused events.",
    "members": "Members' own pages.",
    "accounts": "How accounts are kept safe.",
    "recoveries": "Accounts that their owners lost, and how they come back.",
    "alerts": "What members are warned of, and what they make of it.",
    "transfers": "Payments that wait for a second thought.",
    "reports": "What members report, and what became of it.",
    "sanctions": "Sanctions as the platform carries them out, who runs a group, statements of reasons.",
    "consultations": "Members' talks with the assistant.",
    "circles": "Who looks out for whom, and what they agreed to.",
    "funds": "What members have, what is held of it, and payouts.",
    "security events": "Security event tokens (RFC 8417): streams, poll, and what partners push to us.",
    "health": "For load balancers and monitoring.",
}

DESCRIPTION = f"""
Anlan judges what happens on a platform as it happens. Send events, act on verdicts, read back why.

Every request but the health checks carries an API key (`Authorization: Bearer anlan_...`), made with
`anlan key create`. Scopes: {"; ".join(f"`{scope}`: {title['en']}" for scope, title in SCOPES.items())}.

Errors are problem details (RFC 9457) with a stable `code`. Times in answers are seconds since the epoch (UTC);
in events they are RFC 3339 with a zone.
"""


SCHEMAS = (
    Problem, VerdictAnswer, decisions.DecisionPage, explanations.EventExplained, texts.TextQuestion,
    TextExplained, policies.PolicyList,
    policies.PolicyVersionShown, policies.PolicyText, policies.PolicyCheck, policies.Drafted,
    questions.BacktestQuestion, questions.EventsQuestion, BacktestReport, Investigation, catalogue.SignalList,
    catalogue.EventTypeList, lists.ListSizes, lists.ListPage, lists.ListChange, ListEntry, lexicon.TermPage,
    lexicon.TermShown, lexicon.TermsProposed, lexicon.LexiconChanges, lexicon.LexiconChange,
    lexicon.LexiconChangeDetails, lexicon.TermEdit, Term, deliveries.EndpointList,
    deliveries.EndpointShown, deliveries.EndpointSecret, deliveries.NewEndpoint, deliveries.EndpointChange,
    deliveries.DeadLetterList, deliveries.Replay, deliveries.Replayed, deliveries.RefusedPage, ReportFiling,
    reports.ReportAnswer, reports.ReportShown, reports.ReasonList, reports.ReporterStanding, funds.HoldingsCounted,
    funds.HoldingsShown, funds.PayoutShown, funds.PayoutConfirmed, funds.PayoutFailed, health.Health,
    challenges.ChallengeWanted, challenges.ChallengeMade, challenges.ChallengeShown, challenges.ChallengeAnswer,
    challenges.ChallengeAnswered, challenges.CodeAsked, challenges.ChallengeUse,
    recoveries.RecoveryFacts, recoveries.RecoveryFactsKept, recoveries.ClaimOpening, recoveries.ClaimOpened,
    recoveries.ClaimShown, recoveries.ClaimAnswer, recoveries.ClaimToken, recoveries.DocumentChecked,
    recoveries.ClaimStopped,
    consultations.ConsultationWanted, consultations.WordsSaid, consultations.ActTaken, consultations.ConsultationShown,
    alerts.AlertList, alerts.AlertShown, alerts.AlertAnswered, alerts.ScenarioList,
    care_cards.CareCardList, members.LinkWanted, members.LinkMade,
    sanctions.RosterTold, sanctions.RosterShown, sanctions.SanctionShown,
    sanctions.SanctionList, sanctions.Done, sanctions.Refused, sanctions.PlatformTold, sanctions.PlatformCompared,
    sanctions.StatementPage, access_checks.AccessAsked, access_checks.AccessAnswer,
    security.AccountSecurity, security.SessionsEnded, security.SessionsConfirmed,
    containments.ContainmentWanted, containments.ContainmentShown, containments.StepsDone, containments.StepsRefused,
    containments.ContainmentEnded,
    security_events.StreamWantedBody, security_events.StreamChange, security_events.StreamShown,
    security_events.StreamState, security_events.VerificationWanted, security_events.PollQuestion,
    security_events.PollAnswer, security_events.KeySet, security_events.TransmitterConfiguration,
    circles.CircleInvitationWanted, circles.CircleInvitationMade, circles.CircleConsent, circles.CircleMember,
    circles.CircleBlock, circles.CircleSafety, circles.CircleAnswer, circles.CircleShown, circles.CircleWarningShown,
    passwords.PasswordQuestion, PasswordChecked,
    transfers.TransferReason, transfers.TransferShown, transfers.TransferList, ReasonOffered,
    errands.ErrandShown, errands.ErrandAnswered,
)


def describe(app: FastAPI, house: House) -> dict[str, Any]:
    """The whole document, as plain data."""
    document = get_openapi(
        title="Anlan", version=__version__, openapi_version="3.1.0", description=DESCRIPTION.strip(), routes=app.routes,
        servers=[{"url": house.settings.address}],
        tags=[{"name": name, "description": text} for name, text in TAGS.items()],
    )
    _forget_validation_errors(document)
    types = list(house.registry.catalogue)
    document["paths"] = {**_verdict_paths(types), **document["paths"]}
    document["paths"]["/metrics"]["get"]["responses"]["200"]["content"] = {"text/plain": {"schema": {"type": "string"}}}
    document["components"] = {
        "schemas": _schemas(types),
        "securitySchemes": {
            "bearer": {"type": "http", "scheme": "bearer", "description": "An API key from `anlan key create`."}
        },
    }
    return document


def _forget_validation_errors(document: dict[str, Any]) -> None:
    """FastAPI tells of its own error shape; ours is a problem with status 400."""
    for operations in document["paths"].values():
        for operation in operations.values():
            if "HTTPValidationError" in str(operation["responses"].get("422")):
                del operation["responses"]["422"]


def _schemas(types: Iterable[EventType]) -> dict[str, Any]:
    template = "#/components/schemas/{name}"
    structs = [*SCHEMAS, *(entry.data for entry in types), Envelope]
    _, made = msgspec.json.schema_components(structs, ref_template=template)
    envelope = made.pop("Envelope")
    made["Problem"]["additionalProperties"] = True
    names = {entry.name: f"{entry.data.__name__}Event" for entry in types}
    for entry in types:
        made[names[entry.name]] = _event_schema(entry, envelope)
    made["Event"] = {
        "title": "Event",
        "description": f"A CloudEvents 1.0 event of at most {MAX_EVENT_BYTES:,} bytes; its `type` says what `data` is.",
        "oneOf": [{"$ref": template.format(name=name)} for name in names.values()],
        "discriminator": {
            "propertyName": "type", "mapping": {type_: template.format(name=name) for type_, name in names.items()}
        },
    }
    for schema in made.values():
        if "description" in schema:
            schema["description"] = inspect.cleandoc(schema["description"])
    return made


def _event_schema(entry: EventType, envelope: dict[str, Any]) -> dict[str, Any]:
    fixed = {
        "type": {"const": entry.name},
        "data": {"$ref": f"#/components/schemas/{entry.data.__name__}"},
        "dataschema": {"enum": [entry.schema_uri, None], "description": "Leave it out for the current version."},
    }
    return {
        **envelope,
        "title": f"{entry.name} event",
        "description": entry.data.__doc__ or entry.name,
        "properties": {**envelope["properties"], **fixed},
        "examples": [example_event(entry)],
    }


def example_event(entry: EventType) -> dict[str, Any]:
    """A small event of this type that would be accepted."""
    schema = msgspec.json.schema(entry.data)
    fields = next(iter(schema["$defs"].values()))
    wanted = [*fields["required"], *(name for name in entry.text_fields if name not in fields["required"])]
    data = {name: _example_value(name, fields["properties"][name]) for name in wanted}
    return {"specversion": "1.0", "id": "evt-1", "source": "im.example", "type": entry.name, "data": data}


def _example_value(name: str, schema: dict[str, Any]) -> Any:
    if "anyOf" in schema:
        schema = schema["anyOf"][0]
    if "enum" in schema:
        return schema["enum"][0]
    if schema["type"] == "boolean":
        return True
    return 1 if schema["type"] in ("integer", "number") else f"{name}-1"


def _verdict_paths(types: Iterable[EventType]) -> dict[str, Any]:
    event = {"$ref": "#/components/schemas/Event"}
    examples = {entry.name: {"value": example_event(entry)} for entry in types}
    deadline = {
        "name": "deadline_ms", "in": "query", "schema": {"type": "number", "minimum": 1, "maximum": 60_000},
        "description": "Answer 504 when the verdict is not durable within this time; it is kept all the same.",
    }
    failures = {str(code): problem_response(code) for code in (*COMMON_PROBLEMS, 413, 500)}
    one = {
        "tags": ["events"], "summary": "Send an event, get its verdict", "operationId": "send_event",
        "description": "Idempotent by (source, id): the same event gets the stored decision.",
        "security": [{"bearer": ["events:write"]}],
        "parameters": [deadline],
        "requestBody": {"required": True, "content": {"application/json": {"schema": event, "examples": examples}}},
        "responses": {
            "200": {
                "description": "The verdict.",
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/VerdictAnswer"}}},
            },
            **failures, "422": problem_response(422), "504": problem_response(504),
        },
    }
    lines = {"application/x-ndjson": {"schema": {"type": "string", "minLength": 1, "pattern": r"\S"}}}
    batch = {
        "tags": ["events"], "summary": "Send many events", "operationId": "send_events",
        "description": (
            f"One event a line, at most {MAX_BATCH_EVENTS:,} and {MAX_BATCH_BYTES >> 20} MiB. The answer has one line "
            "for each, in order: a verdict, or a problem for an event that was refused. A bad line stops nothing."
        ),
        "security": [{"bearer": ["events:write"]}],
        "requestBody": {"required": True, "content": lines},
        "responses": {"200": {"description": "One line each.", "content": lines}, **failures},
    }
    return {"/v1/events": {"post": one}, "/v1/events:batch": {"post": batch}}
