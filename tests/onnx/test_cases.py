"""The loader reads everything that a fixture can hold."""

import numpy as np

from .cases import load


def test_a_network_of_the_first_fixtures():
    case = load("dense")
    assert case.meta["inputs"] == ["input"] and case.vertices is None
    assert case.x.shape == (3, 7) and case.y.shape == (3, 6)
    assert case.normalized is case.x and case.y is case.outputs[0]


def test_a_graph_with_several_inputs_and_outputs():
    case = load("example_graph")
    assert case.meta["inputs"] == ["rows", "series"] and case.meta["outputs"] == ["values", "classes"]
    assert [x.shape for x in case.inputs] == [(3, 7), (3, 4, 5)]
    assert [y.shape for y in case.outputs] == [(3, 3), (3, 4)]
    np.testing.assert_allclose(case.outputs[1].sum(1), 1, rtol=1e-6)
    assert case.masks[0] is None and case.masks[1].sum(1).tolist() == [5, 2, 3]
    order = case.model.configuration["topologicalOrderStr"]
    assert case.vertices == [name for name in order if name in ("hidden", "last", "values", "classes")]
    positions = [at for part in case.layout for param in part for at in param["at"]]
    assert sorted(positions) == list(range(case.model.params.size))


def test_masked_and_unmasked_outputs():
    case = load("example_masked")
    seen = case.masks[0].astype(bool)
    assert seen.sum(1).tolist() == [3, 5, 2]
    np.testing.assert_array_equal(case.outputs[0][seen], case.unmasked[0][seen])
    assert not case.outputs[0][~seen].any() and case.y[~seen].all()


def test_the_first_row_alone():
    for name in ("example_graph", "example_masked", "example_steps"):
        case = load(name)
        for alone, rows in zip(case.alone, case.outputs, strict=True):
            np.testing.assert_allclose(alone, rows[:1], rtol=1e-5, atol=1e-7)


def test_steps_of_a_recurrent_network():
    case = load("example_steps")
    (x, y), (later_x, later_y) = case.steps
    assert x[0].shape == (3, 4) and y[0].shape == (3, 2)
    assert later_x[0].shape == (3, 4, 2) and later_y[0].shape == (3, 2, 2)
    assert len(load("example_graph_steps").steps[1][0]) == 2
