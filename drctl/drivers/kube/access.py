"""From a kubeconfig and a context, or from within a pod, to a client.

The process-wide default configuration is neither read nor set.
"""

import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from drctl.config.documents import contents
from drctl.errors import ConfigInvalid

if TYPE_CHECKING:
    from kubernetes.client.configuration import Configuration

_LOADING = threading.Lock()


def configuration(kubeconfig: Path, context: str) -> "Configuration":
    """The configuration of that context. ConfigInvalid where the file or the context is not there or cannot be used.

    Loading is slow (the library is large), so it happens when a site is first asked. Proxies of the environment are not
    asked: only what the kubeconfig names is used.
    """
    from kubernetes.client.configuration import Configuration
    from kubernetes.config import ConfigException
    from kubernetes.config.kube_config import list_kube_config_contexts, load_kube_config
    from yaml import YAMLError  # type: ignore[import-untyped]

    if not kubeconfig.is_file():
        raise ConfigInvalid(f"{kubeconfig}: there is no such kubeconfig", remedy="correct kubernetes.kubeconfig")
    contents(kubeconfig, "name a kubeconfig")  # a pipe, or a file without end, ends here
    try:
        with _LOADING:
            contexts, _ = list_kube_config_contexts(str(kubeconfig))  # type: ignore[no-untyped-call]
            names = [each["name"] for each in contexts]
            if context not in names:
                known = ", ".join(names) or "none"
                raise ConfigInvalid(
                    f"{kubeconfig}: there is no context {context}", remedy=f"name one of its contexts: {known}"
                )
            config = Configuration(proxy="", no_proxy="")
            load_kube_config(  # type: ignore[no-untyped-call]
                str(kubeconfig), context, client_configuration=config, persist_config=False
            )
            token = _token_file(kubeconfig, next(each for each in contexts if each["name"] == context))
    except (
        ConfigException,
        YAMLError,
        RecursionError,
        LookupError,
        TypeError,
        ValueError,
        OSError,
        AttributeError,
    ) as error:
        raise ConfigInvalid(
            f"{kubeconfig}: context {context} cannot be used: {type(error).__name__}",
            remedy="try it with 'kubectl --kubeconfig … --context …'",
        ) from error
    return _bounded(config, token)


def _token_file(kubeconfig: Path, context: Any) -> Path | None:
    """The file with the token of the context's user, where it has one."""
    from yaml import safe_load

    users = safe_load(kubeconfig.read_text()).get("users") or ()
    user = next((each["user"] for each in users if each["name"] == context["context"]["user"]), None) or {}
    return kubeconfig.parent / user["tokenFile"] if "tokenFile" in user else None


def in_cluster() -> "Configuration":
    """The configuration of the pod's own service account, whose token is read anew as it is renewed.

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
    config.retries = False
    config.connection_pool_maxsize = 32
    if token is not None:

        def renewed(config: Any) -> None:
            with suppress(OSError):
                config.api_key["BearerToken"] = f"Bearer {token.read_text().strip()}"

        config.refresh_api_key_hook = renewed
    bounded: Configuration = config
    return bounded
