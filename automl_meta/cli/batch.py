"""Many tables in one go."""

import os
from pathlib import Path
from typing import Any

import click

from automl_meta.cli.output import console_for, print_json


@click.command()
@click.argument("jobs", type=click.Path(path_type=Path))
@click.option("--fresh", is_flag=True, help="Do again what an earlier run of the batch did.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document; all else goes to standard error.")
@click.option("--junit", type=click.Path(path_type=Path), help="Also write the results as JUnit XML.")
@click.option("--html", type=click.Path(path_type=Path), help="Also write the results as an HTML page.")
def batch(jobs: Path, fresh: bool, as_json: bool, junit: Path | None, html: Path | None) -> None:
    """Fit the tables that the TOML file JOBS lists, and gate them.

    Each [[job]] names its data, and any option of fit; besides: name, test (a table on which it is judged) and
    min-score (["roc_auc=0.80"]). [defaults] hold for all jobs. At the top: time-budget (of all jobs together), cores,
    parallel (jobs at a time), output (a folder for models, reports and logs). A job that fails does not stop the
    others; run again, the batch does what is left. Paths start where JOBS is.

    The exit code is 0 if all is well, 1 if a gate was missed, 2 if a job failed.

    \b
    automl-meta batch jobs.toml --junit results.xml
    """
    from automl_meta.automl.options import available_cores
    from automl_meta.cli.batch_jobs import read_batch
    from automl_meta.cli.batch_running import BatchRunner
    from automl_meta.cli.batch_summary import annotation, exit_code, one_line, print_table, write_junit
    from automl_meta.cli.fit import fit
    from automl_meta.files import check_writable

    for path in (junit, html):
        if path is not None:
            check_writable(path)
    asked = read_batch(jobs, fit, available_cores())
    asked.check_files(junit, html, read=jobs)
    console = console_for(machine_readable=as_json)
    number = 0

    def ended(result: Any) -> None:
        nonlocal number
        number += 1
        console.print(f"[{number}/{len(asked.jobs)}] {one_line(result)}")

    results = BatchRunner(asked, fit.params).run(ended, fresh=fresh)
    print_table(console, results)
    if junit is not None:
        write_junit(junit, results)
    if html is not None:
        _write_html(html, jobs, asked.output, results)
    if os.environ.get("GITHUB_ACTIONS") == "true":
        for line in filter(None, map(annotation, results)):
            click.echo(line, err=as_json)
    code = exit_code(results)
    if as_json:
        print_json({"jobs": [result.to_dict() for result in results], "exit_code": code})
    if code:
        raise click.exceptions.Exit(code)


def _write_html(path: Path, jobs: Path, output: Path, results: list[Any]) -> None:
    from automl_meta.reporting.html import render_batch, write_report

    rows = []
    for result in results:
        report = output / f"{result.name}.html"
        link = os.path.relpath(report, path.resolve().parent) if report.is_file() else ""
        rows.append({**result.to_dict(), "report": link})
    write_report(path, render_batch(str(jobs.name), rows))
