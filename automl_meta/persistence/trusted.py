"""The types that a model file may hold besides those that skops trusts by itself.

The list is fixed and written out: a file that names any other type is refused. None of them runs code from the file
when it is made: their attributes are set, and nothing is called.
"""

from collections.abc import Mapping
from typing import Any

_OWN = (
    "ensembling.calibration.Isotonic",
    "ensembling.calibration.Temperature",
    "ensembling.combiners.LinearStack",
    "ensembling.combiners.LogOddsStack",
    "ensembling.combiners.WeightedAverage",
    "ensembling.intervals.Residuals",
    "ensembling.predictor.EnsemblePredictor",
    "persistence.packed_neighbours.PackedNeighbours",
    "persistence.packed_sequences.PackedArrays",
    "persistence.packed_sequences.PackedTextTuples",
    "persistence.packed_sequences.PackedTexts",
    "persistence.packed_trees.PackedTrees",
    "persistence.packing.PackedBoosting",
    "persistence.packing.PackedForest",
    "persistence.packing.PackedTree",
    "pipelines.encoders.categories.OneHotEncoder",
    "pipelines.encoders.categories.TargetMeanEncoder",
    "pipelines.encoders.dates.DateEncoder",
    "pipelines.encoders.numeric.NumericEncoder",
    "pipelines.encoders.reduction.WideReducer",
    "pipelines.encoders.text.TextEncoder",
    "pipelines.estimators.calibrated.CalibratedMargins",
    "pipelines.estimators.catboost.CatBoostBooster",
    "pipelines.estimators.coded_table.CodedTable",
    "pipelines.estimators.coded_target.BoundedRegressor",
    "pipelines.estimators.coded_target.CodedClassifier",
    "pipelines.estimators.forest.Forest",
    "pipelines.estimators.gaussian_process.SmallGaussianProcess",
    "pipelines.estimators.hist_boosting.HistBooster",
    "pipelines.estimators.lightgbm.LightGBMBooster",
    "pipelines.estimators.log_densities.LogDensities",
    "pipelines.estimators.neighbours.Neighbours",
    "pipelines.estimators.perceptron.PerceptronClassifier",
    "pipelines.estimators.perceptron.PerceptronRegressor",
    "pipelines.estimators.perceptron_inputs.PerceptronInputs",
    "pipelines.estimators.perceptron_network.Layout",
    "pipelines.estimators.quadratic.ShrunkQuadratic",
    "pipelines.estimators.smoothing.SmoothedTree",
    "pipelines.estimators.subset.OnSubset",
    "pipelines.estimators.target_transforms.TargetTransform",
    "pipelines.estimators.xgboost.XGBoostBooster",
    "pipelines.preprocessing.ColumnPreprocessor",
    "pipelines.preprocessing.Preprocessing",
)

# Of scikit-learn, what the catalogue's fitted estimators are made of. skops would trust all of scikit-learn, much of
# which hands what it holds to native code without a look; what of these does so is checked in `native`.
_SCIKIT_LEARN = (
    "_loss.link.HalfLogitLink",
    "_loss.link.IdentityLink",
    "_loss.link.Interval",
    "_loss.link.LogLink",
    "_loss.link.LogitLink",
    "_loss.link.MultinomialLogit",
    "_loss.loss.HalfBinomialLoss",
    "_loss.loss.HalfMultinomialLoss",
    "_loss.loss.HalfSquaredError",
    "compose._column_transformer.ColumnTransformer",
    "compose._column_transformer._RemainderColsList",  # a list of columns, in older versions
    "discriminant_analysis.LinearDiscriminantAnalysis",
    "dummy.DummyClassifier",
    "dummy.DummyRegressor",
    "ensemble._forest.ExtraTreesClassifier",
    "ensemble._forest.ExtraTreesRegressor",
    "ensemble._forest.RandomForestClassifier",
    "ensemble._forest.RandomForestRegressor",
    "ensemble._hist_gradient_boosting.binning._BinMapper",
    "ensemble._hist_gradient_boosting.gradient_boosting.HistGradientBoostingClassifier",
    "ensemble._hist_gradient_boosting.gradient_boosting.HistGradientBoostingRegressor",
    "gaussian_process._gpc.GaussianProcessClassifier",
    "gaussian_process._gpc._BinaryGaussianProcessClassifierLaplace",
    "gaussian_process._gpr.GaussianProcessRegressor",
    "gaussian_process.kernels.ConstantKernel",
    "gaussian_process.kernels.Matern",
    "gaussian_process.kernels.Product",
    "gaussian_process.kernels.RBF",
    "gaussian_process.kernels.Sum",
    "gaussian_process.kernels.WhiteKernel",
    "linear_model._bayes.BayesianRidge",
    "linear_model._coordinate_descent.ElasticNet",
    "linear_model._logistic.LogisticRegression",
    "linear_model._ridge.Ridge",
    "multiclass.OneVsRestClassifier",
    "neighbors._classification.KNeighborsClassifier",
    "neighbors._regression.KNeighborsRegressor",
    "pipeline.Pipeline",
    "preprocessing._data.PowerTransformer",
    "preprocessing._data.StandardScaler",
    "preprocessing._encoders.OrdinalEncoder",
    "preprocessing._function_transformer.FunctionTransformer",
    "preprocessing._label.LabelBinarizer",
    "preprocessing._label.LabelEncoder",
    "svm._classes.LinearSVC",
    "svm._classes.LinearSVR",
    "svm._classes.SVC",
    "svm._classes.SVR",
    "tree._classes.DecisionTreeClassifier",
    "tree._classes.DecisionTreeRegressor",
    "tree._classes.ExtraTreeClassifier",
    "tree._classes.ExtraTreeRegressor",
)
_OBJECTS = (*(f"automl_meta.{name}" for name in _OWN), *(f"sklearn.{name}" for name in _SCIKIT_LEARN))
_CALLED = ("functools.partial", "sklearn.utils.validation.check_array")  # of histogram boosting's own steps

TRUSTED = (*_OBJECTS, *_CALLED)

_SCALARS = ("bool", "bool_", "str_", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
_NUMPY = frozenset(f"numpy.{name}" for name in (*_SCALARS, "float16", "float32", "float64"))
_PLAIN = frozenset(f"builtins.{name}" for name in ("bool", "float", "int", "str"))
# What each of skops' ways to read an object may make; the other ways are of no use to a model.
_MADE_BY: dict[str, frozenset[str]] = {
    "BytesNode": frozenset(("builtins.bytes",)),
    "DictNode": frozenset(("builtins.dict",)),
    "FunctionNode": frozenset(_CALLED[1:]),
    "JsonNode": _PLAIN,
    "ListNode": frozenset(("builtins.list",)),
    "NdArrayNode": _NUMPY | {"numpy.ndarray"},
    "ObjectNode": frozenset(_OBJECTS),
    "PartialNode": frozenset(_CALLED[:1]),
    "RandomGeneratorNode": frozenset(("numpy.random._generator.Generator",)),
    "RandomStateNode": frozenset(("numpy.random.mtrand.RandomState",)),
    "SetNode": frozenset(("builtins.set",)),
    "SliceNode": frozenset(("builtins.slice",)),
    "TupleNode": frozenset(("builtins.tuple",)),
    "TypeNode": _NUMPY | _PLAIN,
}
_BY_SKOPS = frozenset(("CachedNode", "LossNode"))  # make what is made already, or of a list of skops' own


def useless_type(node: Mapping[str, Any]) -> str | None:
    """Return the name of what a node of skops' outline would make, if no model has a use for it, else None."""
    loader = node.get("__loader__")
    if loader in _BY_SKOPS:
        return None
    name = f"{node.get('__module__')}.{node.get('__class__')}"
    return None if isinstance(loader, str) and name in _MADE_BY.get(loader, ()) else name
