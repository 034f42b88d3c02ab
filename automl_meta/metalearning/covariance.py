"""How standings go together, learned across datasets; never-seen configurations through the kernel."""

import numpy as np

from automl_meta.metalearning.kernel import fit_kernel
from automl_meta.metalearning.protocol import Floats
from automl_meta.metalearning.standings import Knowledge

IDIOSYNCRATIC = 0.1  # of the mean variance: what one configuration does on one dataset and nothing else explains
TARGET = 0.4  # weight of the target that the empirical covariance is shrunk to
MEASURED = 10.0  # datasets at which a configuration's own covariance weighs as much as its likes'
UNKNOWN = 0.04  # variance of a standing of which nothing is known
LEAST = 0.1  # of it, that a standing keeps where all known datasets agree: the next one may not


def shrunk_covariance(
    table: Floats, knowledge: Knowledge, *, share: float = 1.0, variances: Floats | None = None
) -> Floats:
    """Return a positive definite covariance of shape (n_configurations, n_configurations).

    The empirical covariance is shrunk towards the kernel of the configuration vectors, the more so the less a
    configuration was measured, instead of towards the identity (Ledoit & Wolf 2004): like configurations are
    alike beforehand.

    Parameters
    ----------
    table : array of shape (n_datasets, n_configurations)
        The standings of `knowledge`, or a function of them.
    share : float in [0, 1]
        Of the covariance that is asked for; the idiosyncratic part is not reduced.
    variances : array of shape (n_datasets, n_configurations), optional
        Of what in `table` is only expected; it scatters less than what is measured.
    """
    n_datasets, n_configurations = table.shape
    if n_datasets < 2:
        kernel = fit_kernel(knowledge.vectors, np.zeros((n_configurations, 1)), rows=np.ones(n_configurations, bool))
        return np.asarray(UNKNOWN * (kernel.matrix + IDIOSYNCRATIC * np.eye(n_configurations)))
    residuals = table - table.mean(axis=0)
    kernel = fit_kernel(knowledge.vectors, residuals.T, rows=np.ones(n_configurations, bool))
    empirical = residuals.T @ residuals / n_datasets
    if variances is not None:
        empirical += np.diag(variances.mean(axis=0))
    measured = knowledge.measured
    own = measured / (measured + MEASURED)
    typical = max(float(np.average(np.diag(empirical), weights=own + 1e-9)), LEAST * UNKNOWN)
    deviation = np.sqrt(own * np.diag(empirical) + (1 - own) * typical)
    target = deviation[:, None] * kernel.matrix * deviation
    trust = np.sqrt((1 - TARGET) * own)
    mixed = trust[:, None] * empirical * trust + np.sqrt(1 - trust**2)[:, None] * target * np.sqrt(1 - trust**2)
    return np.asarray(share * mixed + IDIOSYNCRATIC * typical * np.eye(n_configurations))
