"""Reading a table, understanding its columns and its target, and checking new tables against what is known."""

from automl_meta.datasets.dataset import Dataset
from automl_meta.datasets.errors import (
    DuplicateColumnsError,
    MissingColumnsError,
    MissingTargetError,
    TableError,
    TargetError,
    UnknownColumnsError,
)
from automl_meta.datasets.features import FeatureCheck, features_from
from automl_meta.datasets.making import dataset_from_arrays, make_dataset, read_dataset
from automl_meta.datasets.reading import read_table
from automl_meta.datasets.row_columns import RowColumnError, RowColumns, groups_from, weights_from
from automl_meta.datasets.schema import Column, ColumnRole, Label, NumberFormat, Schema
from automl_meta.datasets.target import class_labels, guess_target, has_target, labels_from, target_from
from automl_meta.datasets.task import Task

__all__ = [
    "Column",
    "ColumnRole",
    "Dataset",
    "DuplicateColumnsError",
    "FeatureCheck",
    "Label",
    "MissingColumnsError",
    "MissingTargetError",
    "NumberFormat",
    "RowColumnError",
    "RowColumns",
    "Schema",
    "TableError",
    "TargetError",
    "Task",
    "UnknownColumnsError",
    "class_labels",
    "dataset_from_arrays",
    "features_from",
    "groups_from",
    "guess_target",
    "has_target",
    "labels_from",
    "make_dataset",
    "read_dataset",
    "read_table",
    "target_from",
    "weights_from",
]
