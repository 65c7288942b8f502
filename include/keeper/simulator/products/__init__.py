"""A catalogue of products made from a seed: what they are and cost, how replies show them."""
