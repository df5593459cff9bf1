"""``pyrometer doctor``: what stands in the way of a good profile."""

from __future__ import annotations

import click

from pyrometer.cli.options import output_format


@click.command()
@click.argument("target", required=False, metavar="[PROGRAM | PID | FILE.pyro]")
@output_format
@click.pass_context
def command(ctx: click.Context, target: str | None, form: str) -> int:
    """Name what stands in the way, most harmful first, each with the command that cures it.

    Without an argument: of this machine, and of the Cargo project in this folder. Ends with 0 if nothing
    stands in the way, with 1 if something limits what a profile says, with 2 if nothing can be recorded.

    \b
      pyrometer doctor
      pyrometer doctor ./target/release/program
      pyrometer doctor 4711
      pyrometer doctor program.pyro --format json
    """
    if target == "":
        ctx.fail("The name of the program is empty.")
    from pyrometer.diagnosis.diagnose import diagnose

    view = diagnose(target)
    if form == "json":
        from pyrometer.show import json

        click.echo(json.render(view), nl=False)
    elif form == "md":
        from pyrometer.show import diagnosis as _registered  # noqa: F401  its grid
        from pyrometer.show import markdown

        click.echo(markdown.render(view), nl=False)
    else:
        from pyrometer.show.diagnosis import show_diagnosis
        from pyrometer.show.text import console

        show_diagnosis(view, console())
    return view.exit_code
