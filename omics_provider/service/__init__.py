"""The home of boto3: clients, failures, pacing, polling, and the services beside HealthOmics."""
