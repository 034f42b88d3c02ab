"""What an ensemble is made of, in words and tables; the same after `fit` and in `show`."""

from collections.abc import Mapping, Sequence
from itertools import permutations
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from automl_meta.cli.output import number, plain_table

NAMED_COSTS = 6  # of mistakes


def print_ensemble(
    console: Console, ensemble: Mapping[str, Any], algorithms: Mapping[str, str], classes: Sequence[Any] | None
) -> None:
    """Print members, how they were chosen, and what the ensemble is worth.

    Parameters
    ----------
    ensemble : mapping
        What `EnsemblePlan.to_dict` describes; older ones know less.
    algorithms : mapping from configuration id to algorithm
        For members that do not name theirs.
    classes : sequence of labels, or None for numbers
        In the order of their codes.
    """
    members = ensemble["members"]
    layers = max((member.get("layer", 1) for member in members), default=1)
    above = f" in {layers} layers" if layers > 1 else ""
    text = f" of {len(members)}{above}. {ensemble.get('reason', '')}"
    console.print(Text.assemble((f"ensemble: {ensemble['kind']}", "bold"), text))
    console.print(_members(ensemble, algorithms, layers))
    if len(ensemble.get("comparison", ())) > 1:
        console.print(_comparison(ensemble))
    for line in _lines(ensemble, classes or ()):
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


def _lines(ensemble: Mapping[str, Any], classes: Sequence[Any]) -> list[str]:
    lines = [""]
    if ensemble.get("calibration"):
        lines.append(f"probabilities are calibrated by {_CALIBRATIONS[ensemble['calibration']]}")
    decision, cost = ensemble.get("decision"), ensemble.get("cost")
    if cost is not None:  # it is not known where no row was held out
        plain = number(ensemble["undecided_cost"])
        lines.append(f"mistakes cost {number(cost)} per row; {plain} if the most probable class were predicted")
    if decision is not None and isinstance(decision[0], Sequence):
        lines.append(costs_in_words(decision, classes))
    elif decision is not None and len(decision) == 2:
        lines.append(f"{classes[1]!s} is predicted from a probability of {decision[0] / sum(decision):.3f} on")
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


def costs_in_words(costs: Sequence[Sequence[float]], classes: Sequence[Any]) -> str:
    """Return a line that says which mistake costs what: the dearest first, and not all of many."""
    mistakes = sorted(permutations(range(len(classes)), 2), key=lambda mistake: -costs[mistake[0]][mistake[1]])
    named = [
        f"{classes[true]!s} taken for {classes[other]!s} costs {costs[true][other]:g}" for true, other in mistakes
    ]
    more = f", and {len(named) - NAMED_COSTS} more mistakes" if len(named) > NAMED_COSTS else ""
    return ", ".join(named[:NAMED_COSTS]) + more


_CALIBRATIONS = {"temperature": "a temperature", "isotonic": "an isotonic curve per class"}
