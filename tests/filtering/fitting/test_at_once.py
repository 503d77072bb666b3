"""Proves that several fits at once give what one after the other gives, each with one thread."""

import sys
import threading
from dataclasses import replace

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from filtering.fitting import at_once, ridge
from filtering.fitting.at_once import each
from filtering.fitting.cross_validation import nested_raw
from filtering.fitting.recipes import signals_fit
from tests.kit.scorers.fitted import made_data


def test_results_come_in_the_order_of_the_tasks_and_several_run_at_once(monkeypatch):
    monkeypatch.setattr(at_once, "available_cpus", lambda: 3)
    together = threading.Barrier(3)

    def wait(task):
        together.wait(timeout=30)
        return task * 2, [one["num_threads"] for one in threadpool_info() if one["user_api"] == "blas"]

    found = list(each(wait, range(6)))
    assert [doubled for doubled, _ in found] == [0, 2, 4, 6, 8, 10]
    assert {threads for _, numbers in found for threads in numbers} == {1}


def test_a_fault_of_one_task_ends_all():
    def fail(task):
        raise ValueError(str(task))

    with pytest.raises(ValueError, match="0"):
        list(each(fail, [0, 1, 2]))


def test_several_fits_at_once_give_the_same_and_form_products_once(monkeypatch):
    formed = []

    def counted(cells, form=ridge.form_products):
        formed.append(cells.shape)
        return form(cells)

    monkeypatch.setattr(ridge, "form_products", counted)
    values = []
    for cpus in (1, 3):
        monkeypatch.setattr(at_once, "available_cpus", lambda cpus=cpus: cpus)
        data = made_data(250)
        fresh = replace(data, products=ridge.CellProducts(data.cells))
        values.append(nested_raw(fresh, signals_fit("lightgbm"), assignment=0))
    np.testing.assert_array_equal(*values)
    assert len(formed) == 4  # of two tables each


def test_libraries_are_looked_for_anew_where_more_is_imported(monkeypatch):
    with at_once.one_thread():
        first = at_once._libraries(len(sys.modules))
    assert at_once._libraries(len(sys.modules)) is first
    monkeypatch.setitem(sys.modules, "one more", sys)
    assert at_once._libraries(len(sys.modules)) is not first
