"""rramcirc doctor."""

from __future__ import annotations

import sys

import click

EXAMPLE = """\b
Example:
  rramcirc doctor
  rramcirc doctor --prepare
"""
SIGNS = {"ok": "ok", "limited": "--", "missing": "!!"}


@click.command(epilog=EXAMPLE)
@click.option("--json", "as_json", is_flag=True, help="For machines.")
@click.option("--brief", is_flag=True, help="Print only what is wrong.")
@click.option("--prepare", is_flag=True, help="Compile the array engine's loops now instead of at its first run.")
def doctor(as_json: bool, brief: bool, prepare: bool) -> None:
    """Check everything that rramcirc needs on this machine, and say how to mend what is missing."""
    if prepare:
        from rramcirc.engines import prepare as engines

        click.echo("compiling the array engine's loops for this processor (about half a minute, once)...", err=True)
        click.echo(f"ready: {engines.prepare():.1f} s CPU")
        return
    from rramcirc.cli.examination import examine

    findings = []
    for finding in examine():
        findings.append(finding)
        if as_json or (brief and finding.status == "ok"):
            continue
        click.echo(f"{SIGNS[finding.status]}  {finding.name:<16} {finding.detail}")
        if finding.remedy:
            click.echo(f"    to mend it: {finding.remedy}")
    if as_json:
        import json
        from dataclasses import asdict

        click.echo(json.dumps([asdict(f) for f in findings], indent=1))
    if any(f.status == "missing" for f in findings):
        sys.exit(3)
