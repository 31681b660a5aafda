"""One module per system. Each has `build(state, options) -> System` and `random_state(seed, blocks) -> dict of tensors`."""
