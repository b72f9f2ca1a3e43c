"""Arrays in, tables out: the package for programs and notebooks.

    import replication as rep

    network = rep.MLP(depth=3)
    exact = rep.learning_curve(network, x, y, x_test, y_test, training_sizes=[64, 128, 256])
    members = rep.train_ensemble(network, x, y, x_test, y_test, training_sizes=[64], width=256, members=32)
    rep.plot(exact, members)

Inputs are arrays (N, ...), targets (N,) or (N, C), of NumPy or pandas, and are taken as they are; who wants them scaled
calls `standardise` first. Integer targets (N,) are class labels and become one-hot minus 1/C, where C counts the
different labels of training and test together. Every mistake is a ReplicationError of one line.

A table has the columns `experiment, task, dataset, method, width, training_size, draw, training_time, members, draws`;
then `mean` mu_L, `std` sigma_L and `coefficient_of_variation` eps_L = sigma_L / mu_L of the test loss over
initialisations, each with `_lower`, `_upper` and `_standard_error`; then what belongs to its method. The loss
L = 1/(2 N_T) sum (f - y)^2 is in units of the targets squared, eps_L has none; training_time counts steps.
"""
