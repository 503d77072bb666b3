"""A cluster of Ray with as few processes as there can be: each imports Ray anew, and never rests."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ray.cluster_utils import Cluster

FEWER_PROCESSES = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_prestart_worker_first_driver": "0",
    "RAY_DATA_PARQUET_FOOTER_NUM_ACTORS": "1",  # else 32, for a dump of one file
}
"""Settings of Ray, in the environment."""

QUICK_HEALTH = {
    "health_check_initial_delay_ms": 0,
    "health_check_period_ms": 500,
    "health_check_timeout_ms": 2000,
    "health_check_failure_threshold": 4,
}
"""So that Ray takes a killed node for dead after some seconds instead of fifteen."""
HEAD: Mapping[str, object] = {
    "num_cpus": 0,
    "_system_config": QUICK_HEALTH,
    **dict.fromkeys(("include_dashboard", "include_log_monitor"), False),
    "no_monitor": True,
}
"""A node for the driver alone, without processes that only watch."""


@contextmanager
def connected_cluster(cpus: int) -> Iterator["Cluster"]:
    """Start a cluster of one node that works, and connect this process to it."""
    os.environ.update(FEWER_PROCESSES)  # before the import
    import ray
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={**HEAD, "num_cpus": cpus})
    try:
        ray.init(cluster.address, log_to_driver=False, logging_level="CRITICAL")
        yield cluster
    finally:
        ray.shutdown()
        cluster.shutdown()
