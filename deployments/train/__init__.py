"""How a model is trained on a dataset of ours: a recipe beside the product, which imports none of it."""
