"""Figures that are read from the last row: large text, contrast, names at the ends of lines, nothing under another."""

import itertools
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from made_up_run import with_tables, write_run
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.text import Text

from depthsounder.elements import activations, initializers
from depthsounder.elements.activations import ACTIVATIONS
from depthsounder.elements.initializers import INITIALIZERS
from depthsounder.figures import FIGURES, failure_map, gradient_check, jacobian_spectrum, phase_diagram, prediction
from depthsounder.figures.curves import Curve, draw_curves, united
from depthsounder.figures.ends import End, name_ends
from depthsounder.figures.form import PAGE, SLIDE, form_of
from depthsounder.figures.panels import layer_axis
from depthsounder.figures.style import (
    INK,
    PAPER,
    READABLE,
    SHADES,
    activation_marker,
    contrast,
    init_style,
    ink_on,
    label,
    save,
)
from depthsounder.process.text import power_of_ten, setting
from depthsounder.studies import STUDIES
from depthsounder.sweep.runs import load_run
from depthsounder.theory.phase_plane import critical_line

RECORDS = {**FIGURES, **{name: study.figure for name, study in STUDIES.items()}}
INITS = ["naive_small", "naive_large", "glorot_normal", "xavier_note", "he_normal", "orthogonal", "critical"]
RUNS = {
    "usual": {"depths": [2, 5, 10], "activations": ["linear", "tanh", "relu"], "inits": INITS},
    "one_cell": {"depths": [5], "activations": ["tanh"], "inits": ["glorot_normal"]},
    "studied": {
        "depths": [2, 5],
        "activations": ["tanh", "sigmoid"],
        "inits": ["glorot_uniform", "uniform_standard", "gaussian_w1.5_b0.05"],
    },
    "compared": {
        "depths": [2],
        "activations": ["tanh"],
        "inits": ["glorot_normal", "critical", "xavier_note"],
        "comparisons": [
            {"activation": "tanh", "depth": 2, "init": "glorot_normal", "against": against}
            for against in ("critical", "xavier_note")
        ],
    },
}
SLIDE_WIDTH = 960.0
"""Points: of 1280 pixels at 96 to the inch."""


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    return {name: load_run(write_run(tmp_path_factory.mktemp(name), **run)) for name, run in RUNS.items()}


def shown_texts(figure):
    """The texts that are seen in a figure that has been laid out."""
    return [text for text in figure.findobj(Text) if text.get_visible() and text.get_text().strip()]


@pytest.mark.parametrize("name", RECORDS)
def test_on_a_slide_no_text_is_under_eleven_points_and_none_leaves_it(runs, name):
    for run in (*runs_of(name, runs), runs["one_cell"]):
        figure = RECORDS[name].draw(run, SLIDE)
        figure.draw_without_rendering()
        width, height = figure.get_size_inches()

        assert width / height == pytest.approx(16 / 9)
        for text in shown_texts(figure):
            assert text.get_fontsize() * SLIDE_WIDTH / (72 * width) >= 11.0, text.get_text()
        for legend in figure.legends:
            extent = legend.get_window_extent()
            assert extent.x0 >= 0
            assert extent.x1 <= figure.bbox.width


def part_under(text, pixels):
    """The pixels where a text stands."""
    box = text.get_window_extent()
    rows, columns = pixels.shape[:2]
    x0, x1 = int(np.clip(box.x0, 0, columns - 1)), int(np.clip(np.ceil(box.x1), 1, columns))
    y0, y1 = int(np.clip(box.y0, 0, rows - 1)), int(np.clip(np.ceil(box.y1), 1, rows))
    return pixels[rows - y1 : rows - y0, x0:x1, :3].reshape(-1, 3)


def fill_under(text, pixels):
    """The color that most pixels have where a text stands, in a picture without texts."""
    colors, counts = np.unique(part_under(text, pixels), axis=0, return_counts=True)
    return to_hex(colors[counts.argmax()] / 255)


def runs_of(name, runs):
    """The made-up runs in which a figure has something to show."""
    return [runs[run] for run in (("studied",) if name in STUDIES else ("usual", "compared"))]


@pytest.mark.parametrize("form", [PAGE, SLIDE], ids=["page", "slide"])
@pytest.mark.parametrize("name", RECORDS)
def test_text_reads_well_on_whatever_lies_under_it(runs, name, form):
    for run in runs_of(name, runs):
        figure = RECORDS[name].draw(run, form)
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        with_texts = np.array(canvas.buffer_rgba())
        texts = shown_texts(figure)
        for text in texts:
            text.set_alpha(0.0)
        canvas.draw()
        pixels = np.array(canvas.buffer_rgba())
        seen = 0
        for text in texts:
            # Ticks beyond an axis have texts that are never drawn.
            if np.array_equal(part_under(text, pixels), part_under(text, with_texts)):
                continue
            seen += 1
            assert contrast(to_hex(to_rgb(text.get_color())), fill_under(text, pixels)) >= READABLE, text.get_text()
        assert seen


def test_contrast_is_that_of_wcag():
    assert contrast("#000000", "#ffffff") == pytest.approx(21.0)
    # Two grays whose contrast is known to be the least that passes, and the greatest that does not.
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.005)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)


def test_some_ink_reads_well_on_every_color():
    rng = np.random.default_rng(0)
    fills = [*(style.color for style in SHADES.values()), *(to_hex(color) for color in rng.random((500, 3)))]
    assert all(contrast(ink_on(fill), fill) >= READABLE for fill in fills)
    assert all(contrast(style.text, style.color) >= READABLE for style in SHADES.values())


def a_panel(low=1e-6, high=1e6):
    figure = Figure(figsize=(6, 4), layout="constrained")
    panel = figure.subplots()
    panel.set_yscale("log")
    panel.set_ylim(low, high)
    panel.set_xlim(1, 3)
    return figure, panel


def test_curves_that_coincide_are_drawn_once_and_named_together():
    figure, panel = a_panel()
    x = np.array([1, 2, 3])
    curves = [
        Curve(("glorot_normal",), x, np.array([1.0, 1.0, 1.0])),
        Curve(("naive_large",), x, np.array([1.0, 10.0, 1e9])),
        Curve(("orthogonal",), x, np.array([1.0, 1.05, 1.1])),
        Curve(("zeros",), x, np.array([0.0, 0.0, 0.0])),
        Curve(("naive_small",), x, np.array([1e-9, 1e-20, 0.0])),
    ]
    drawn = united(panel, curves)
    assert [curve.inits for curve in drawn] == [
        ("glorot_normal", "orthogonal"), ("naive_large",), ("zeros", "naive_small")
    ]  # fmt: skip
    ends = draw_curves(panel, drawn)
    solid = [line for line in panel.lines if line.get_linestyle() == "-"]
    assert len(solid) == 3

    assert name_ends(figure, {panel: ends}, right=True)
    words = [text.get_text() for text in panel.texts]
    assert "glorot normal\northogonal" in words
    assert "zeros\nnaive small" in words


def test_no_triangle_hides_another():
    _, panel = a_panel()
    x = np.array([1, 2, 3])
    falls = [Curve((init,), x, np.array([1.0, fall, 1e-12])) for init, fall in (("zeros", 1e-5), ("he_normal", 1.1e-5))]
    draw_curves(panel, [falls[0], Curve(("he_normal",), x, np.array([1.0, 0.2, 1e-12]))])
    marks = [line for line in panel.lines if line.get_marker() == "v"]
    places = [line.get_transform().transform(line.get_xydata())[0] for line in marks]
    assert len(marks) == 2
    assert len({line.get_color() for line in marks}) == 2
    # Both leave near the same place: the second stands above the first.
    assert abs(places[0][1] - places[1][1]) > 5 or abs(places[0][0] - places[1][0]) > 5


def test_names_at_the_ends_do_not_overlap_and_stay_beside_the_panel():
    figure, panel = a_panel()
    ends = [End((init,), 1.0, 0.5, "o", INK, INK) for init in INITS]
    assert name_ends(figure, {panel: ends}, right=True)
    figure.draw_without_rendering()
    boxes = sorted((text.get_window_extent() for text in panel.texts if text.get_text()), key=lambda extent: extent.y0)
    assert len(boxes) == len(INITS)
    assert all(lower.y1 <= upper.y0 + 1 for lower, upper in itertools.pairwise(boxes))
    assert min(box.x0 for box in boxes) > panel.get_window_extent().x1
    assert max(box.x1 for box in boxes) <= figure.bbox.width


def test_where_there_is_no_room_for_names_there_is_a_legend():
    figure, panel = a_panel()
    ends = [End((init,) * 10, 1.0, 0.5, "o", INK, INK) for init in INITS]
    assert not name_ends(figure, {panel: ends}, right=True)
    assert [text for text in panel.texts if text.get_text()] == []


@pytest.mark.parametrize(
    ("last", "ticks"), [(1, [1]), (3, [1, 2, 3]), (10, [1, 2, 4, 6, 8, 10]), (50, [1, 10, 20, 30, 40, 50])]
)
def test_layers_are_counted_from_one(last, ticks):
    panel = Figure().subplots()
    layer_axis(panel, last)
    assert panel.get_xticks().tolist() == ticks
    assert 0 < panel.get_xlim()[0] < 1


@pytest.mark.parametrize("name", ["forward_signal", "backward_signal", "weight_gradients", "finite_width"])
def test_a_figure_over_layers_begins_at_layer_one_and_names_each_init(runs, name):
    run = runs["usual"]
    figure = FIGURES[name].draw(run)
    ends = name == "finite_width"
    for panel in figure.axes:
        assert panel.get_xticks()[0] == 1
        named = [word for text in panel.texts for word in text.get_text().split("\n") if word]
        # Orthogonal weights scatter by rounding alone, of which no curve is drawn.
        assert ends or sorted(named) == sorted(map(label, INITS))


def test_a_curve_that_leaves_below_is_marked_in_every_panel_of_losses(runs):
    run = runs["usual"]
    traces = run.evaluation_traces.copy()
    low = (traces["activation"] == "tanh") & (traces["depth"] == 2) & (traces["step"] > 15)
    traces.loc[low, "train_loss"] = 1e-9
    figure = FIGURES["loss_traces"].draw(with_tables(run, evaluation_traces=traces))
    row = run.activations.index("tanh") * len(run.depths)
    assert any(line.get_marker() == "v" for line in figure.axes[row].lines)


def test_a_cell_whose_networks_diverged_has_a_triangle_where_its_numbers_end(runs):
    run = runs["usual"]
    signal = run.signal
    gone = (signal["activation"] == "tanh") & (signal["init"] == "he_normal") & (signal["step"] > 1)
    figure = FIGURES["training_signal"].draw(with_tables(run, signal=signal[~gone]))
    panel = figure.axes[run.activations.index("tanh")]
    color = init_style("he_normal").color
    marks = [
        line for line in panel.lines
        if line.get_marker() == "^" and line.get_color() == color and line.get_markerfacecolor() == PAPER
    ]  # fmt: skip
    assert 2 in [line.get_xdata()[0] for line in marks]


def test_dotted_and_dashed_lines_are_in_the_legend(runs):
    words = [text.get_text() for text in FIGURES["finite_width"].draw(runs["usual"]).legends[0].get_texts()]
    assert "its band for 95 % of networks" in words
    words = [text.get_text() for text in FIGURES["loss_traces"].draw(runs["usual"]).legends[0].get_texts()]
    assert "H, the loss of guessing" in words
    words = [text.get_text() for text in gradient_check.draw(runs["usual"]).legends[0].get_texts()]
    assert "bands of the course note" in words


def test_the_map_writes_its_glyphs_into_the_legend_as_it_writes_them_into_cells(runs):
    figure = failure_map.draw(runs["usual"])
    words = [text.get_text() for text in figure.legends[0].get_texts()]
    assert "↓  gradient vanishes" in words
    assert "~  borderline" in words
    assert not any("$" in str(handle.get_marker()) for handle in figure.legends[0].get_lines())


def test_markers_of_the_phase_diagram_stand_on_their_own_side_of_the_line(tmp_path):
    inits = ["glorot_normal", "he_normal", "orthogonal", "critical", "gaussian_w1.5_b0.05", "gaussian_w3_b0.05"]
    run = load_run(write_run(tmp_path, [2], ["tanh"], inits))
    table = phase_diagram.rows(run)
    panel = phase_diagram.draw(run).axes[0]
    assert len(panel.lines) == len(inits) + 1
    marks = [line for line in panel.lines if line.get_marker() not in ("None", "")]
    places = {line.get_color(): line.get_xydata()[0] for line in marks}
    q_stars = np.geomspace(1e-4, 1e2, 20_001)
    gains, bias_variances = critical_line(ACTIVATIONS["tanh"], q_stars)
    line_at = np.interp(0.05, bias_variances, gains)
    for law in table.to_dict("records"):
        x, y = places[init_style(law["init"]).color]
        assert x == pytest.approx(law["weight_gain"])
        if law["bias_variance"] == 0:
            # Below 0 the plane goes on as it is at 0, where the line stands at σw² = 1.
            assert panel.get_ylim()[0] < y < 0
        else:
            assert y == law["bias_variance"]
            assert (x > line_at) == (law["weight_gain"] > line_at)
    segments = np.concatenate([path.vertices for path in panel.collections[-1].get_paths()])
    below = segments[segments[:, 1] <= 0]
    np.testing.assert_allclose(below[:, 0], 1.0, rtol=0.05)
    assert below[:, 1].min() == pytest.approx(panel.get_ylim()[0])


def test_markers_at_one_place_are_spread_and_others_share_a_floor():
    table = pd.DataFrame({"weight_gain": [1.0, 1.0, 30.0, 1.1], "bias_variance": 0.0, "init": ["a", "b", "c", "d"]})
    floors = phase_diagram.stacked(table, (1e-2, 1e2))
    assert [[init for _, _, init in floor] for floor in floors] == [["a", "c"], ["b"], ["d"]]


def test_every_part_of_a_bar_has_its_number(runs):
    run = runs["usual"]
    figure = prediction.draw(run)
    table = prediction.rows(run)
    counted = table.groupby([table["predicted_verdict"].fillna("none"), "shade"]).size()
    numbers = [int(text.get_text()) for text in figure.axes[1].texts if text.get_text().isdigit()]
    assert sorted(numbers) == sorted(counted)


def test_the_numbers_of_narrow_parts_have_room():
    panel = Figure().subplots()
    prediction._number_above(panel, 0, [(0.5, 1), (2.0, 2), (30.0, 3)], room=4.0)
    assert [text.xyann[0] for text in panel.texts] == [0.5, 4.5, 30.0]
    assert [text.xy[0] for text in panel.texts] == [0.5, 2.0, 30.0]


def test_a_panel_of_singular_values_ends_where_all_are_zero(tmp_path):
    run = load_run(write_run(tmp_path, [4], ["linear", "relu"], ["orthogonal", "glorot_normal"]))
    jacobian = run.deepest_jacobian
    closed = (jacobian["activation"] == "relu") & (jacobian["index"] > 1)
    jacobian.loc[closed, "log_singular_value"] = -np.inf
    figure = jacobian_spectrum.draw(run)
    linear, relu = figure.axes[:2]
    assert linear.get_xlim()[1] > 3
    assert relu.get_xlim()[1] < 2.5
    assert any("the last 2 of 3" in text.get_text() for text in relu.texts)


@pytest.mark.parametrize(
    ("value", "words"), [(1.0, "1"), (0.01, "0.01"), (100.0, "100"), (1e-3, "10⁻³"), (1e8, "10⁸"), (1e-12, "10⁻¹²")]
)
def test_axes_write_powers_as_sentences_do(value, words):
    assert power_of_ten(value) == words


def test_a_tiny_rate_is_a_power_of_ten():
    assert [setting(value) for value in (0.003, 3.0, 1e-5, 3e-6)] == ["0.003", "3", "10⁻⁵", "3 × 10⁻⁶"]


@pytest.mark.parametrize("name", ["gradient_check", "learning_rates", "comparisons", "phase_diagram"])
def test_no_text_of_a_figure_has_a_number_as_a_program_writes_it(runs, name):
    for run in runs_of(name, runs):
        figure = FIGURES[name].draw(run)
        figure.draw_without_rendering()
        assert not [text.get_text() for text in shown_texts(figure) if re.search(r"\de[-+]?\d", text.get_text())]


def test_inits_and_activations_that_nobody_styled_share_neither_color_nor_marker(monkeypatch):
    for position in range(8):
        monkeypatch.setitem(INITIALIZERS, f"new_{position}", initializers.INITIALIZERS["zeros"])
        monkeypatch.setitem(ACTIVATIONS, f"new_{position}", activations.ACTIVATIONS["linear"])
    styles = [init_style(name) for name in INITIALIZERS]
    assert len({style.color for style in styles}) == len(styles)
    assert len({style.marker for style in styles}) == len(styles)
    assert len({activation_marker(name) for name in ACTIVATIONS}) == len(ACTIVATIONS)
    rgb = np.array([to_rgb(style.color) for style in styles])
    distances = np.linalg.norm(rgb[:, None] - rgb[None], axis=2)[np.triu_indices(len(rgb), 1)]
    assert distances.min() > 0.04


@pytest.mark.parametrize(
    ("name", "form"), [("answer.svg", PAGE), ("answer.slide.svg", SLIDE), ("a/b.slide/answer.png", PAGE)]
)
def test_a_file_asks_for_its_form_by_its_name(name, form):
    assert form_of(Path(name)) == form


@pytest.mark.parametrize("name", ["answer", "backward_signal", "loss_traces", "phase_diagram"])
def test_a_slide_is_byte_identical_when_drawn_again_and_leaves_the_page_as_it_was(runs, name, tmp_path):
    record, run = FIGURES[name], runs["usual"]
    save(record.draw(run), tmp_path / "before.svg")
    for attempt in ("first", "second"):
        save(record.draw(run, SLIDE), tmp_path / f"{attempt}.slide.svg")
    save(record.draw(run), tmp_path / "after.svg")
    assert (tmp_path / "first.slide.svg").read_bytes() == (tmp_path / "second.slide.svg").read_bytes()
    assert (tmp_path / "before.svg").read_bytes() == (tmp_path / "after.svg").read_bytes()
