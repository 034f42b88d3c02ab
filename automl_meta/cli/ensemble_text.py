"""What an ensemble is made of, in words and tables; the same after `fit` and in `show`."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from automl_meta.cli.output import number, plain_table


def print_ensemble(console: Console, ensemble: Mapping[str, Any], algorithms: Mapping[str, str]) -> None:
    """Print members, how they were chosen, and what the ensemble is worth.

    Parameters
    ----------
    ensemble : mapping
        What `EnsemblePlan.to_dict` describes; older ones know less.
    algorithms : mapping from configuration id to algorithm
        For members that do not name theirs.
    """
    members = ensemble["members"]
    layers = max((member.get("layer", 1) for member in members), default=1)
    above = f" in {layers} layers" if layers > 1 else ""
    text = f" of {len(members)}{above}. {ensemble.get('reason', '')}"
    console.print(Text.assemble((f"ensemble: {ensemble['kind']}", "bold"), text))
    console.print(_members(ensemble, algorithms, layers))
    if len(ensemble.get("comparison", ())) > 1:
        console.print(_comparison(ensemble))
    for line in _lines(ensemble):
        console.print(line)


def _members(ensemble: Mapping[str, Any], algorithms: Mapping[str, str], layers: int) -> Table:
    headers = ["weight", "id", "algorithm", *(["layer"] if layers > 1 else []), "models", "score without it"]
    table = plain_table(*headers, right=("weight", "layer", "score without it"))
    for member in ensemble["members"]:
        name = member["id"]
        cells = [number(member["weight"], 3), name, member.get("algorithm") or algorithms.get(name, "?")]
        if layers > 1:
            cells.append(str(member["layer"]))
        models = "one, on all rows" if member.get("refitted") else "bag of the folds'"
        table.add_row(*cells, models, number(member["score_without"]))
    return table


def _comparison(ensemble: Mapping[str, Any]) -> Table:
    table = plain_table("\nkind", "score", "gain", "±", right=("score", "gain", "±"))
    for estimate in ensemble["comparison"]:
        gain, error = estimate.get("gain"), estimate.get("gain_error")
        told = "-" if gain is None else f"{gain:+.4g}"
        table.add_row(estimate["kind"], number(estimate["score"]), told, "-" if error is None else f"{error:.2g}")
    return table


def _lines(ensemble: Mapping[str, Any]) -> list[str]:
    lines = [""]
    if ensemble.get("calibration"):
        lines.append(f"probabilities are calibrated by {_CALIBRATIONS[ensemble['calibration']]}")
    decision, cost = ensemble.get("decision"), ensemble.get("cost")
    if cost is not None:
        plain = number(ensemble["undecided_cost"])
        lines.append(f"mistakes cost {number(cost)} per row; {plain} if the most probable class were predicted")
    elif decision is not None and len(decision) == 2:
        lines.append(f"the second class is predicted from a probability of {decision[0] / sum(decision):.3f} on")
    elif decision is not None:
        lines.append("the predicted class is chosen by weighted probabilities")
    seconds = ensemble.get("seconds_per_1000_rows")
    if seconds is not None:
        lines.append(f"predicting 1,000 rows takes about {seconds:.2g} s")
    score, fitted = ensemble["score"], ensemble.get("optimistic_score")
    doubt = [ensemble["doubt"]] if ensemble.get("doubt") else []
    if score is None and doubt:
        return [*lines, *doubt]
    text = f"{ensemble['metric']} {number(score)} ± {number(ensemble['error'])} out of fold (± is its standard error)"
    if fitted is not None and score is not None:
        text += (
            f"; {number(fitted)} on the predictions that the ensemble was fitted to, {fitted - score:.2g} of which "
            "is optimism"
        )
    return [*lines, text, *doubt]


_CALIBRATIONS = {"temperature": "a temperature", "isotonic": "an isotonic curve per class"}
