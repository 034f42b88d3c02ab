"""The types that a model file may hold besides those that skops trusts by itself.

The list is fixed and written out: a file that names any other type is refused. None of them runs code from the file
when it is made: their attributes are set, and nothing is called.
"""

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

_SCIKIT_LEARN = (
    "functools.partial",  # of check_array, in histogram gradient boosting with categories
    "sklearn.utils.validation.check_array",
    "sklearn.compose._column_transformer._RemainderColsList",  # a list of columns, in older versions
    "sklearn.gaussian_process._gpc._BinaryGaussianProcessClassifierLaplace",
    "sklearn.gaussian_process.kernels.ConstantKernel",
    "sklearn.gaussian_process.kernels.Matern",
    "sklearn.gaussian_process.kernels.Product",
    "sklearn.gaussian_process.kernels.RBF",
    "sklearn.gaussian_process.kernels.Sum",
    "sklearn.gaussian_process.kernels.WhiteKernel",
)

TRUSTED = (*(f"automl_meta.{name}" for name in _OWN), *_SCIKIT_LEARN)
