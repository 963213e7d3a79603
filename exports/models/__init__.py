"""Datasets, their numbered versions, rows and files, and the ledgers of what became of them."""

from __future__ import annotations

from exports.models.dataset import Dataset
from exports.models.version import DatasetFile, DatasetRow, DatasetVersion, VersionCampaign

__all__ = ["Dataset", "DatasetFile", "DatasetRow", "DatasetVersion", "VersionCampaign"]
