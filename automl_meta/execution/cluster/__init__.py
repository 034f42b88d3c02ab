"""A Dask cluster behind the protocol of this package; it needs the extra ``dask``.

Nothing of Dask is imported until `connect` is called.
"""

from automl_meta.execution.cluster.address import ClusterOptions
from automl_meta.execution.cluster.connection import connect
from automl_meta.execution.cluster.executor import DaskExecutor

__all__ = ["ClusterOptions", "DaskExecutor", "connect"]
