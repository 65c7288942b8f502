"""Use cases: what a run, a worker or a command does, in terms of sources and stores."""
