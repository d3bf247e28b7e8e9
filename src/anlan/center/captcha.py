"""Whether an operator's captcha was solved, as its own service says; what cannot be asked is not solved."""

import httpx

from anlan.errors import Unavailable

TIMEOUT_S = 5.0


class Captcha:
    """A verify endpoint that takes `secret`, `response` and `remoteip` as a form and answers `{"success": true}`, as
    those of the common services do.

    Args:
        url: of the endpoint; the operator's own setting, so it may be inside the network.
    """

    def __init__(self, url: str, secret: str) -> None:
        self._url = url
        self._secret = secret

    def is_solved(self, response: str, ip: str) -> bool:
        """Ask the service.

        Raises:
            Unavailable: it did not answer as agreed.
        """
        form = {"secret": self._secret, "response": response, **({"remoteip": ip} if ip else {})}
        try:
            answer = httpx.post(self._url, data=form, timeout=TIMEOUT_S)
            answer.raise_for_status()
            said = answer.json()
        except (httpx.HTTPError, ValueError) as error:
            raise Unavailable(
                "the captcha service does not answer; try again, or choose another way",
                zh="人机验证服务暂不可用，请重试或换一种方式",
                en="The captcha service does not answer. Try again, or choose another way.",
            ) from error
        return isinstance(said, dict) and said.get("success") is True
