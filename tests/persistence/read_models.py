"""For each folder named on standard input: load its model, predict its table, and keep what was predicted."""

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from fitted_models import predicted

from automl_meta.persistence import load_model

for line in sys.stdin:
    folder = Path(line.strip())
    model = load_model(folder / "x.automl")
    np.savez(folder / "x.npz", *predicted(model, pd.read_parquet(folder / "x.parquet")))
    sys.stdout.write(json.dumps(model.warnings) + "\n")
    sys.stdout.flush()
