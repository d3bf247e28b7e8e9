"""Reads the words in pictures by the operator's own service; the picture leaves for it alone and is not kept."""

import httpx
import msgspec
import structlog

from anlan import clock
from anlan.domain.scenarios import Speaker
from anlan.errors import InvalidSettings

TIMEOUT_S = 8.0
MAX_PICTURE_BYTES = 8 * 1024 * 1024
MAX_ANSWER_BYTES = 65_536

log = structlog.get_logger(__name__)


class _Answer(msgspec.Struct, frozen=True):
    text: str


class PictureReader:
    """Posts the bytes of a picture and takes `{"text": ...}`, one line of it for each line in the picture.

    Args:
        url: the operator's own setting, so it may be inside the network; redirects are not followed.

    Raises:
        InvalidSettings: not an http(s) URL.
    """

    def __init__(self, url: str, timeout_s: float = TIMEOUT_S) -> None:
        if not url.startswith(("http://", "https://")):
            raise InvalidSettings("ANLAN_OCR_URL: give the URL of a service that takes pictures by POST")
        self._url, self._timeout_s = url, timeout_s

    def __call__(self, picture: bytes) -> list[tuple[Speaker, str]]:
        """The lines in it, of whom nobody knows who said them; nothing when the service has no answer."""
        if len(picture) > MAX_PICTURE_BYTES:
            return []
        try:
            text = self._ask(picture)
        except (httpx.HTTPError, msgspec.DecodeError, UnicodeError) as error:
            log.warning("picture_not_read", reason=type(error).__name__)
            return []
        return [("unknown", line.strip()) for line in text.splitlines() if line.strip()]

    def _ask(self, picture: bytes) -> str:
        sent = {"content-type": "application/octet-stream", "accept-encoding": "identity"}
        with (
            httpx.Client(trust_env=False, follow_redirects=False, timeout=self._timeout_s) as client,
            client.stream("POST", self._url, content=picture, headers=sent) as answer,
        ):
            answer.raise_for_status()
            held, began = b"", clock.stopwatch()
            for chunk in answer.iter_raw():
                held += chunk
                if len(held) > MAX_ANSWER_BYTES or clock.stopwatch() - began > self._timeout_s:
                    raise httpx.DecodingError(f"more than {MAX_ANSWER_BYTES:,} bytes or {self._timeout_s:g} s")
        return msgspec.json.decode(held, type=_Answer).text
