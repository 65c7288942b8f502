"""The API's endpoints, by subject: each checks who asks, and leaves the work to the pipeline."""
