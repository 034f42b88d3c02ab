"""From OpenML's setups to configurations of the catalogue, with a grade each.

What maps to what, and what is lost, is written down in ``docs/openml.md``.
"""

from automl_meta.metabase.openml.translation.draft import Grade, Translation, UntranslatableError
from automl_meta.metabase.openml.translation.setups import Parameter, Problem, Setup
from automl_meta.metabase.openml.translation.translator import translate

__all__ = ["Grade", "Parameter", "Problem", "Setup", "Translation", "UntranslatableError", "translate"]
