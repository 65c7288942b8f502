"""What the DAGs that publish prices share."""
