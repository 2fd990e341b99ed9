"""What an endpoint costs: prices as data, and what a configuration and a change of it make of them."""
