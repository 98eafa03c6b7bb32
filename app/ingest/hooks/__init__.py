"""Webhooks: news that makes a poll due now."""
