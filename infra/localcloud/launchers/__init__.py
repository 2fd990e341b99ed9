"""How the containers behind an endpoint are started."""
