"""Teaching the model of tellings; needs the `train` extra."""
