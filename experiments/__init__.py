"""Programs that train, evaluate and benchmark jaxpaint."""
