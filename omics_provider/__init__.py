"""AWS HealthOmics runs as Pulumi resources."""
