"""Looking into a fitted ensemble: which columns it uses and how, where it is worst, why a row is predicted so."""

from automl_meta.inspection.explanation import Explanation, explain_rows
from automl_meta.inspection.out_of_fold import OutOfFoldEnsemble
from automl_meta.inspection.overview import inspect_ensemble

__all__ = ["Explanation", "OutOfFoldEnsemble", "explain_rows", "inspect_ensemble"]
