"""A price run, step by step: plan, fetch, validate, publish; older prices too."""
