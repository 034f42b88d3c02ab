"""What a Dask cluster costs against local processes, and how well many workers are kept busy.

    python benchmarks/cluster_overhead.py [--pairs 3] [--many 64] [--threads 1]

First, pairs of runs: 60 evaluations of one second each, on two local processes and on two Dask workers; only the time
from the first submission to the last result counts. Then `--many` workers with evaluations that sleep: the share of
the ideal throughput that is reached once all have started. With `--threads` they are threads of fewer Dask workers,
each with a process for its evaluations all the same, so that a small machine can start them.
"""

import argparse
import statistics
import time
from collections.abc import Callable, Iterator
from concurrent.futures import wait
from contextlib import contextmanager
from typing import Any

import distributed
import numpy as np

from automl_meta.execution import Executor, Limits, LocalExecutor, Status
from automl_meta.execution.cluster import ClusterOptions, DaskExecutor, connect

EVALUATIONS = 60
SECONDS = 1.0
PRELOAD = ("numpy", "cluster_overhead")
ROUNDS = 5  # of work for each of many workers


def compute(problem: Any, seconds: float) -> float:
    """Use the processor for `seconds` of its own time, on a shared table."""
    table = problem.get()
    started = time.process_time()
    total = 0.0
    while time.process_time() - started < seconds:
        total += float(np.sort(table[:, 0]).sum())
    return total


def sleep(problem: Any, seconds: float) -> float:
    """Sleep, as an evaluation does that another machine's processor works on."""
    problem.get()
    time.sleep(seconds)
    return seconds


def seconds_for(executor: Executor, work: Callable[..., float], count: int) -> float:
    """Return how long `count` pieces of work of `SECONDS` take, the sending of the table among it."""
    table = np.random.default_rng(0).random((20_000, 20))
    limits = Limits(seconds=60 * SECONDS)
    warm = executor.share(np.zeros((1, 1)))
    wait([executor.submit(sleep, warm, 0.5, limits=limits) for _ in range(executor.workers)])
    started = time.perf_counter()
    shared = executor.share(table)
    futures = [executor.submit(work, shared, SECONDS, limits=limits) for _ in range(count)]
    statuses = {future.result().status for future in futures}
    if statuses != {Status.OK}:
        raise RuntimeError(f"not all went well: {statuses}")
    return time.perf_counter() - started


def paired_overhead(pairs: int) -> None:
    """Print the wall-clock seconds of both paths, in turns, and the ratio's median."""
    ratios = []
    for number in range(pairs):
        seconds = {}
        for name in ("local", "cluster") if number % 2 else ("cluster", "local"):
            executor = LocalExecutor(2, preload=PRELOAD) if name == "local" else ready_cluster(2)
            with executor:
                seconds[name] = seconds_for(executor, compute, EVALUATIONS)
        ratios.append(seconds["cluster"] / seconds["local"])
        print(f"local {seconds['local']:.1f} s, cluster {seconds['cluster']:.1f} s: {ratios[-1]:.3f}", flush=True)
    print(f"median ratio {statistics.median(ratios):.3f}")


def throughput(many: int, threads: int) -> None:
    """Print how much of the ideal throughput `many` workers reach with work that sleeps."""
    with ready_cluster(many) if threads == 1 else threaded_cluster(many, threads) as executor:
        seconds = seconds_for(executor, sleep, ROUNDS * many)
    share = ROUNDS * SECONDS / seconds
    print(
        f"{many} workers: {ROUNDS * many} times {SECONDS:.0f} s in {seconds:.2f} s, {share:.0%} of ideal throughput"
    )


def ready_cluster(workers: int) -> DaskExecutor:
    """Return a cluster of processes here, once all of them are there."""
    return _all_there(ClusterOptions(address=f"local:{workers}"), workers)


@contextmanager
def threaded_cluster(workers: int, threads: int) -> Iterator[DaskExecutor]:
    """Give a cluster of Dask workers with some threads each, once all of them are there."""
    options = {"host": "127.0.0.1", "dashboard_address": None, "memory_limit": 0}
    with (
        distributed.LocalCluster(n_workers=-(-workers // threads), threads_per_worker=threads, **options) as cluster,
        _all_there(ClusterOptions(address=cluster.scheduler_address), workers) as executor,
    ):
        yield executor


def _all_there(options: ClusterOptions, workers: int) -> DaskExecutor:
    executor = connect(options, preload=PRELOAD)
    while executor.workers < workers:
        time.sleep(0.1)
    return executor


def main() -> None:
    """Measure both and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--many", type=int, default=64)
    parser.add_argument("--threads", type=int, default=1, help="of each of the many workers' Dask workers")
    given = parser.parse_args()
    if given.pairs:
        paired_overhead(given.pairs)
    if given.many:
        throughput(given.many, given.threads)


if __name__ == "__main__":
    import cluster_overhead  # so that workers find the functions by their module

    cluster_overhead.main()
