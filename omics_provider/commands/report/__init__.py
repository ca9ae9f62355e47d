"""The command report: a page on a stack's runs."""
