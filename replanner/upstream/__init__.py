"""How replanner behaves towards the servers that it asks, and who is told how they behave."""
