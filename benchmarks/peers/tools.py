"""The tools that are compared: what to install, what to run."""

from dataclasses import dataclass
from hashlib import sha256


@dataclass(frozen=True, slots=True)
class Tool:
    """One competitor.

    Attributes
    ----------
    runner : str
        A file in ``runners/``, run with the Python of the tool's own environment.
    packages : tuple of str
        What pip installs into that environment; empty for this project itself.
    variant : str
        Passed on to the runner.
    budgeted : bool
        Whether it searches; the others are fitted once, whatever the budget.
    """

    name: str
    runner: str
    packages: tuple[str, ...]
    variant: str = ""
    budgeted: bool = True

    @property
    def environment(self) -> str:
        """Name of the environment; tools with the same packages share one."""
        return (
            f"{self.runner}-{sha256(repr(self.packages).encode()).hexdigest()[:8]}"
            if self.packages
            else "automl_meta"
        )


AUTOGLUON = ("torch==2.13.0", "autogluon.tabular[all]")  # as its documentation says: with neural networks and ray
DEFAULTS = ("scikit-learn", "pandas", "lightgbm", "catboost")
TOOLS = {
    tool.name: tool
    for tool in (
        Tool("automl-meta", "ours", ()),
        Tool("AutoGluon medium", "autogluon_tabular", AUTOGLUON, "medium_quality"),
        Tool("AutoGluon best", "autogluon_tabular", AUTOGLUON, "best_quality"),
        Tool(
            "AutoGluon best, no networks",
            "autogluon_tabular",
            ("autogluon.tabular[catboost,lightgbm,xgboost]",),
            "best_quality",
        ),
        Tool("FLAML", "flaml_automl", ("flaml[automl]", "catboost")),
        Tool("H2O AutoML", "h2o_automl", ("h2o", "pandas")),
        Tool("mljar Compete", "mljar_compete", ("mljar-supervised", "setuptools<81")),
        Tool("random forest", "defaults", DEFAULTS, "random_forest", budgeted=False),
        Tool("histogram boosting", "defaults", DEFAULTS, "hist_gradient_boosting", budgeted=False),
        Tool("LightGBM", "defaults", DEFAULTS, "lightgbm", budgeted=False),
        Tool("CatBoost", "defaults", DEFAULTS, "catboost", budgeted=False),
    )
}
# Of this project, each without one of its parts.
ABLATIONS = {
    "no meta-base": ["--search", "uniform"],
    "no refinement": ["--search", "none", "--top-k", "1000"],
    "no ensemble": ["--ensemble", "best"],
    "greedy only": ["--ensemble", "greedy"],
    "stack only": ["--ensemble", "stack"],
    "grid": ["--search", "grid"],
    "halving": ["--search", "halving"],
    "posterior": ["--search", "meta"],
    "no racing": ["--no-racing"],
}
