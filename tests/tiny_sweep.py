"""The sweep that the workflow's tests run: eight cells, in seconds."""

TINY_SWEEP = {
    "run": "default",
    "root_seed": 1,
    "data": {"source": "digits", "target": None, "test_fraction": 0.2},
    "depths": [1, 2],
    "activations": ["tanh", "relu"],
    "inits": ["glorot_normal", "he_normal"],
    "seeds": {"measure": 2, "tune": 1, "evaluate": 2},
    "seeds_per_block": 2,
    "width": 8,
    "training": {
        "optimizer": "sgd",
        "batch_size": 16,
        "steps": 5,
        "learning_rates": [0.1, 1.0],
        "logged_steps": [0, 2, "last"],
    },
    "probe_examples": 32,
    "gradient_check": {
        "depths": [1, 2],
        "width": 3,
        "examples": 2,
        "complex_step_threshold": 1e-12,
        "not_analytic": "refuse",
    },
    "verdicts": {
        "exploding_ratio": 100.0,
        "vanishing_ratio": 0.01,
        "trains_loss": 0.1,
        "trains_share": 0.8,
        "stalled_loss": 0.98,
        "diverged_loss": 2.0,
        "tail_steps": 3,
    },
    "comparisons": [],
    "study": None,
}
