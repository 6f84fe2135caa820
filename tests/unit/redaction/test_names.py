"""Words of Kubernetes, Strimzi and Kafka Connect stay readable: names are shown, values are not."""

import pytest

from drctl.redaction import redact, redact_foreign

DIGEST = f"sha256:{'0123456789abcdef' * 4}"

KUBERNETES = [
    'secrets "drctl-user" not found',
    'MountVolume.SetUp failed for volume "certs" : secret "north-clients-ca" not found',
    'failed to get secret: secret "db-credentials" not found',
    "secret: not found",
    "Error: couldn't find key user.password in Secret kafka/drctl-user",
    "Secret kafka/drctl-user-password: key password is missing",
    'secret "db-password": key "password" not found',
    "references non-existent secret key: tls.key",
    "invalid bearer token, token lookup failed",
    "Unable to authenticate the request: [invalid bearer token, Token has expired]",
    "token: expired",
    "token: token is expired",
    "Unauthorized: token has expired",
    "authorization: not enabled",
    'spec.volumes[0].secret.secretName: Not found: "drctl-user"',
    'spec.volumes[0].secret.secretName: Invalid value: "My_Secret": a lowercase RFC 1123 subdomain must consist of it',
    "spec.template.spec.containers[0].env[0].valueFrom.secretKeyRef.name: Required value",
    'Secret "drctl-user" is invalid: data: Too long: must have at most 1048576 bytes',
    'secrets is forbidden: User "system:serviceaccount:drctl:drctl" cannot list resource "secrets" in API group ""',
    'Get "https://h:6443/api?timeout=32s": dial tcp 10.0.0.1:6443: connect: connection refused',
    f'Failed to pull image "quay.io/strimzi/operator:0.45.0@{DIGEST}": not found',
    f"docker-pullable://quay.io/strimzi/kafka@{DIGEST} is not present",
]

STRIMZI = [
    "Items with key(s) [password] are missing in Secret my-secret",
    "Exceeded timeout of 300000ms while waiting for Secret resource drctl-user in namespace kafka to be ready",
    "Secret north-cluster-ca-cert doesn't exist",
    "valueFrom=EnvVarSource(secretKeyRef=SecretKeySelector(key=password, name=drctl-user, optional=null))",
    (
        'Failure executing: POST at: https://10.96.0.1/api/v1/namespaces/kafka/secrets. Message: secrets "x" exists. '
        "Received status: Status(apiVersion=v1, code=409, details=StatusDetails(causes=[], group=null, kind=secrets, "
        'name=x, retryAfterSeconds=null, uid=null, additionalProperties={}), kind=Status, message=secrets "x" exists, '
        "metadata=ListMeta(_continue=null, remainingItemCount=null, resourceVersion=null, selfLink=null, "
        "additionalProperties={}), reason=AlreadyExists, status=Failure, additionalProperties={})."
    ),
]

CONNECT = [
    "Invalid value null for configuration connection.password: must be set",
    "Invalid value [hidden] for configuration connection.password: is wrong",
    'Missing required configuration "connection.password" which has no default value.',
    "sasl.jaas.config: is required",
    "no value for connection.password=${secrets:kafka/db-password:password}, so it is left out",
    "Could not resolve ${secrets:kafka/db-password:password} or ${file:/opt/token:api.key}",
    "org.apache.kafka.common.errors.TopicAuthorizationException: Not authorized to access topics: [orders]",
    (
        "Caused by: org.apache.kafka.common.errors.SaslAuthenticationException: Authentication failed during "
        "authentication due to invalid credentials with SASL mechanism SCRAM-SHA-512"
    ),
    "SASL OAUTHBEARER: token expired",
    "Failed to load SSL keystore /opt/me.p12 of type PKCS12: keystore password was incorrect",
    "PluginDesc{klass=class org.x.Y, name='org.x.Y', version='3.7', encodedVersion=3.7, type=sink, typeName='sink'}",
]


@pytest.mark.parametrize("text", [*KUBERNETES, *STRIMZI, *CONNECT])
def test_which_secret_and_which_key_is_missing_can_be_read(text: str) -> None:
    assert redact_foreign(text) == text
    assert redact(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "secret: s3cret",
        "token: s3cret is wrong",
        "token: s3cret not found",
        "password: s3cret must be longer",
        "OAUTHBEARER: s3cret",
        'volume "token" : s3cret',
        "password: not-s3cret",
        "password=${s3cret",
        "password=${a:b}s3cret",
        'password="${a:b} s3cret"',
        "Authorization: Custom s3cret",
        "Authorization: Token s3cret is missing",
        f"https://u:s3cret@registry/kafka@{DIGEST}",
        "u:s3cret@sha256:5000/kafka",
        "SecretKeySelector(key=password, name=x), key=s3cret",
        "MyException: password=s3cret",
        "spec.config.password: Not found: none, password: s3cret",
        '"secretName": "x", "password": "s3cret"',
        "valueFrom=EnvVar(name=PASSWORD, value=s3cret)",
        "metadata={password=s3cret}, details={token: s3cret}",
        "Invalid value null s3cret for configuration connection.password: no",
    ],
)
def test_a_value_among_such_words_is_hidden(text: str) -> None:
    shown = redact_foreign(text)
    assert "s3cret" not in shown
    assert "***" in shown


MIRROR = {
    "source": {
        "alias": "north",
        "authentication": {
            "type": "scram-sha-512",
            "username": "drctl",
            "passwordSecret": {"secretName": "north-user", "password": "pass-word"},
        },
        "tls": {"trustedCertificates": [{"secretName": "north-ca", "certificate": "ca.crt"}]},
    },
    "sourceConnector": {
        "config": {
            "producer.override.sasl.jaas.config": "${secrets:kafka/jaas:config}",
            "some.password": "hunter2-word",
            "nested": {"secretName": "visible", "password": "hunter2-nested"},
            "env": [{"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "north-env", "key": "token-key"}}}],
        }
    },
}


def test_names_of_a_resource_s_secrets_are_shown_and_its_values_are_not() -> None:
    names = "drctl north-user pass-word north-ca ca.crt north-env token-key ${secrets:kafka/jaas:config} visible"
    told = redact_foreign(f"missing: {names}; wrong: hunter2-word hunter2-nested", MIRROR)
    assert told == f"missing: {names}; wrong: *** ***"
