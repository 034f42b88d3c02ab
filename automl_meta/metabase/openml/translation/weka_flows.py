"""Flows of Weka: ``weka.J48(1)``, with the options of its command line.

Options come one by one (``C`` is ``0.25``) or, for parts such as a kernel, as a command line of their own
(``weka.classifiers.functions.supportVector.PolyKernel -E 1.0 -C 250007``). Those that are absent have Weka's
defaults.
"""

import math
import shlex
from collections.abc import Callable

from automl_meta.metabase.openml.translation.draft import Draft, Translation, UntranslatableError
from automl_meta.metabase.openml.translation.given import Given
from automl_meta.metabase.openml.translation.setups import Parameter, Problem, Setup
from automl_meta.metabase.openml.translation.sklearn_estimators import set_layers

WEKA_ITSELF = "Weka's implementation, and what it does to the columns"
# Weka scales columns to [0, 1] where we scale to unit variance: columns are taken as uniform on their range.
VARIANCE = 1.0 / 12.0
UNIFORM = "columns, scaled to [0, 1], are taken as uniform"

Options = dict[str, str]
Rule = Callable[[Given, Problem, Options], None]


def translate(setup: Setup, problem: Problem) -> Translation:
    """Return the configuration that says what a flow of Weka did.

    Raises
    ------
    UntranslatableError
        If none does.
    """
    classifier, _, part = setup.name.rpartition(".")[2].partition("_")
    if part and classifier not in WITH_PARTS:
        raise UntranslatableError(f"wrapped by Weka ({classifier})")
    if classifier not in CLASSIFIERS:
        raise UntranslatableError(f"Weka's {classifier} has no equivalent")
    algorithm, rule = CLASSIFIERS[classifier]
    own, parts = _options(setup, classifier)
    if part:
        parts.setdefault("", part)
        parts = {
            name: own.pop(name) for name in ("E", "G") if name in own
        } | parts  # of the kernel, not of the machine
    draft = Draft(algorithm if isinstance(algorithm, str) else algorithm(own, parts), problem.task)
    draft.lose(WEKA_ITSELF)
    rule(Given(f"Weka's {classifier}", own, draft), problem, parts)
    return draft.finish()


def parse_command_line(text: str) -> tuple[str, Options]:
    """Return the class that a command line names, without its package, and its options; flags are "true".

    Raises
    ------
    UntranslatableError
        If its quotes do not match.
    """
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise UntranslatableError("a command line of Weka cannot be read") from error
    name = words[0].rpartition(".")[2] if words and not words[0].startswith("-") else ""
    options: Options = {}
    last = ""
    for word in words[1:] if name else words:
        if word.startswith("-") and math.isnan(_number(word)):
            last = word.lstrip("-")
            options[last] = "true"
        elif last:
            options[last] = word
            last = ""
    return name, options


def _number(word: str) -> float:
    try:
        return float(word)
    except ValueError:
        return math.nan


def _options(setup: Setup, classifier: str) -> tuple[Options, Options]:
    """Return the classifier's own options, and those of its parts; the part's class has the name ""."""
    own: Options = {}
    parts: Options = {}
    for parameter in setup.parameters:
        name, value = parameter.name.strip().lstrip("-"), parameter.value.strip()
        if value in ("", "false", "null"):
            continue
        if not _belongs(parameter, classifier):
            parts[name] = value
        elif value.startswith("weka."):
            if name in ("K", "A"):  # a kernel, or the search for neighbours
                parts[""], options = parse_command_line(value)
                parts.update(options)
        elif name in ("options", "command_line"):
            own.update(parse_command_line(value)[1])
        else:
            own[name] = value
    return own, parts


def _belongs(parameter: Parameter, classifier: str) -> bool:
    return parameter.component.rpartition(".")[2].partition("_")[0] == classifier


def _tree(given: Given, problem: Problem, parts: Options) -> None:
    draft = given.draft
    draft.set("criterion", "entropy")
    draft.set("max_depth", math.inf)
    draft.set("min_samples_leaf", given.number("M", 2))
    given.expect("R", "false")
    if given.flag("U", False):
        draft.set("ccp_alpha", 0.0)
    else:
        draft.lose("pruning by confidence is pruning by cost")


def _forest(given: Given, problem: Problem, parts: Options) -> None:
    draft, n_features = given.draft, max(problem.n_features, 1)
    if "I" not in given:  # the default was 10 until Weka 3.7, and is 100 since
        raise UntranslatableError("Weka's RandomForest without its number of trees")
    given.trees("I", 100)
    chosen = given.number("K", 0)
    default = int(math.log2(n_features)) + 1
    draft.set("max_features", min((chosen if chosen > 0 else default) / n_features, 1.0))
    draft.set("min_samples_leaf", max(given.number("M", 1), 1))
    given.expect("depth", 0)
    given.expect("P", 100)
    if "criterion" in draft:
        draft.set("criterion", "entropy")


def _neighbours(given: Given, problem: Problem, parts: Options) -> None:
    draft = given.draft
    given.expect("X", "false")
    given.expect("W", 0)
    draft.set("n_neighbors", given.number("K", 1))
    if given.flag("F", False):
        draft.lose("neighbours weigh one over their distance")
    draft.set("weights", "distance" if given.flag("I", False) or given.flag("F", False) else "uniform")
    draft.set("p", "1" if "ManhattanDistance" in str(parts.get("A", "")) else "2")
    draft.set("scaling", "standard")
    draft.lose(UNIFORM)


def _kernel(own: Options, parts: Options) -> str:
    return "svm" if parts.get("") == "RBFKernel" else "linear_svm"


def _smo(given: Given, problem: Problem, parts: Options) -> None:
    draft, n_features = given.draft, max(problem.n_features, 1)
    kernel = parts.get("", "PolyKernel")
    scaling = given.text("N", "0")
    if kernel not in ("PolyKernel", "RBFKernel"):
        raise UntranslatableError(f"Weka's {kernel} has no equivalent")
    if scaling == "2":
        raise UntranslatableError("a support vector machine on columns that are not scaled has no equivalent")
    variance = VARIANCE if scaling == "0" else 1.0
    if scaling == "0":
        draft.lose(UNIFORM)
    strength = given.number("C", 1.0)
    draft.labels_only = not given.flag("M", False)  # without calibration models, probabilities are 0 or 1, or votes
    draft.set("scaling", "standard")
    if kernel == "RBFKernel":
        draft.set("C", strength)
        draft.set("gamma", _part_number(parts, "G", 0.01) * variance * n_features)
        return
    if _part_number(parts, "E", 1.0) != 1.0 or parts.get("L") == "true":
        raise UntranslatableError("a polynomial kernel has no equivalent")
    draft.set("C", strength * variance)
    draft.lose("the hinge loss is squared")


def _part_number(parts: Options, name: str, default: float) -> float:
    value = _number(parts.get(name, str(default)))
    if math.isnan(value):
        raise UntranslatableError(f"{name} of a part is not a number")
    return value


def _perceptron(given: Given, problem: Problem, parts: Options) -> None:
    attributes, classes = problem.n_features, max(problem.n_classes, 1)
    words = {"a": (attributes + classes) // 2, "i": attributes, "o": classes, "t": attributes + classes}
    layers = [part.strip() for part in given.text("H", "a").split(",")]
    set_layers(given.draft, [float(words[part]) if part in words else _number(part) for part in layers])


def _logistic(given: Given, problem: Problem, parts: Options) -> None:
    ridge = given.number("R", 1e-8)
    given.draft.set("C", 1.0 / (2.0 * ridge) if ridge > 0 else math.inf)
    given.draft.set("penalty", "l2")
    given.draft.set("scaling", "standard")


def _bayes(given: Given, problem: Problem, parts: Options) -> None:
    given.expect("K", "false")
    given.expect("D", "false")
    given.draft.lose("categories are encoded as numbers")


def _frequencies(given: Given, problem: Problem, parts: Options) -> None:
    """Do nothing: there is nothing to set."""


WITH_PARTS = {"SMO"}  # weka.SMO_PolyKernel: the part does not change what it is
CLASSIFIERS: dict[str, tuple[str | Callable[[Options, Options], str], Rule]] = {
    "J48": ("decision_tree", _tree),
    "RandomForest": ("random_forest", _forest),
    "IBk": ("knn", _neighbours),
    "SMO": (_kernel, _smo),
    "MultilayerPerceptron": ("perceptron", _perceptron),
    "Logistic": ("logistic_regression", _logistic),
    "NaiveBayes": ("gaussian_nb", _bayes),
    "ZeroR": ("dummy", _frequencies),
}
