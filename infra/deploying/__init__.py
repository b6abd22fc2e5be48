"""Bringing a stage into an AWS account and out of it again."""
