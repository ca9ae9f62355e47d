"""The only importer of boto3: clients, the gateway, the polling loop."""
