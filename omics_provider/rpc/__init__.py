"""gRPC as both kinds of providers speak it with the engine."""
