"""Every metric on nested random subsets of a generator's samples: what `k`, `samples`, `grid` and `ranking` share."""
