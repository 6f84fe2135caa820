"""The console script ``kubectl_complete-drctl``: what kubectl asks to complete the words behind ``kubectl drctl``.

kubectl gives it the words so far, the last one as far as it was typed, and reads candidates, one a line, and then a
colon with cobra's directive (https://kubernetes.io/docs/tasks/extend-kubectl/kubectl-plugins/).
"""

import sys

from click.shell_completion import ShellComplete

FILES, NO_FILES = 0, 4
"""Cobra's directives: let the shell complete files, or not."""


def complete() -> None:
    """Print the candidates for the last word of the command line."""
    from drctl.cli import cli

    *words, begun = sys.argv[1:] or [""]
    found = ShellComplete(cli, {}, "drctl", "_DRCTL_COMPLETE").get_completions(words, begun)
    sys.stdout.writelines(_line(item.value, item.help) for item in found if item.type == "plain")
    sys.stdout.write(f":{FILES if any(item.type in ('file', 'dir') for item in found) else NO_FILES}\n")


def _line(value: str, told: str | None) -> str:
    return f"{value}\t{told}\n" if told else f"{value}\n"
