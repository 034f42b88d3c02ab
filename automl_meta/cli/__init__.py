"""The command line: one file a command, each thin: parse, call the library, print."""

import errno
import gc
import importlib
import logging
import sys
import warnings

import click

from automl_meta import __version__
from automl_meta.cli.surroundings import Ended, ended_by_signals, lenient_streams
from automl_meta.errors import InputError

# Name, and the line that --help shows, so that --help imports no command.
COMMANDS = {
    "fit": "Fit an ensemble to a table and save it.",
    "batch": "Fit many tables, gate them, and go on where one fails; for CI.",
    "predict": "Predict the rows of a table with a saved model.",
    "check": "Say how a table differs from the one that a model was fitted to; for CI.",
    "evaluate": "Score a saved model on a table with known targets; a gate for CI.",
    "distill": "Make a single small model of a saved ensemble.",
    "show": "Print what a saved model is made of.",
    "report": "Draw the report of a saved model: one HTML file.",
    "export": "Write a saved model as a script that retrains it, as ONNX, or as a pickle.",
    "recommend": "Say what to try on a table and why, training nothing.",
    "describe": "Print the meta-features of a table.",
    "algorithms": "List the catalogue of algorithms and their search spaces.",
    "metabase": "Look into, build, and merge stores of prior experiments.",
    "benchmark": "Judge the meta-models, leaving one dataset out at a time.",
}
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
OF_THE_MACHINE = (*FULL, errno.EROFS, errno.EACCES, errno.EPERM)  # not of this program


class LazyGroup(click.Group):
    """A group that imports a command's module when the command is called."""

    def list_commands(self, context: click.Context) -> list[str]:
        """Return the names of all commands."""
        return list(COMMANDS)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        """Import and return the command called `name`."""
        if name not in COMMANDS:
            return None
        module = importlib.import_module(f"automl_meta.cli.{name}")
        command: click.Command = getattr(module, name)
        return command

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the table of commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="automl-meta")
@click.option("-v", "--verbose", count=True, help="Log what happens: -v says what, -vv says everything.")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
@click.pass_context
def cli(context: click.Context, verbose: int, debug: bool) -> None:
    """AutoML for tables that starts from prior experiments.

    \b
    automl-meta fit churn.csv --target Churn
    automl-meta predict churn.automl new.csv -o predictions.csv
    """
    level = (logging.WARNING, logging.INFO, logging.DEBUG)[min(verbose, 2)]
    logging.basicConfig(level=level, format="%(levelname)s %(name)s: %(message)s")
    if not (verbose or debug or sys.warnoptions):  # what libraries warn of is for whoever looks for a fault
        context.with_resource(warnings.catch_warnings(action="ignore"))


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; a mistake of the user's ends with one screen and exit code 2."""
    lenient_streams()
    with ended_by_signals():
        code = _run(arguments)
    gc.freeze()  # nothing is looked through for garbage at the very end, which would take a third of a second
    sys.exit(code if isinstance(code, int) else 0)


def _run(arguments: list[str] | None) -> object:
    """Return the exit code, or what else a command returns."""
    arguments = sys.argv[1:] if arguments is None else arguments
    debug = "--debug" in arguments
    if debug:  # wherever it stands
        arguments = ["--debug", *(argument for argument in arguments if argument != "--debug")]
    try:
        return cli.main(arguments, prog_name="automl-meta", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.Abort as error:
        click.echo("\n".join(["Aborted.", *_notes(error)]), err=True)
        return error.__cause__.exit_code if isinstance(error.__cause__, Ended) else 130
    except InputError as error:
        if debug:
            raise
        click.echo("\n".join([f"Error: {error}", *_notes(error)]), err=True)
        return 2
    except Exception as error:  # the last resort
        if debug:
            raise
        if isinstance(error, OSError) and error.errno in OF_THE_MACHINE:
            where = f"{error.filename}: " if error.filename else ""
            advice = "Make room" if error.errno in FULL else "Ask for the rights"
            click.echo(
                "\n".join([f"Error: {where}{error.strerror}. {advice}, or name another place.", *_notes(error)]),
                err=True,
            )
            return 2
        lines = [f"Internal error: {type(error).__name__}: {error}", "Run again with --debug for details."]
        click.echo("\n".join([*lines, *_notes(error)]), err=True)
        return 2


def _notes(error: BaseException | None) -> list[str]:
    """Return what was noted on an error, and on those that led to it."""
    if error is None:
        return []
    return [*getattr(error, "__notes__", ()), *_notes(error.__cause__ or error.__context__)]
