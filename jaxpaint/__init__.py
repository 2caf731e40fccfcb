"""jaxpaint: paints a prompt with brushstrokes, in JAX."""

__version__ = "0.1.0"
