"""Which API key may do what, how often: keys are looked up by digest in memory, rates are token buckets."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Sequence
from typing import Literal, Protocol

from anlan import clock
from anlan.errors import Forbidden, RateLimited, Unauthorized

Scope = Literal[
    "events:write", "decisions:read", "personal:read", "policies:read", "policies:write", "lists:write",
    "lexicon:write", "deliveries:write", "metrics:read", "reports:write", "sanctions:write", "funds:write",
    "members:write", "accounts:write", "security_events:read", "security_events:write",
    "alerts:write", "circles:write", "assistant:write",
]

SCOPES: dict[Scope, dict[str, str]] = {
    "events:write": {"zh": "发送事件并取得结论", "en": "send events and get verdicts"},
    "decisions:read": {"zh": "读取决定与解释", "en": "read decisions and explanations"},
    "personal:read": {
        "zh": "在决定中查看用户所写的内容与地址（每次查看都会记入审计日志）",
        "en": "see members' words and addresses in decisions (each look is in the audit log)",
    },
    "policies:read": {"zh": "读取策略与信号目录", "en": "read policies and the signal catalogue"},
    "policies:write": {"zh": "提交策略草稿", "en": "submit draft policies"},
    "lists:write": {"zh": "维护名单", "en": "maintain lists"},
    "lexicon:write": {"zh": "读取词库并提出变更", "en": "read the lexicon and propose changes"},
    "deliveries:write": {"zh": "管理接收端与死信", "en": "manage endpoints and dead letters"},
    "metrics:read": {"zh": "抓取监控指标", "en": "scrape metrics"},
    "reports:write": {"zh": "代用户提交举报并查询进度", "en": "file members' reports and follow them"},
    "sanctions:write": {
        "zh": "确认处罚的执行，登记群主与管理员，报告仍在生效的处罚",
        "en": "confirm sanctions, register who runs a group, tell what is in force",
    },
    "funds:write": {"zh": "登记余额与持有物，确认付款", "en": "register balances and holdings, confirm payouts"},
    "members:write": {"zh": "为用户生成其个人页面的链接", "en": "make links to members' own pages"},
    "accounts:write": {
        "zh": "核验账号操作、发起验证、登记找回所需资料",
        "en": "check acts of accounts, start challenges, register what recovery needs",
    },
    "security_events:read": {"zh": "领取安全事件令牌", "en": "poll security event tokens"},
    "security_events:write": {
        "zh": "管理安全事件流并送入令牌", "en": "manage streams and send in security event tokens",
    },
    "alerts:write": {
        "zh": "读取风险提醒与关怀卡片，报告用户的反应与暂缓付款的结果",
        "en": "read alerts and care cards, tell what members did with them and what became of paused payments",
    },
    "circles:write": {"zh": "代用户管理守护圈", "en": "keep members' circles on their behalf"},
    "assistant:write": {"zh": "代用户与安全助手对话", "en": "talk with the assistant on members' behalf"},
}

RELOAD_EVERY_S = 10.0
LOOK_AGAIN_S = 0.2
"""A key that is not known may have been made a moment ago; so often at most it is looked for in the store."""
BURST_S = 2.0
"""A key that was idle may send this many seconds' worth at once."""


class ApiKey(Protocol):
    """A stored key, without its secret."""

    @property
    def id(self) -> str: ...
    @property
    def secret_hash(self) -> str: ...
    @property
    def scopes(self) -> Sequence[str]: ...
    @property
    def rate_per_s(self) -> float: ...


class _Bucket:
    __slots__ = ("key", "level", "updated_at")

    def __init__(self, key: ApiKey) -> None:
        self.key = key
        self.level = key.rate_per_s * BURST_S
        self.updated_at = clock.stopwatch()

    def take(self, cost: float) -> float:
        """Take `cost` tokens; seconds to wait if they are not there, else 0."""
        now = clock.stopwatch()
        rate = self.key.rate_per_s
        self.level = min(rate * BURST_S, self.level + (now - self.updated_at) * rate)
        self.updated_at = now
        # A batch larger than the burst goes through once the bucket is full, and leaves a debt.
        if self.level < min(cost, rate * BURST_S):
            return (min(cost, rate * BURST_S) - self.level) / rate
        self.level -= cost
        return 0.0


class Gate:
    """Lets a request in or says why not.

    Args:
        load: reads the keys that are not revoked; asked again every `RELOAD_EVERY_S` seconds, and for an unknown key.
    """

    def __init__(self, load: Callable[[], Awaitable[Sequence[ApiKey]]]) -> None:
        self._load = load
        self._buckets: dict[str, _Bucket] = {}
        self._loaded_at = float("-inf")
        self._looking = asyncio.Lock()

    async def admit(self, authorization: bytes | str | None, scope: Scope, cost: float = 1.0) -> ApiKey:
        """The key that sent `authorization`.

        Args:
            authorization: the header's value, `Bearer <key>`.
            cost: events that the request carries.

        Raises:
            Unauthorized, Forbidden, RateLimited.
        """
        text = authorization.decode("latin-1") if isinstance(authorization, bytes) else authorization or ""
        scheme, _, secret = text.partition(" ")
        if scheme.lower() != "bearer" or not secret:
            raise Unauthorized("send the header 'Authorization: Bearer <key>'; make a key with 'anlan key create'")
        bucket = await self._find(hashlib.sha256(secret.strip().encode("latin-1", "replace")).hexdigest())
        if bucket is None:
            raise Unauthorized("this API key is not known or was revoked; make one with 'anlan key create'")
        if scope not in bucket.key.scopes:
            raise Forbidden(f"this API key lacks the scope {scope}")
        wait_s = bucket.take(cost)
        if wait_s:
            raise RateLimited(
                f"this key may send {bucket.key.rate_per_s:g} a second; come back in {wait_s:.2f} s",
                retry_after_s=round(wait_s, 3),
            )
        return bucket.key

    async def _find(self, digest: str) -> _Bucket | None:
        if self._buckets and clock.stopwatch() - self._loaded_at > RELOAD_EVERY_S:
            self._loaded_at = clock.stopwatch()  # one request asks; the others go on with what is known
            await self.reload()
        if digest not in self._buckets:
            async with self._looking:  # whoever comes meanwhile waits too, instead of finding no key
                if digest not in self._buckets and clock.stopwatch() - self._loaded_at > LOOK_AGAIN_S:
                    await self.reload()
        return self._buckets.get(digest)

    async def reload(self) -> None:
        """Read the keys again; buckets of keys that stay keep their level."""
        kept = {key.secret_hash: key for key in await self._load()}
        self._loaded_at = clock.stopwatch()
        for digest, key in kept.items():
            bucket = self._buckets.get(digest)
            if bucket is None:
                self._buckets[digest] = _Bucket(key)
            else:
                bucket.key = key
        for digest in self._buckets.keys() - kept.keys():
            del self._buckets[digest]
