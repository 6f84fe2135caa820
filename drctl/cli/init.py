"""drctl init."""

import json
import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import click

from drctl.cli.init_page import DECIDE, SitePlace, decisions, link_file, link_text, plan_text
from drctl.cli.output import echo
from drctl.errors import ConfigInvalid, Conflict, DrctlError
from drctl.model.survey import Proposal
from drctl.model.wording import counted

ROUTING = "client-routing.json"


@click.command("init")
@click.option("--bootstrap", "servers", multiple=True, metavar="SITE=HOST:PORT,…", help="A site's brokers. Twice.")
@click.option("--properties", multiple=True, metavar="SITE=FILE", help="drctl's client properties there. Twice.")
@click.option("--connect", multiple=True, metavar="SITE=URL", help="The site's Connect worker. Twice.")
@click.option("--canary", multiple=True, metavar="SITE=FILE", help="An ordinary user's client properties there.")
@click.option("--canary-topic", default="drctl.canary", show_default=True, help="The topic that it may write to.")
@click.option("--name", default="recovery", show_default=True, help="The plan file's name.")
@click.option("--force", is_flag=True, help="Replace a plan file, and files of links, that are there.")
@click.pass_obj
def command(
    plan_file: Path,
    *,
    servers: tuple[str, ...],
    properties: tuple[str, ...],
    connect: tuple[str, ...],
    canary: tuple[str, ...],
    canary_topic: str,
    name: str,
    force: bool,
) -> None:
    """Write a plan file by looking at two sites. Changes nothing at either.

    Sites are named as MirrorMaker 2's aliases name them. Found are the topics that the link copies, the groups with
    positions in them, sink connectors that read them, MirrorMaker 2's connectors, whom they write as, and super users.
    A comment with the word DECIDE stands wherever a person has to say what no site tells.

    Beside the plan file are written: a JSON file for each link, and the file that clients follow, unless there is one.
    No value that may be a secret is written: a reference to Connect's config provider stands there instead.

    Both sites have to answer: who does not within some seconds is named, and nothing is written.

    Exits 9 if no MirrorMaker 2 leads from one site to the other, 11 if a file is there already (--force replaces it).
    """
    from drctl.decide.proposal import propose
    from drctl.drivers.store.clock import SystemClock
    from drctl.model.site import Canary, Site
    from drctl.monitors import hurried_surveys
    from drctl.monitors.survey import survey
    from drctl.ports.asking import both
    from drctl.wiring.survey import open_survey

    given = {
        "--bootstrap": _by_site("--bootstrap", servers),
        "--properties": _by_site("--properties", properties),
        "--connect": _by_site("--connect", connect),
    }
    names = _two_sites(given)
    canaries = _by_site("--canary", canary)
    _refuse_strangers(names, canaries)
    _refuse_to_overwrite([plan_file], force=force)
    sites = [
        Site(
            each,
            given["--bootstrap"][each],
            Path(given["--properties"][each]).resolve(),
            given["--connect"][each],
            Canary(Path(canaries.get(each, given["--properties"][each])).resolve(), canary_topic),
        )
        for each in names
    ]
    clock = SystemClock()
    with open_survey(sites[0]) as one, open_survey(sites[1]) as other:
        first, second = hurried_surveys(clock, one, other)
        found = propose(*both(lambda: survey(first, clock), lambda: survey(second, clock)), canary_topic)
    folder = plan_file.resolve().parent
    places = [
        SitePlace(
            site.name,
            site.bootstrap_servers,
            _beside(folder, site.client_properties),
            _beside(folder, site.canary.client_properties),
            site.name in canaries,
            site.connect_url,
        )
        for site in sites
    ]
    text = plan_text(found, name, places)
    _write(plan_file.resolve(), found, text, force=force)
    due = decisions(text)
    parts = ((found.topics, "topic"), (found.groups, "group"), (found.sinks, "sink"))
    echo(f"{plan_file}: written, {', '.join(counted(len(each), noun) for each, noun in parts)}")
    echo(f"decide what stands behind {DECIDE} in it ({due} times), then: drctl validate; drctl doctor")


def _by_site(option: str, words: tuple[str, ...]) -> dict[str, str]:
    found: dict[str, str] = {}
    for word in words:
        site, sign, value = word.partition("=")
        if not (site and sign and value):
            raise click.BadOptionUsage(option, f"{option} takes SITE=VALUE")
        if site in found:
            raise click.BadOptionUsage(option, f"{option} names site {site} twice")
        found[site] = value
    return found


def _two_sites(given: Mapping[str, Mapping[str, str]]) -> list[str]:
    names = list(given["--bootstrap"])
    if len(names) != 2:
        raise click.UsageError("name two sites: --bootstrap north=HOST:PORT --bootstrap south=HOST:PORT, and so on")
    for option, values in given.items():
        if set(values) != set(names):
            raise click.BadOptionUsage(option, f"{option} is needed once for each of {' and '.join(names)}")
    return names


def _refuse_strangers(names: list[str], canaries: Mapping[str, str]) -> None:
    if strange := sorted(set(canaries) - set(names)):
        raise click.BadOptionUsage("--canary", f"--canary names {strange[0]}, which is none of {' and '.join(names)}")


def _refuse_to_overwrite(files: list[Path], *, force: bool) -> None:
    there = [str(file) for file in files if os.path.lexists(file)]
    if there and not force:
        raise Conflict(f"{', '.join(there)}: is there already", remedy="name another file with -f, or give --force")


def _beside(folder: Path, file: Path | None) -> str:
    """A path as a plan file in that folder names it: relative where the file lies below it."""
    if file is None:
        raise ConfigInvalid("a site needs a client properties file", remedy="name it with --properties")
    return str(file.relative_to(folder)) if file.is_relative_to(folder) else str(file)


def _refuse_invalid(plan_file: Path, text: str) -> None:
    """Read what is to be the plan file, all that it names being there. ConfigInvalid as for the plan file itself."""
    from drctl.config import load
    from drctl.drivers.store.files import create

    draft = plan_file.with_name(f".{plan_file.name}.{secrets.token_hex(8)}")
    create(draft, text.encode())
    try:
        load(draft)
    except ConfigInvalid as error:
        raise ConfigInvalid(str(error).replace(str(draft), str(plan_file)), remedy=error.remedy) from error
    finally:
        draft.unlink()


def _write(plan_file: Path, found: Proposal, text: str, *, force: bool) -> None:
    """Write all files, the plan file last; who is stopped leaves no part of them."""
    from drctl.drivers.store.files import create, remedy, replace

    folder = plan_file.parent
    files = {folder / link_file(link): link_text(link) for link in found.links}
    routing = folder / ROUTING
    if not os.path.lexists(routing):
        files[routing] = json.dumps({"site": found.primary}) + "\n"
    files[plan_file] = text
    _refuse_to_overwrite([file for file in files if file != routing], force=force)
    made: list[Path] = []
    try:
        for file, content in files.items():
            if file == plan_file:
                _refuse_invalid(plan_file, text)
            file.parent.mkdir(parents=True, exist_ok=True)
            if force and os.path.lexists(file):
                replace(file, content.encode())
            else:
                create(file, content.encode(), readable=file == routing)
                made.append(file)
    except BaseException as error:
        for file in made:
            with suppress(OSError):
                file.unlink()
        if isinstance(error, FileExistsError):
            raise Conflict(
                f"{error.filename2 or error.filename}: is there already", remedy="see who writes it"
            ) from error
        if isinstance(error, OSError):
            raise DrctlError(f"{file}: cannot be written: {error.strerror or error}", remedy=remedy(error)) from error
        raise
