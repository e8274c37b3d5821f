"""What a layer is made of: activations, initializations, streams of random numbers, and Gaussian expectations."""
