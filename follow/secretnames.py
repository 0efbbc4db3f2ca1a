"""Which names hold secrets: a name is split into its words, and these are looked up."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable

SECRETS = (
    *("password", "passwords", "passwd", "passphrase", "passcode", "pwd", "pw", "userpass", "dbpass", "mysqlpwd"),
    *("secret", "secrets", "credential", "credentials", "token", "tokens", "jwt", "bearer", "oauth", "otp", "totp"),
    *("apikeys", "accesskeys", "secretkeys", "privatekeys", "sshkeys", "sessions"),
    *("apikey", "accesskey", "secretkey", "privatekey", "signingkey", "encryptionkey", "masterkey", "sshkey"),
    *("auth", "authorization", "authentication", "cookie", "cookies", "session", "sessionid", "csrf", "xsrf"),
    *("csrftoken", "connectionstring", "dsn", "pin", "ssn", "socialsecurity", "creditcard", "cardnumber", "cvv", "cvc"),
)
"""The names of what is mostly kept secret, for ``FollowConfig(redact=follow.SECRETS)``; more can be added to it."""

_BORDERS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=[^\W\d_])(?=\d)|(?<=\d)(?=[^\W\d_])|[\W_]+")
_LONGEST = 200
"""What is longer than this is no name."""


def words(name: str) -> list[str]:
    """The words of a name: ``"db_password"``, ``"x-api-key"``, ``"mySecretKey2"`` in lower case."""
    return [word.casefold() for word in _BORDERS.split(name) if word]


class SecretNames:
    """Tells whether a name is one of those that hold secrets.

    A name is one of them if one of its words is, or several that stand next to each other are when they
    are joined: ``api_key`` is ``apikey``, but ``obsession`` is not ``session``.

    Arguments:
        names: in any spelling.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._names = frozenset("".join(words(name)) for name in names)
        self.hides = functools.lru_cache(4096)(self._hides)
        """Whether what a name stands for is hidden."""

    def _hides(self, name: str) -> bool:
        if len(name) > _LONGEST:
            return False
        found = words(name)
        ends = range(1, len(found) + 1)
        return any("".join(found[start:end]) in self._names for end in ends for start in range(end))

    def __bool__(self) -> bool:
        return bool(self._names)


@functools.lru_cache(64)
def secret_names(redact: tuple[object, ...]) -> SecretNames:
    """The names in a configuration's ``redact``."""
    return SecretNames(item for item in redact if isinstance(item, str))
