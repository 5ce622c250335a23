"""Deliveries become events here, or a refusal: headers, bytes, secrets and the time come in, one
module a sender. Nothing touches the world, and nothing a sender says is believed further than that
something moved."""
