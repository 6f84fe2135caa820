"""Asking once more where a login was rejected and another one is known by then.

| rejected was | what is done with the newer login |
| --- | --- |
| a client or connection that was being made, whatever for | it is made once more: nothing had been asked of it |
| a question | it is asked once more, with new clients |
| a change that says the same when it is made twice | it is made once more, if two seconds have not passed since |
| any other change, and what is read piece by piece | the error is raised; whoever tries again meets new clients |

Once more, never twice: a second login that is rejected within one question is for a person. Where the login is as it
was, the error is raised as ever, and says that it was read again.

Example: a deny rule is asked for at 0.0 s, the login is rejected at 0.2 s, the secret holds another one, a client is
connected with it at 0.6 s: the rule is asked for once more, and that is over at 12.6 s at the latest. Connected at
2.5 s it is not: who asks had the lease and the epoch at 0.0 s, and may no longer have them when the answer comes.

Invariant: the second try of a change ends within half the shortest lease of when its authority was checked:
``AGAIN_WITHIN`` + ``CHANGE_TIMEOUT`` + ``MARGIN`` = 14 s < 15 s.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate, Protocol

from drctl.drivers.kafka.login import KeptLogin, Login
from drctl.errors import Unauthenticated

if TYPE_CHECKING:
    from drctl.drivers.kafka.site import KafkaSite

AGAIN_WITHIN = 2.0
"""Seconds since a change was first asked for in which it may be asked for once more."""


class AtSite(Protocol):
    """A driver of one site's port."""

    @property
    def site(self) -> "KafkaSite":
        """Where it asks."""
        ...


def logged_in[T](kept: KeptLogin, made: Callable[[Login], T]) -> T:
    """Make a client with the newest login, and once more if that is rejected and another one is known by then."""
    login = kept.newest()
    try:
        return made(login)
    except Unauthenticated:
        if not kept.renew(login):
            raise
        return made(kept.known())


def asked_again[S: AtSite, **P, T](question: Callable[Concatenate[S, P], T]) -> Callable[Concatenate[S, P], T]:
    """Let a method that changes nothing be asked once more with a renewed login."""

    @wraps(question)
    def asked(self: S, /, *args: P.args, **kwargs: P.kwargs) -> T:
        login = self.site.login_asked
        try:
            return question(self, *args, **kwargs)
        except Unauthenticated as rejected:
            if rejected.is_asked_twice or not self.site.renew_login(login):
                raise
            with _last():
                return question(self, *args, **kwargs)

    return asked


def done_again[S: AtSite, **P, T](change: Callable[Concatenate[S, P], T]) -> Callable[Concatenate[S, P], T]:
    """Let a method whose change may be made twice be done once more with a renewed login, if that is soon."""

    @wraps(change)
    def done(self: S, /, *args: P.args, **kwargs: P.kwargs) -> T:
        began, login = time.monotonic(), self.site.login_asked
        try:
            return change(self, *args, **kwargs)
        except Unauthenticated as rejected:
            if rejected.is_asked_twice or not self.site.renew_login(login):
                raise
            with _last():
                self.site.admin()  # to connect takes time, too, and has to be over before the time is looked at
                if time.monotonic() - began > AGAIN_WITHIN:
                    raise
                return change(self, *args, **kwargs)

    return done


@contextmanager
def _last() -> Iterator[None]:
    """Mark a rejection within, so that who called the question that was asked does not ask once more, too."""
    try:
        yield
    except Unauthenticated as rejected:
        rejected.is_asked_twice = True
        raise


type Settings = Mapping[str, Any]


def never(rejected: Settings) -> bool:
    """Say of any login that there is no newer one."""
    del rejected
    return False


def with_settings[T](
    settings: Callable[[], Settings], renewed: Callable[[Settings], bool], question: Callable[[Settings], T]
) -> T:
    """Ask by a connection of one's own, and once more where its login was rejected and ``renewed`` since."""
    used = settings()
    try:
        return question(used)
    except Unauthenticated:
        if not renewed(used):
            raise
        return question(settings())
