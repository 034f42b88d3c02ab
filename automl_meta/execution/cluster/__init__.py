"""A Dask cluster behind the protocol of this package; it needs the extra ``dask``.

Nothing of Dask is imported until `connect` is called.
"""

from automl_meta.execution.cluster.address import ClusterOptions
from automl_meta.execution.cluster.connection import connect

__all__ = ["ClusterOptions", "connect"]
