"""The edge and the composition root: settings, routes by audience, authentication, workers, the `baton` command."""
