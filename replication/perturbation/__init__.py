"""Finite width from infinite width: corrections of order 1/n to the moments of the test loss, and what checks them."""
