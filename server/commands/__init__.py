"""The parts of the `baton` command, one module each."""
