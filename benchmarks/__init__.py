"""Speed of the engine beside PyTorch and JAX: the same networks, batches and steps, one after another in one run."""
