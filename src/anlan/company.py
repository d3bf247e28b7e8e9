"""Opens what stands beside members: alerts, circles, transfers, assistant, cards; `app.py` gives it the house."""

from anlan.center.alert_figures import WrongAlertWatch
from anlan.center.alerted_payments import AlertedPayments
from anlan.center.alerts import Alerts
from anlan.center.assistant.acts import TalkActs
from anlan.center.assistant.handover import Handover
from anlan.center.assistant.people import People
from anlan.center.assistant.pictures import PictureReader
from anlan.center.assistant.talks import Assistant
from anlan.center.assistant.wording import ModelWording
from anlan.center.card_file import load_cards
from anlan.center.care_cards import CareCards
from anlan.center.circle_warnings import CircleWarnings
from anlan.center.circles import Circles
from anlan.center.entrance import Entrance
from anlan.center.errands import Errands
from anlan.center.followers import AlertFollower
from anlan.center.hotline_file import load_hotlines
from anlan.center.identity_provider import Client, IdentityProvider
from anlan.center.own_data import OwnData
from anlan.center.safety import Safety
from anlan.center.transfer_help import TransferHelp
from anlan.center.transfers import Transfers
from anlan.desk.reports import Reports
from anlan.rounds import Round
from anlan.settings import Settings
from anlan.store.database import Database
from anlan.store.facts import Facts
from anlan.store.retention import RetentionDays
from anlan.store.vault import Codec, Vault
from anlan.workshop import Workshop


class Company:
    """The parts and who hears of what.

    Attributes:
        called_rounds: by kind of action, made at once when a commit orders one.
        rounds: made every few seconds, also for what other processes committed.
    """

    def __init__(
        self, settings: Settings, database: Database, workshop: Workshop, reports: Reports, safety: Safety
    ) -> None:
        codec, scenarios = Codec(database.vault), workshop.scenarios
        self.own_data = OwnData(
            database, workshop.catalogue.types, RetentionDays(personal_days=settings.personal_days)
        )
        self.entrance = _open_entrance(settings, database.vault) if settings.oidc_issuer else None
        self.hotlines = load_hotlines(settings.hotlines_file)
        self.circles = Circles(database, codec, settings.address)
        self.circle_warnings = CircleWarnings(database, scenarios, settings.address)
        followers: tuple[AlertFollower, ...] = (self.circle_warnings.on_alerts_raised,)
        self.alerts = Alerts(
            database, scenarios, followers, address=settings.address, zone=settings.time_zone,
            control_share=settings.alert_control_share,
        )
        self.transfers = Transfers(database, codec, scenarios, self.circles)
        self.transfer_help = TransferHelp(self.transfers, self.circles)
        self.wording = ModelWording(workshop.chat) if workshop.chat else None
        self.assistant = Assistant(
            database, scenarios, workshop.recogniser, self.hotlines, Facts(database, codec), People(database.vault),
            read_image=PictureReader(settings.ocr_url) if settings.ocr_url else None, wording=self.wording,
        )
        self.errands = Errands(database)
        self.talk_acts = TalkActs(database, self.assistant, reports, safety, self.errands, settings.address)
        self.handover = Handover(database, settings.address)
        self.care_cards = CareCards(database, codec, load_cards(), settings.address)
        self.called_rounds: dict[str, Round] = {
            "alert": self.alerts.take_in, "cool_down": self.transfers.take_in,
            "care_card": self.care_cards.take_in,
        }
        self.rounds: tuple[Round, ...] = (
            self.alerts.take_in, self.transfers.take_in, self.care_cards.take_in, self.circles.round,
            self.transfers.round, self.talk_acts.round, self.errands.round,
            AlertedPayments(database, settings.time_zone).take_in,
            WrongAlertWatch(database, settings.time_zone).round,
        )


def _open_entrance(settings: Settings, vault: Vault) -> Entrance:
    client = Client(
        issuer=settings.oidc_issuer, id=settings.oidc_client_id,
        secret=settings.oidc_client_secret.get_secret_value(), account_claim=settings.oidc_account_claim,
        scope=settings.oidc_scope, returns_to=f"{settings.address}/me/enter/back",
        allows_http=settings.allow_http_endpoints,
    )
    return Entrance(vault, IdentityProvider(client))


