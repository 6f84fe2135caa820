"""drctl completion."""

import click
from click.shell_completion import get_completion_class


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def command(ctx: click.Context, shell: str) -> None:
    """Print what makes a shell complete drctl's words.

    For example in ~/.bashrc: eval "$(drctl completion bash)". 'kubectl drctl' is completed by kubectl itself, which
    asks kubectl_complete-drctl: it is installed beside drctl.
    """
    found = get_completion_class(shell)
    if found is None:
        raise click.UsageError(f"no completion for {shell}")
    click.echo(found(ctx.find_root().command, {}, "drctl", "_DRCTL_COMPLETE").source())
