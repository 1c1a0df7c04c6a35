"""How a model is trained on a dataset of ours: a recipe of its own, of which the product imports nothing."""
