"""How sure a number is: confidence intervals in closed form and by a bootstrap of the histogram."""
