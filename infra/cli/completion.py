"""`billstream completion`: what a shell needs to complete nouns, verbs and options."""

import click
from click.shell_completion import get_completion_class

from infra.cli.options import example


@click.command(
    epilog=example(
        'eval "$(billstream completion bash)"',
        "billstream completion fish > ~/.config/fish/completions/billstream.fish",
    )
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the script that makes SHELL complete billstream's words."""
    from infra.cli.main import COMPLETE, program

    found = get_completion_class(shell)
    if found is None:
        raise click.UsageError(f"no completion for {shell}")
    click.echo(found(program(), {}, "billstream", COMPLETE).source())
