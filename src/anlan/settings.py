"""Every setting, read from `ANLAN_*` environment variables or a `.env` file; defaults run the embedded demo."""

from pathlib import Path

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from anlan.errors import InvalidSettings


class Settings(BaseSettings):
    """What an operator may change. Durations carry their unit in the name."""

    model_config = SettingsConfigDict(env_prefix="ANLAN_", env_file=".env", extra="ignore")

    data_dir: Path = Field(Path("var"), description="the store, the journal and the key that seals sensitive fields")
    database_url: str = Field("", description="SQLAlchemy URL; empty for SQLite in data_dir")
    host: str = Field("127.0.0.1", description="address to listen on; put a TLS proxy before any other")
    port: int = Field(8030, description="port to listen on")
    public_url: str = Field("", description="how browsers reach the console; empty for http://host:port")
    policies_dir: Path | None = Field(None, description="an operator's own policies, beside the built-in ones")
    event_types_file: Path | None = Field(None, description="an operator's own event types (YAML)")
    counters_file: Path | None = Field(None, description="an operator's own counters (YAML)")
    time_zone: str = Field("Asia/Shanghai", description="in which the console shows times")
    desk_hours: str = Field("09:00-18:00", description="when the desk works, for queues that count working time")
    desk_days_off: str = Field("", description="dates without work beside weekends, such as 2026-10-01, 2026-10-02")
    desk_days_on: str = Field("", description="weekend dates that are worked, such as 2026-10-10")
    require_second_factor: bool = Field(True, description="nobody signs in without an authenticator")
    allow_http_endpoints: bool = Field(False, description="deliver webhooks over plain HTTP and to private addresses")

    signal_budget_ms: float = Field(250.0, gt=0, description="wall time after which an inline signal counts as hung")
    max_future_s: float = Field(600.0, gt=0, description="how far an event's time may lie ahead of this clock")
    commit_backlog: int = Field(10_000, gt=0, description="judged events that may wait for the store")
    max_counter_keys: int = Field(200_000, gt=0, description="keys each counter remembers at most")
    max_profiles: int = Field(200_000, gt=0, description="entities whose facts are kept in memory")
    duckdb_memory_mb: int = Field(1_024, gt=0, description="for backtests and investigations together")

    reminder_risk: float = Field(0.05, ge=0, le=1, description="from this risk of a sign-in on, its owner is told")
    access_rules_file: Path | None = Field(None, description="which act needs which trust; none for those that ship")
    scenarios_dir: Path | None = Field(None, description="an operator's own fraud scenarios, beside the built-in ones")
    hotlines_file: Path | None = Field(None, description="whom members may call (YAML); none for those that ship")
    alert_control_share: float = Field(
        0.0, ge=0, le=0.5, description="of members, who are told nothing of a scenario, so that its effect can be known"
    )
    personal_days: float = Field(180.0, gt=0, description="after this, personal and sensitive fields are gone")

    oidc_issuer: str = Field("", description="OpenID provider that members may come in by; empty for none")
    oidc_client_id: str = Field("", description="what that provider knows Anlan by")
    oidc_client_secret: SecretStr = Field(SecretStr(""), description="of that client; empty for a public one")
    oidc_account_claim: str = Field("sub", description="the claim of its id tokens that names accounts as events do")
    oidc_scope: str = Field("openid", description="what it is asked for; begins with openid")
    neutral_url: str = Field("https://www.weather.com.cn/", description="where a hurried exit from a circle leads")
    embed_origins: str = Field("", description="sites that may show members' pages in a frame, comma-separated origins")

    identity_url: str = Field("", description="where claimants confirm an identity document; empty for nowhere")
    captcha_url: str = Field("", description="verify endpoint of the operator's captcha; empty for none")
    captcha_secret: SecretStr = Field(SecretStr(""), description="what that endpoint knows this platform by")

    llm_url: str = Field("", description="base URL of an OpenAI-compatible API, with /v1; empty for none")
    llm_model: str = Field("", description="the model's name there")
    llm_api_key: SecretStr = Field(SecretStr(""), description="sent as a bearer token; empty for none")
    llm_preset: str = Field("prompted", description="prompted, qwen3guard, llama_guard, shieldgemma, gpt_oss_safeguard")
    llm_prompt: str = Field("grey_band", description="id of the prompt that the preset `prompted` asks with")
    assistant_model: str = Field("", description="at ANLAN_LLM_URL, words what the assistant says; empty for none")
    ocr_url: str = Field("", description="reads pictures of chats: POST of bytes, JSON {text}; empty for none")
    llm_timeout_s: float = Field(10.0, gt=0, le=20, description="for one call to the model, from start to end")
    llm_at_once: int = Field(4, ge=1, le=64, description="questions on their way to the model at the same time")
    llm_budget_calls_per_h: int = Field(1_000, ge=0, description="calls to the model an hour, tries again included")
    llm_budget_tokens_per_h: int = Field(2_000_000, ge=0, description="tokens read and written an hour")
    llm_price_in_per_million: float = Field(0.0, ge=0, description="money for a million tokens read")
    llm_price_out_per_million: float = Field(0.0, ge=0, description="money for a million tokens written")

    @property
    def store_url(self) -> str:
        """The database that is used."""
        return self.database_url or f"sqlite:///{self.data_dir / 'anlan.db'}"

    @property
    def journal_dir(self) -> Path:
        """Where the Parquet segments lie."""
        return self.data_dir / "journal"

    @property
    def passwords_file(self) -> Path:
        """The set of leaked passwords that was imported."""
        return self.data_dir / "passwords.set"

    @property
    def candidates_dir(self) -> Path:
        """Where text models lie that were made from judgements, a folder for each version."""
        return self.data_dir / "models" / "candidates"

    @property
    def address(self) -> str:
        """How browsers reach the console."""
        return self.public_url or f"http://{self.host}:{self.port}"


def read_settings() -> Settings:
    """The settings of this process.

    Raises:
        InvalidSettings: naming each variable that cannot be used.
    """
    try:
        return Settings()  # type: ignore[call-arg,unused-ignore]  # every field has a default
    except ValidationError as error:
        faults = [f"ANLAN_{'_'.join(map(str, fault['loc'])).upper()}: {fault['msg']}" for fault in error.errors()]
        raise InvalidSettings("; ".join(faults)) from error
