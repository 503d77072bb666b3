"""Proves that every fault that `make mutations` plants still has its place in the source, and its tests."""

import pytest

from tests.kit.faults import mutations
from tests.kit.places import ROOT


@pytest.mark.parametrize("fault", mutations.FAULTS, ids=[fault.name for fault in mutations.FAULTS])
def test_a_fault_to_plant_stands_in_one_place_and_has_its_tests(fault):
    assert mutations.place_of(fault, ROOT).exists()
    assert len(mutations.tests_of(fault, ROOT)) == len(fault.tests)
