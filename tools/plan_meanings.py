"""What each key of the plan file is for, by the class in ``drctl/config/parts.py`` and the key in it.

Read by ``tools/plan_reference.py``; every key has a line here, and every line is of a key.
"""

MEANINGS = {
    "DisasterRecoveryPlan": {
        "apiVersion": "Version of this format. It may still change between versions of drctl.",
        "kind": "Always this.",
        "metadata": "",
        "spec": "",
    },
    "Metadata": {"name": "Stands in the journal, in metrics and in commit metadata. A state file is for one name."},
    "Spec": {
        "sites": "Two or more.",
        "links": "One per direction. Both directions are needed for a switchover.",
        "workloads": "What moves. A topic belongs to one workload.",
        "witnesses": "Other drctl services that are asked what they meet before a site is called lost.",
        "objectives": "What was promised. Results are compared with it; it stops nothing.",
        "guards": "",
        "clientRouting": "",
        "state": "",
        "hooks": "",
        "fencingAgent": "",
        "clients": "Software of clients: some do not follow to another site.",
        "capacity": "",
        "drills": "",
    },
    "SitePart": {
        "name": "The site's name, which is also its alias in MirrorMaker 2.",
        "kafka": "",
        "connect": "",
        "kubernetes": "Without it neither pods, nodes nor volumes are watched, and no Deployment moves.",
        "strimzi": "",
        "platformPrincipals": "Users of the platform that the fence exempts.",
        "schemaRegistry": "",
        "brokerMetrics": "Each broker's metrics as text for Prometheus (Strimzi: port 9404 of its pod, `/metrics`):"
        " `drctl clients` counts connections by client software there.",
    },
    "SchemaRegistryPart": {
        "url": "As clients are given it, in Confluent's REST interface (Karapace, Apicurio: the path of `ccompat`).",
        "credentials": "`user:password`, or a token; read again with every look.",
        "authorities": "By default the system's.",
    },
    "KafkaPart": {
        "bootstrapServers": "`host:port`, several with commas. Brokers of two sites must differ.",
        "clientProperties": "drctl's own login. Rights: [kafka-rights.md](kafka-rights.md).",
        "canary": "",
    },
    "CanaryPart": {
        "clientProperties": "The canary's login: an ordinary user, never drctl's own.",
        "topic": "A topic that only the canary writes to. It belongs to no workload.",
    },
    "ConnectPart": {"url": "The REST interface of the Connect worker."},
    "KubernetesPart": {
        "kubeconfig": "A file beside the plan file; the current context of your own is never used.",
        "context": "The context in it.",
        "namespace": "Where the brokers run, and Deployments that name no namespace.",
        "pods": "Label selector of the broker pods. Needed without `strimzi`.",
    },
    "StrimziPart": {
        "cluster": "Name of the Kafka resource.",
        "listener": "The listener whose address and certificate are used.",
        "user": "The KafkaUser of drctl.",
        "canaryUser": "The KafkaUser of the canary.",
        "takeOwnership": "Off, because the next apply of the other manager's manifest would undo it.",
    },
    "LinkPart": {
        "name": "Stands in tables and metrics.",
        "source": "A site of this file.",
        "target": "Another one; the link runs there.",
        "connectors": "JSON: `{name: {configuration}}`, one source, one checkpoint and one heartbeat connector.",
        "mirrorMaker2": "Instead of `connectors`: a KafkaMirrorMaker2 of Strimzi.",
        "replicationPrincipal": "MirrorMaker 2's user at the target. The fence exempts it: share it with nobody.",
        "replicationPolicy": "Must be the connectors' own.",
        "separator": "Stands between site and topic under the policy `default`.",
    },
    "WorkloadPart": {
        "name": "For `--workload`.",
        "topics": "Exact names. Under the policy `default` without prefix.",
        "groups": "Exact names. May be empty.",
        "sinks": "Names of sink connectors, the same at both sites.",
        "deployments": "See [capacity.md](capacity.md).",
    },
    "DeploymentPart": {
        "name": "The same at every site.",
        "kind": "",
        "namespace": "The site's own unless named.",
        "groups": "Groups whose members its pods are.",
        "takeOwnership": "Off, because the manifest that sets the number would undo it.",
    },
    "WitnessPart": {"name": "A site's name, or that of a third place.", "url": "Of `drctl service run` there."},
    "ObjectivesPart": {
        "recoveryTime": "Recovery time objective: the longest pause promised.",
        "recoveryPoint": "Recovery point objective: the most data, in seconds, that a failover may lose.",
    },
    "GuardsPart": {
        "fenceWindow": "How long end offsets must stand still behind the fence, seen five times; at least 1s.",
        "stepTimeout": "Deadline of what one step waits for.",
        "maxLag": "Records that the link may be behind before a switchover is refused (37).",
        "coolDown": "How long after a move the next one is refused (40).",
        "approval": "`required`: a second person must approve (`drctl approve`).",
        "approvalValidity": "For how long an approval counts.",
        "calendar": "When planned moves may begin (40).",
        "restartFailedTasks": "Whether `drctl service run` restarts what fails of the link that is to run.",
    },
    "CalendarPart": {
        "timeZone": "Such as `Europe/Berlin`.",
        "windows": "None: at any time.",
        "blockedDates": "Days on which nothing planned begins, in quotes; they win over windows.",
    },
    "MoveWindowPart": {
        "days": "On which it begins.",
        "begins": "By the clock on the wall.",
        "ends": "24:00 is the end of the day.",
    },
    "ClientRoutingPart": {
        "file": 'JSON, such as `{"site": "north"}`, which your clients or their proxy follow.',
        "command": "Instead of a file.",
        "kubernetes": "Instead of both: [client-routing.md](client-routing.md).",
        "entryPoint": "What clients bootstrap through whichever site serves them, such as a name in DNS. The cluster "
        "that answers there is asked before a switchover, and must be the target's once clients were sent to it.",
    },
    "KubernetesRoutingPart": {
        "kubeconfig": "A file beside the plan file. Name a cluster that the loss of a site does not take.",
        "context": "The context in it.",
        "namespace": "Where the resource is.",
        "takeOwnership": "Off, because the next apply of the other manager's manifest would send clients back.",
        "configMap": "",
        "service": "",
    },
    "ConfigMapRoutingPart": {"name": "", "key": "Under `data`."},
    "ServiceRoutingPart": {
        "name": "",
        "externalNames": "Of a Service of type ExternalName: the host name of each site.",
        "selectors": "Of any other: the labels of each site's pods, all of them.",
    },
    "RoutingCommandPart": {
        "routeTo": "Sends clients to a site; is called with the site's name.",
        "read": "Prints the site to which clients are sent.",
        "timeout": "",
    },
    "DrillsPart": {
        "isolated": "For `drctl drill --level isolated`.",
        "live": "For `drctl drill --level live`; without it none is begun.",
    },
    "LiveDrillPart": {
        "stay": "How long the work stays at the other site, at most 8h; all of it in a window of `guards.calendar`.",
        "arriveWithin": "How long a group that had members may take to arrive before that sends the work home.",
        "lagAtMost": "How old the oldest record may be that the link home has not copied.",
        "watches": "What Kafka tells nobody, such as clients' errors.",
    },
    "StayWatchPart": {
        "name": "As the report calls it.",
        "command": "Words, no shell; it is given the drill, the site and its home as JSON on its standard input.",
        "timeout": "",
    },
    "IsolatedPart": {
        "createTopics": "Off, because it writes to real sites. Rights: [kafka-rights.md](kafka-rights.md)."
    },
    "StatePart": {
        "file": "Epoch, journal and lock, SQLite. Keep it where the loss of a site does not take it.",
        "shared": "",
    },
    "HooksPart": {"pre": "", "post": "", "onFailure": "", "onState": ""},
    "HookPart": {"command": "Words, no shell.", "timeout": ""},
    "FencingAgentPart": {"command": "Words, no shell.", "timeout": ""},
    "ClientPart": {
        "clientId": "`client.id`, or its beginning and `*`.",
        "software": "Such as `librdkafka` or `kafka-clients`.",
        "version": "In quotes: YAML reads 2.9 as a number.",
    },
    "CapacityPart": {
        "timeZone": "Such as `Europe/Berlin`.",
        "shifts": "",
        "scaleNodePools": "Off, because new brokers hold no partition until somebody rebalances.",
        "scaleAhead": "At most 12h. Without it the service scales nothing: see [capacity.md](capacity.md).",
        "blockedDates": "Days, in quotes, on which no shift begins, such as holidays of the plant.",
    },
    "ShiftPart": {
        "name": "",
        "days": "On which it begins.",
        "begins": "By the clock on the wall.",
        "ends": "24:00 is the end of the day.",
        "deployments": "Replicas by name.",
        "nodePools": "Replicas by KafkaNodePool.",
        "tasksMax": "`tasks.max` of the link's source connector.",
    },
}
