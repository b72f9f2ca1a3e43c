"""Finite width: ensembles of multilayer perceptrons, trained by full-batch gradient descent in TensorFlow."""
