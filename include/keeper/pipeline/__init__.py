"""Use cases: what a run, a worker or a command does, told in terms of sources and stores."""
