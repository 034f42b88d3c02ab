"""Setups of Weka, from old and new versions, and what they mean."""

from setup_problems import BINARY, Case, Refused

POLY = "weka.classifiers.functions.supportVector.PolyKernel -E 1.0 -C 250007"
RBF = "weka.classifiers.functions.supportVector.RBFKernel -C 250007 -G 0.05"
LINEAR_SEARCH = 'weka.core.neighboursearch.LinearNNSearch -A "weka.core.EuclideanDistance -R first-last"'

APPROXIMATE: dict[str, Case] = {
    "J48, pruned": (
        "weka.J48(1)",
        {"weka.J48": {"C": "0.25", "M": "2"}},
        BINARY,
        "decision_tree",
        {"min_samples_leaf": 2, "max_depth": 20, "criterion": "entropy", "ccp_alpha": 1e-4},
    ),
    "J48, not pruned, options with hyphens": (
        "weka.classifiers.trees.J48(7)",
        {"weka.classifiers.trees.J48": {"-U": "true", "-M": "10", "-A": "false"}},
        BINARY,
        "decision_tree",
        {"min_samples_leaf": 10, "ccp_alpha": 1e-6},
    ),
    "IBk": (
        "weka.IBk(4)",
        {"weka.IBk": {"K": "9", "W": "0", "A": LINEAR_SEARCH}},
        BINARY,
        "knn",
        {"n_neighbors": 9, "weights": "uniform", "p": "2"},
    ),
    "IBk, weighted": (
        "weka.IBk(4)",
        {"weka.IBk": {"K": "1", "I": "true", "A": LINEAR_SEARCH.replace("Euclidean", "Manhattan")}},
        BINARY,
        "knn",
        {"n_neighbors": 1, "weights": "distance", "p": "1"},
    ),
    "RandomForest, Weka 3.7": (
        "weka.RandomForest(3)",
        {"weka.RandomForest": {"I": "200", "K": "0", "S": "1", "num-slots": "6"}},
        BINARY,
        "random_forest",
        {"max_features": 0.25, "min_samples_leaf": 1, "criterion": "entropy"},
    ),
    "RandomForest, Weka 3.9": (
        "weka.RandomForest(9)",
        {"weka.RandomForest": {"P": "100", "I": "100", "num-slots": "1", "K": "4", "M": "3.0", "V": "0.001"}},
        BINARY,
        "random_forest",
        {"max_features": 0.2, "min_samples_leaf": 3},
    ),
    "SMO, linear": (
        "weka.SMO_PolyKernel(1)",
        {"weka.SMO_PolyKernel": {"C": "12.0", "N": "0", "K": POLY}},
        BINARY,
        "linear_svm",
        {"C": 1.0},
    ),
    "SMO, the kernel's options beside its own": (
        "weka.SMO_PolyKernel(1)",
        {"weka.SMO_PolyKernel": {"C": "3.0", "N": "1", "E": "1.0"}, "weka.PolyKernel": {"C": "250007"}},
        BINARY,
        "linear_svm",
        {"C": 3.0},
    ),
    "SMO, radial": (
        "weka.SMO_RBFKernel(2)",
        {"weka.SMO_RBFKernel": {"C": "2.0", "N": "1", "K": RBF}},
        BINARY,
        "svm",
        {"C": 2.0, "gamma": 1.0},
    ),
    "MultilayerPerceptron": (
        "weka.MultilayerPerceptron(1)",
        {"weka.MultilayerPerceptron": {"L": "0.3", "M": "0.2", "N": "500", "H": "50,50"}},
        BINARY,
        "perceptron",
        {"depth": 2, "width": 50},
    ),
    "Logistic with Weka's tiny ridge": (
        "weka.Logistic(1)",
        {"weka.Logistic": {"R": "1.0E-8", "M": "-1"}},
        BINARY,
        "logistic_regression",
        {"C": 100.0, "penalty": "l2"},
    ),
    "Logistic, penalised": (
        "weka.Logistic(2)",
        {"weka.Logistic": {"R": "0.5"}},
        BINARY,
        "logistic_regression",
        {"C": 1.0},
    ),
    "NaiveBayes": ("weka.NaiveBayes(1)", {"weka.NaiveBayes": {}}, BINARY, "gaussian_nb", {}),
}

UNTRANSLATABLE: dict[str, Refused] = {
    "Weka, bagged": ("weka.Bagging_REPTree(1)", {}, BINARY, r"wrapped by Weka \(Bagging\)"),
    "Weka, filtered": ("weka.FilteredClassifier_Discretize_J48(1)", {}, BINARY, "wrapped by Weka"),
    "Weka, another classifier": ("weka.JRip(1)", {}, BINARY, "Weka's JRip has no equivalent"),
    "Weka, ten trees": ("weka.RandomForest(1)", {"weka.RandomForest": {"I": "10"}}, BINARY, "fewer than 30 trees"),
    "Weka, trees not said": ("weka.RandomForest(1)", {}, BINARY, "without its number of trees"),
    "Weka, a quadratic kernel": (
        "weka.SMO_PolyKernel(1)",
        {"weka.SMO_PolyKernel": {"K": POLY.replace("-E 1.0", "-E 2.0")}},
        BINARY,
        "polynomial kernel",
    ),
    "Weka, neighbours chosen inside": (
        "weka.IBk(4)",
        {"weka.IBk": {"K": "9", "X": "true"}},
        BINARY,
        "X of Weka's IBk",
    ),
    "Weka, kernel density": ("weka.NaiveBayes(1)", {"weka.NaiveBayes": {"K": "true"}}, BINARY, "K of Weka's"),
}
