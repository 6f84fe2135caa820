"""One or two examples for each command that a person types in trouble; help shows them, and a test parses them."""

INIT = (
    "drctl init --bootstrap north=n:9093 --properties north=n.properties --connect north=http://n:8083"
    " --bootstrap south=s:9093 --properties south=s.properties --connect south=http://s:8083"
)

EXAMPLES = {
    "init": (INIT,),
    "status": ("drctl status -o wide", "drctl status --watch --interval 10s -f plan.yaml"),
    "validate": ("drctl validate -f plan.yaml",),
    "groups": ("drctl groups list", "drctl groups translate --group billing"),
    "groups show": ("drctl groups show billing",),
    "groups handover": ("drctl groups handover --to south --group billing",),
    "groups undo": ("drctl groups undo --group billing",),
    "sessions": ("drctl sessions --site north --all",),
    "doctor": ("drctl doctor", "drctl doctor --fix"),
    "compare": ("drctl compare", "drctl compare --topic orders --newest all"),
    "clients": ("drctl clients --site north",),
    "plan switchover": ("drctl plan switchover --to south",),
    "plan failover": ("drctl plan failover --to south", "drctl plan failover --to south --accept-loss 1200"),
    "plan runbooks": ("drctl plan runbooks --to south runbooks",),
    "switchover": (
        "drctl switchover --to south",
        "drctl switchover --to south --yes --expect primary=north,epoch=7 -o json",
    ),
    "failover": ("drctl failover --to south", "drctl failover --to south --accept-loss 1200"),
    "forecast": ("drctl forecast --to south",),
    "fence": ("drctl fence --site north",),
    "unfence": ("drctl unfence north",),
    "salvage": ("drctl salvage", "drctl salvage list"),
    "salvage decide": (
        "drctl salvage decide --topic orders --decision replay --by anna --reason 'not at the other site'",
    ),
    "failback": ("drctl failback --to north",),
    "pause": (
        "drctl pause --until 2h --reason maintenance",
        "drctl pause --end --reason done",
    ),
    "runs": ("drctl runs list", "drctl runs resume"),
    "runs show": ("drctl runs show --evidence",),
    "runs report": ("drctl runs report", "drctl runs report 20260102T0304 --to /srv/reports/january"),
    "runs abort": ("drctl runs abort --reason 'the window is over'",),
    "runs verify": ("drctl runs verify --copies",),
    "runs restore": ("drctl runs restore --from south",),
    "service run": ("drctl service run --listen 0.0.0.0:8080 --interval 15s",),
    "drill": ("drctl drill --unplanned", "drctl drill --level tabletop --to south"),
    "lab up": ("drctl lab up --small --load",),
    "lab fault": ("drctl lab fault kill north-broker-1", "drctl lab fault lose-site north"),
    "completion": ('eval "$(drctl completion bash)"',),
}
