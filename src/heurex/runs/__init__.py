"""Runners: where estimators meet many models."""
