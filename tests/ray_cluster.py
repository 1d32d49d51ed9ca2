"""Ray clusters of this machine, of one-core nodes."""

from __future__ import annotations

from typing import Any


def started(nodes: int) -> Any:
    """A cluster that this process has not joined, nor any other: what a test before had joined, it leaves."""
    import ray
    from ray.cluster_utils import Cluster

    ray.shutdown()
    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    for _ in range(nodes - 1):
        made.add_node(num_cpus=1)
    return made


def ended(cluster: Any) -> None:
    import ray

    ray.shutdown()
    cluster.shutdown()
