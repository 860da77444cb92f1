"""What the assistant can do: slots in, one use-case call, an utterance out."""
