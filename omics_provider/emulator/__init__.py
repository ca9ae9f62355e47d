"""AWS HealthOmics for one machine, on moto."""
