"""Side-by-side benchmarks: `make bench`, or `python -m bench --list`.

A benchmark is a module of this package with a function marked by `bench.registry.benchmark`. It
takes a Run and returns {name: value}; each is printed as a line `name value`.
"""
