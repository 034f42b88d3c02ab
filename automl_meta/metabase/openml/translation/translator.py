"""Which module translates a flow."""

from automl_meta.metabase.openml.translation import mlr_flows, sklearn_flows, weka_flows
from automl_meta.metabase.openml.translation.draft import Translation, UntranslatableError
from automl_meta.metabase.openml.translation.setups import TOO_LONG, Problem, Setup

# What flows' names begin with. Boosting libraries name theirs after themselves, and speak scikit-learn's language.
SOURCES = {
    "sklearn.": sklearn_flows.translate,
    "xgboost.": sklearn_flows.translate,
    "lightgbm.": sklearn_flows.translate,
    "catboost.": sklearn_flows.translate,
    "mlr.": mlr_flows.translate,
    "mlr3.": mlr_flows.translate,
    "classif.": mlr_flows.translate,  # before 2017, mlr's flows were called after the learner alone
    "regr.": mlr_flows.translate,
    "weka.": weka_flows.translate,
}


def translate(setup: Setup, problem: Problem) -> Translation:
    """Return the configuration that says what `setup` did on `problem`.

    Raises
    ------
    UntranslatableError
        If none does. Nothing is guessed.
    """
    if any(parameter.value == TOO_LONG for parameter in setup.parameters):
        raise UntranslatableError("a parameter's value is too long")
    for prefix, source in SOURCES.items():
        if setup.name.startswith(prefix):
            return source(setup, problem)
    raise UntranslatableError(f"flows of {setup.name.partition('.')[0] or 'no name'} are not known")
