"""Activations, inits and gradients: held to their promises before any network is computed."""
