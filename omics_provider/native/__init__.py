"""The native provider: HealthOmics for programs in every language of Pulumi."""
