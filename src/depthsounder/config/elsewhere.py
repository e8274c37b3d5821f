"""Names that papers and other libraries have for our records, so that who writes one is told ours."""

INITS_ELSEWHERE = (
    ("kaiming", "he_normal"),
    ("kaiming_normal", "he_normal"),
    ("kaiming_uniform", "he_uniform"),
    ("xavier_normal", "glorot_normal"),
    ("xavier_uniform", "glorot_uniform"),
)
"""What PyTorch and others call the inits that have their first authors' surnames here."""

ACTIVATIONS_ELSEWHERE = (
    ("identity", "linear"),
    ("logistic", "sigmoid"),
    ("lrelu", "leaky_relu"),
    ("swish", "silu"),
)
"""What papers and other libraries call activations."""

ARCHITECTURES_ELSEWHERE = (
    ("batchnorm", "batch_norm"),
    ("layernorm", "layer_norm"),
    ("mlp", "plain"),
    ("pre_norm", "residual_layer_norm"),
    ("resnet", "residual"),
    ("rmsnorm", "rms_norm"),
)
"""What PyTorch and papers call architectures."""
