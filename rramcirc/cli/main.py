"""The command line: parse, call the library, print. Commands are loaded when they are used."""

from __future__ import annotations

import errno
import os
import signal
import sys

import click

from rramcirc.basics.errors import RramcircError
from rramcirc.basics.signals import Interruption
from rramcirc.basics.version import __version__
from rramcirc.cli.lazy import LazyGroup

COMMANDS = {
    "build-netlist": ("build_netlist", "Write the netlist of a circuit."),
    "simulate": ("simulate", "Simulate a netlist or a testbench."),
    "inspect": ("inspect.command", "List, measure, plot, compare and export the waveforms of runs."),
    "cards": ("cards", "List the model cards, or show one."),
    "models": ("models", "List the Verilog-A models, or show one."),
    "study": ("study.group", "Answer a question about a device or circuit with a table and a picture."),
    "sweep": ("sweep", "Run a circuit at many points: grids, Monte Carlo, corners."),
    "characterise": ("characterise", "Measure the pulse table of a card."),
    "fit": ("fit", "Fit a model card to measured data."),
    "draw": ("draw", "Draw the schematic of a circuit."),
    "reproduce": ("reproduce", "Run an experiment of a paper and compare."),
    "cache": ("cache", "Show and clear what is kept: runs of sweeps, compiled models, machine code."),
    "new": ("new.command", "Write a start file for a device, circuit or experiment of your own."),
    "demo": ("demo", "Simulate and draw a first example."),
    "doctor": ("doctor", "Check everything that rramcirc needs on this machine."),
}
OUR_BUG, INTERRUPTED, NO_SPACE = 70, 130, 3


class _Commands(LazyGroup):
    table = COMMANDS
    package = "rramcirc.cli"
    hint = "`rramcirc --help` lists all."


EXAMPLE = """\b
Example:
  rramcirc build-netlist cell -o cell.cir
  rramcirc simulate cell.cir -o cell.run
  rramcirc inspect cell.run --plot cell.png
"""


@click.command(cls=_Commands, epilog=EXAMPLE, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="rramcirc")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
def rramcirc(debug: bool) -> None:
    """RRAM circuits from Verilog-A compact models to waveforms."""


def main() -> None:
    """Run the command line and exit with the status that its help documents."""
    debug = "--debug" in sys.argv[1:]
    # the matrices here are small: threads of the linear algebra only cost start-up, and fight on few cores
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    output = sys.stdout
    Interruption().install()
    try:
        status = rramcirc.main(prog_name="rramcirc", standalone_mode=False)
    except click.exceptions.Abort:
        status = _say("interrupted; what was computed is kept.", INTERRUPTED)
    except KeyboardInterrupt:
        status = _say("interrupted; what was computed is kept.", INTERRUPTED)
    except click.exceptions.Exit as end:
        status = end.exit_code
    except click.ClickException as error:
        error.show()
        status = 2
    except RramcircError as error:
        if debug:
            raise
        status = _say(f"Error: {error}", error.exit_code)
    except MemoryError:
        status = _say("Error: not enough memory for a circuit of this size. Choose fewer rows and columns.", NO_SPACE)
    except SystemExit:
        if sys.stdout is output:
            raise
        status = 0  # click changes the output if nobody reads it any more, as behind `head`: no failure
    except OSError as error:
        if debug:
            raise
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        what = "the disk is full" if full else f"{error.strerror or error}"
        status = _say(f"Error: {what}{f' ({error.filename})' if error.filename else ''}.", NO_SPACE if full else 2)
    except Exception as error:
        if debug:
            raise
        status = _say(
            f"Error: a bug in rramcirc ({type(error).__name__}: {error}). "
            "Run the same command with --debug for the traceback, and report it with the netlist.",
            OUR_BUG,
        )
    if status == INTERRUPTED:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # nothing is left to interrupt
    sys.exit(status if isinstance(status, int) else 0)


def _say(text: str, status: int) -> int:
    print(text, file=sys.stderr)
    return status
