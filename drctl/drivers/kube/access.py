"""From a kubeconfig and a context, or from within a pod, to a client.

The process-wide default configuration is neither read nor set.
"""

import re
import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ruamel.yaml.comments import CommentedMap, CommentedSeq

from drctl.config.documents import contents, parse_yaml, plain
from drctl.errors import ConfigInvalid
from drctl.redaction import redact_foreign

if TYPE_CHECKING:
    from kubernetes.client.configuration import Configuration

_LOADING = threading.Lock()


SHAPE = "begin it with: apiVersion: v1"
TRY = "try it with 'kubectl --kubeconfig … --context …'"
OTHERS = {
    "insecure-skip-tls-verify": bool,
    "disable-compression": bool,
    "exec": dict,
    "auth-provider": dict,
    "extensions": list,
    "as-groups": list,
    "as-user-extra": dict,
}
"""Keys of a cluster or user whose value is no text, with its type."""
LONGEST = 1 << 16
"""Bytes of a token."""
TOKEN = re.compile(r"[!-~]+")


def configuration(kubeconfig: Path, context: str) -> "Configuration":
    """The configuration of that context. ConfigInvalid where the file or the context is not there or cannot be used.

    Loading is slow (the library is large), so it happens when a site is first asked. Proxies of the environment are not
    asked: only what the kubeconfig names is used.
    """
    from kubernetes.client.configuration import Configuration
    from kubernetes.config import ConfigException
    from kubernetes.config.kube_config import KubeConfigLoader

    if not kubeconfig.exists():
        raise ConfigInvalid(f"{kubeconfig}: there is no such kubeconfig", remedy="correct kubernetes.kubeconfig")
    document = parse_yaml(kubeconfig, contents(kubeconfig, "name a kubeconfig"), SHAPE)
    chosen = _Chosen(kubeconfig, document, context)
    folder = kubeconfig.absolute().parent
    token = chosen.token_from(folder)
    # The environment's proxies are for the way out of a site, and an API server of another site may be
    # behind one that knows nothing of it.
    config = Configuration(proxy="", no_proxy="")
    try:
        # The library's loader keeps files that it has made from the kubeconfig's data in a variable of its
        # module.
        with _LOADING:
            loader = KubeConfigLoader(plain(document), active_context=context, config_base_path=str(folder))  # type: ignore[no-untyped-call]
            loader.load_and_set(config)  # type: ignore[no-untyped-call]
    except Exception as error:
        # The library raises what it comes across, and what plugins for logins raise. Only its own words show no value.
        said = f": {redact_foreign(str(error), chosen.user)}" if isinstance(error, ConfigException) else ""
        raise chosen.wrong(f"context {context} cannot be used: {type(error).__name__}{said}", TRY) from error
    return _bounded(config, token)


class _Chosen:
    """Cluster and user of one context of a kubeconfig, of the kinds that the library takes them for."""

    def __init__(self, kubeconfig: Path, document: CommentedMap, context: str) -> None:
        self.kubeconfig = kubeconfig
        names = [str(each["name"]) for each in self.listed(document, "contexts")]
        if context not in names:
            raise ConfigInvalid(
                f"{kubeconfig}: there is no context {context}",
                remedy=f"name one of its contexts: {', '.join(names) or 'none'}",
            )
        told = self.named(document, "contexts", context)
        self.cluster = self.named(document, "clusters", told.get("cluster"))
        self.user = self.named(document, "users", told["user"]) if told.get("user") else CommentedMap()
        if "server" not in self.cluster:
            raise self.wrong(f"the cluster of context {context} has no server", TRY)
        token = self.user.get("token")
        if token and not TOKEN.fullmatch(token):
            raise self.wrong("token has blanks, control or strange letters in it", "copy it again", self.user, "token")

    def token_from(self, folder: Path) -> Path | None:
        """The file with the user's token, which is read here and again for every request; None if there is none."""
        if not (name := self.user.get("tokenFile")):
            return None
        path = folder / str(name)
        try:
            self.user["token"] = _token_in(path)
        except ValueError as error:
            raise self.wrong(f"tokenFile names {path}, which holds no token", TRY, self.user, "tokenFile") from error
        except ConfigInvalid as error:
            why = str(error).removeprefix(f"{path}: ")
            raise self.wrong(f"tokenFile names {path}, which {why}", TRY, self.user, "tokenFile") from error
        return path

    def listed(self, document: CommentedMap, key: str) -> list[CommentedMap]:
        """The entries of a list, each with a name."""
        found = document.get(key)
        if found is None:
            return []
        if not isinstance(found, CommentedSeq):
            raise self.wrong(f"{key} is no list", TRY, document, key)
        for place, each in enumerate(found):
            if not isinstance(each, CommentedMap) or not isinstance(each.get("name"), str):
                raise self.wrong(f"{key}[{place}] has no name", TRY, document, key)
        return list(found)

    def named(self, document: CommentedMap, key: str, name: object) -> CommentedMap:
        """Return what the list says of that name, its values of the right kinds."""
        part = key.removesuffix("s")
        found = [each for each in self.listed(document, key) if each["name"] == name]
        if len(found) != 1:
            number = "twice" if found else "not at all"
            raise self.wrong(f"a {part} that the context needs is there {number}", TRY, document, key)
        told = found[0].get(part)
        if not isinstance(told, CommentedMap):
            raise self.wrong(f"one of {key} has no {part}", TRY, document, key)
        for each, value in told.items():
            if value is not None and not isinstance(value, OTHERS.get(str(each), str)):
                raise self.wrong(f"{each} is of the wrong kind", TRY, told, each)
        return told

    def wrong(self, what: str, remedy: str, part: CommentedMap | None = None, key: object = "") -> ConfigInvalid:
        """The error, with the line of a key in a part of the document if it is there."""
        place = f":{part.lc.key(key)[0] + 1}" if part is not None and key in part else ""
        return ConfigInvalid(f"{self.kubeconfig}{place}: {what}", remedy=remedy)


def _token_in(path: Path) -> str:
    """The token in a file. ValueError, or ConfigInvalid where it cannot be read."""
    text = contents(path, TRY, largest=LONGEST).decode("ascii").strip()
    if not TOKEN.fullmatch(text):
        raise ValueError("is no token")
    return text


def in_cluster() -> "Configuration":
    """The configuration of the pod's own service account, whose token is read again as it is renewed.

    ConfigInvalid outside a pod, or in one without a token.
    """
    from kubernetes.client.configuration import Configuration
    from kubernetes.config import ConfigException
    from kubernetes.config.incluster_config import SERVICE_TOKEN_FILENAME, load_incluster_config

    config = Configuration(proxy="", no_proxy="")
    try:
        load_incluster_config(client_configuration=config)  # type: ignore[no-untyped-call]
    except (ConfigException, OSError) as error:
        raise ConfigInvalid(
            f"there is no service account to use: {error}",
            remedy="run in a pod with its token mounted, or name a kubeconfig and a context",
        ) from error
    return _bounded(config, Path(SERVICE_TOKEN_FILENAME))


def _bounded(config: Any, token: Path | None) -> "Configuration":
    """No retries of its own; a token that is a file is read for every request, for the kubelet renews it."""
    # The library would try three times by itself, each with the whole time-out, so that a silent server
    # took three times as long.
    config.retries = False
    config.connection_pool_maxsize = 32
    if token is not None:

        def renewed(config: Any) -> None:
            with suppress(ConfigInvalid, ValueError):  # while it is written, the one before is good
                config.api_key["BearerToken"] = f"Bearer {_token_in(token)}"

        config.refresh_api_key_hook = renewed
    bounded: Configuration = config
    return bounded
