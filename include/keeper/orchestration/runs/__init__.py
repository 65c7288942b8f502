"""What runs of every DAG have in common: their names, how they begin, deliver and end."""
