"""Every setting, read from `ANLAN_*` environment variables or a `.env` file; defaults run the embedded demo."""

from pathlib import Path

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from anlan.errors import InvalidSettings


class Settings(BaseSettings):
    """What an operator may change. Durations carry their unit in the name."""

    model_config = SettingsConfigDict(env_prefix="ANLAN_", env_file=".env", extra="ignore")

    data_dir: Path = Path("var")
    database_url: str = Field("", description="SQLAlchemy URL; empty for SQLite in data_dir")
    host: str = "127.0.0.1"
    port: int = 8030
    public_url: str = Field("", description="how browsers reach the console; empty for http://host:port")
    policies_dir: Path | None = Field(None, description="an operator's own policies, beside the built-in ones")
    event_types_file: Path | None = Field(None, description="an operator's own event types (YAML)")
    counters_file: Path | None = Field(None, description="an operator's own counters (YAML)")
    time_zone: str = "Asia/Shanghai"
    require_second_factor: bool = True
    allow_http_endpoints: bool = Field(False, description="deliver webhooks over plain HTTP and to private addresses")

    signal_budget_ms: float = Field(250.0, gt=0, description="wall time after which an inline signal counts as hung")
    max_future_s: float = Field(600.0, gt=0, description="how far an event's time may lie ahead of this clock")
    commit_backlog: int = Field(10_000, gt=0, description="judged events that may wait for the store")
    max_counter_keys: int = Field(200_000, gt=0, description="keys each counter remembers at most")
    max_profiles: int = Field(200_000, gt=0, description="entities whose facts are kept in memory")
    duckdb_memory_mb: int = Field(1_024, gt=0)

    personal_days: float = Field(180.0, gt=0, description="after this, personal and sensitive fields are gone")

    @property
    def store_url(self) -> str:
        """The database that is used."""
        return self.database_url or f"sqlite:///{self.data_dir / 'anlan.db'}"

    @property
    def journal_dir(self) -> Path:
        """Where the Parquet segments lie."""
        return self.data_dir / "journal"

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
