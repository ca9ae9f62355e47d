"""Run groups and run caches: resources that many runs share."""
