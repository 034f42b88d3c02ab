import sys
from importlib.util import find_spec
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # so that workers can import `work` by its name

# Without the extra `dask` there is no cluster to test.
collect_ignore_glob = [] if find_spec("distributed") else ["test_cluster*.py"]
