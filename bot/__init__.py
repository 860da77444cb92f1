"""The Rasa side of Baton: graph components, the input channel and the tracker store."""
