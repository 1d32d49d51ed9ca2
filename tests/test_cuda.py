"""On a real CUDA device: the counts of the CPU, whatever lies where and in whatever type rows are multiplied."""

from __future__ import annotations

import pytest
import torch
from genboard.benchmarks.feature_files import Workers
from genboard.benchmarks.metrics.inputs import FeatureSet, MetricInputs
from genboard.benchmarks.metrics.kernel import kernel_distance
from genboard.benchmarks.neighbours import count_neighbours, identity_resample, nearest_rows, placement, tile_pass
from genboard.benchmarks.neighbours.probe import AMPERE, error_on, trusted
from genboard.benchmarks.neighbours.rounded import PRODUCT_TYPES
from genboard.benchmarks.neighbours.tile_pass import count_on
from hostile_sets import HOSTILE
from in_order import InAnyOrder
from test_tiles import assert_same, in_one_process, stored

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="this machine has no CUDA device")
EVERY = (None, "plain", "cheapest", *PRODUCT_TYPES)


def sets(n: int, m: int, width: int = 512) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    real, fake = torch.randn(n, width, generator=generator), torch.randn(m, width, generator=generator)
    fake[: m // 8] = real[: m // 8]
    return real, fake


@pytest.mark.parametrize("products", EVERY, ids=lambda p: getattr(p, "name", str(p)))
@pytest.mark.parametrize("share", [0.5, 0.0], ids=["resident", "streamed"])
def test_counts_are_those_of_the_cpu(products, share, monkeypatch):
    monkeypatch.setattr(placement, "SHARE", share)
    real, fake = sets(3000, 2500)
    asked = [identity_resample(len(real), len(fake), asks="members")]
    expected = count_neighbours(real, fake, 5, asked, depth=40)
    found = count_neighbours(real, fake, 5, asked, depth=40, products=products, device="cuda")
    assert_same(found[0], expected[0])


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_sets_are_counted_as_on_the_cpu(name):
    real, fake = map(torch.from_numpy, HOSTILE[name])
    asked = [identity_resample(len(real), len(fake), asks="members")]
    for closed in (False, True):
        expected = count_neighbours(real, fake, 3, asked, closed, depth=9)
        assert_same(count_neighbours(real, fake, 3, asked, closed, depth=9, device="cuda")[0], expected[0])


def test_devices_with_such_tensor_cores_obey_the_bound():
    device = torch.device("cuda", torch.cuda.current_device())
    if torch.cuda.get_device_capability(device)[0] < AMPERE:
        assert trusted(device) == ()
        return
    assert trusted(device) == PRODUCT_TYPES
    assert all(0 < error_on(kind, device) <= 1 for kind in PRODUCT_TYPES)


def test_tiles_are_counted_as_in_one_process(tmp_path, monkeypatch):
    monkeypatch.setattr(tile_pass, "SIDE", 1000)
    real, fake = sets(2300, 1900)
    files = stored(tmp_path, real), stored(tmp_path, fake)
    workers = Workers(InAnyOrder(1), tmp_path, device="cuda")
    assert_same(in_one_process(real, fake), count_on(workers, *files, 3, False, 9))
    assert list(workers.bill.device_seconds) == [torch.cuda.get_device_name()]


def test_nearest_rows_and_kernels_are_those_of_the_cpu():
    real, fake = sets(2000, 1500)
    (distance, index), (expected, place) = nearest_rows(real, fake, device="cuda"), nearest_rows(real, fake)
    torch.testing.assert_close(distance, expected, rtol=1e-12, atol=0)
    assert torch.equal(index, place)
    there, here = (kernel_distance(MetricInputs(FeatureSet(fake, device=d), real)) for d in ("cuda", None))
    assert there.value == pytest.approx(here.value, rel=1e-9)
