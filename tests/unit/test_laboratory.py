"""The laboratory's data: laws as the registries have them, and a probe that keeps its geometry."""

import json
import re

import numpy as np
import pytest
from made_up_run import write_run

from depthsounder.data.dataset import Dataset, load_dataset
from depthsounder.elements.activation import Activation
from depthsounder.elements.activations import ACTIVATIONS
from depthsounder.elements.architectures import ARCHITECTURES
from depthsounder.elements.initializers import INITIALIZERS, Initializer, initializer
from depthsounder.judging.advice import critical_with_biases
from depthsounder.report.explorer import ALPHABET, LOWEST, PER_DECADE
from depthsounder.report.laboratory import laboratory_data, laboratory_json, packed_probe
from depthsounder.sweep.runs import load_run


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run with an init of the continuous family."""
    folder = tmp_path_factory.mktemp("laboratory")
    return load_run(write_run(folder, [1, 5], ["tanh", "relu"], ["he_normal", "gaussian_w1.5_b0.05"]))


def data_of(run):
    return laboratory_data(run, load_dataset(run.folder / "data.npz"))


def gain_in(data, init, activation):
    gain, _ = data["inits"][init]
    return gain[activation] if isinstance(gain, dict) else gain


def test_every_init_has_the_variances_that_the_library_gives_it(run):
    data, width = data_of(run), run.config.width

    assert list(data["inits"]) == [*INITIALIZERS, "gaussian_w1.5_b0.05"]
    for name, law in data["inits"].items():
        assert law[1] == initializer(name).bias_variance
        for activation, record in ACTIVATIONS.items():
            gain = gain_in(data, name, activation)
            if isinstance(gain, str):
                reason, _, instead = gain.partition("; with biases ")
                with pytest.raises(ValueError, match=re.escape(reason)):
                    initializer(name).gain(width, width, record)
                beside = critical_with_biases(record)
                assert instead == (f"{beside.name} is critical" if beside else "")
            else:
                assert gain == initializer(name).gain(width, width, record)


def test_every_architecture_and_activation_is_offered_the_run_s_first(run):
    data = data_of(run)

    assert data["activations"][:2] == ["tanh", "relu"]
    assert set(data["activations"]) == set(ACTIVATIONS)
    assert list(data["architectures"]) == list(ARCHITECTURES)
    assert data["architectures"]["residual_layer_norm"] == ["units", True, True, 0.0]
    assert data["architectures"]["batch_norm"] == ["examples", True, False, 0.0]
    assert data["architectures"]["rms_norm"] == ["units", False, False, 0.0]
    assert data["architectures"]["residual_sqrt"] == [None, False, True, 0.5]


def _raising(fan_in, fan_out, activation):
    raise ZeroDivisionError("no variance for you")


def test_own_records_do_no_harm(run, monkeypatch):
    sine = Activation("sine", np.sin, lambda z, h, out: np.cos(z, out), kinks=(), rectifier=False, source="mine")
    monkeypatch.setitem(ACTIVATIONS, "sine", sine)
    for name, variance, mean in (
        ("raises", _raising, 0.0),
        ("infinite", lambda i, o, a: np.inf, 0.0),
        ("shifted", lambda i, o, a: 1.0, 0.5),
    ):
        monkeypatch.setitem(INITIALIZERS, name, Initializer(name, variance, source="mine", bias_mean=mean))

    data = data_of(run)

    assert "sine" in data["activations"]
    assert gain_in(data, "he_normal", "sine") == 2.0
    assert gain_in(data, "raises", "tanh") == "no variance for you"
    assert gain_in(data, "infinite", "sine") == "infinite has no finite σw² for sine"
    # Theory knows no biases with a mean.
    assert "shifted" not in data["inits"]
    json.loads(laboratory_json(run))


def test_no_name_ends_the_laboratory_s_data(run, monkeypatch):
    monkeypatch.setitem(INITIALIZERS, "</script>", Initializer("</script>", lambda i, o, a: 1.0, source="mine"))

    assert "<" not in laboratory_json(run)
    assert "</script>" in json.loads(laboratory_json(run))["inits"]


def unpacked(probe):
    """The examples (examples, columns) of a probe that travels, as templates/network.js reads it."""
    place = {letter: at for at, letter in enumerate(ALPHABET)}
    codes = np.array([place[letter] for letter in probe["scales"]]).reshape(-1, 3) @ [64**2, 64, 1]
    scales = np.where(codes == 1, 0.0, 10.0 ** ((codes - 3) / PER_DECADE + LOWEST))
    columns = min(len(scales), probe["inputs"])
    rows = np.zeros((len(scales), columns))
    pairs = np.array([place[letter] for letter in probe["triangle"]]).reshape(-1, 3) @ [64**2, 64, 1]
    values = np.column_stack([pairs // 512, pairs % 512]).ravel() / 255 - 1
    below = np.tril_indices(len(scales), 0, columns)
    rows[below] = values[: len(below[0])]
    return rows * scales[:, None]


@pytest.mark.parametrize(("n_examples", "n_inputs"), [(256, 64), (256, 784), (100, 4), (8, 30), (1, 1)])
def test_examples_travel_with_their_lengths_and_angles_in_a_few_kilobytes(n_examples, n_inputs):
    generator = np.random.default_rng(n_examples + n_inputs)
    inputs = generator.normal(size=(n_examples, n_inputs)) * np.geomspace(0.1, 10.0, n_examples)[:, None]
    labels = generator.integers(0, 3, n_examples)
    dataset = Dataset(inputs, labels, inputs, labels, np.arange(n_examples), np.array(["a", "b", "c"]))
    shown = np.linspace(0, n_examples - 1, min(n_examples, 64)).round().astype(int)

    probe = packed_probe(dataset)
    rows, lengths = unpacked(probe), np.linalg.norm(inputs[shown], axis=1)

    assert probe["labels"] == labels[shown].tolist()
    assert (probe["inputs"], probe["classes"]) == (n_inputs, 3)
    # Two numbers in the last digit of a length, and as many of an angle.
    overlaps = inputs[shown] @ inputs[shown].T / np.multiply.outer(lengths, lengths)
    np.testing.assert_allclose(rows @ rows.T / np.multiply.outer(lengths, lengths), overlaps, atol=0.01)
    assert len(json.dumps(probe)) < 6_000


def test_examples_that_are_all_0_stay_so():
    inputs = np.zeros((5, 3))
    labels = np.zeros(5, dtype=int)
    probe = packed_probe(Dataset(inputs, labels, inputs, labels, np.arange(5), np.array(["a"])))

    assert not unpacked(probe).any()
