"""Front door: receives webhooks, keeps them in a store, and works them off."""
