"""Datasets, their numbered versions, rows and files, and the ledgers of what became of them."""

from __future__ import annotations

from exports.models.access import Download, DownloadLink, SplitAccess
from exports.models.check import FlagDecision, RowFlag, TextCheck
from exports.models.conversion import Conversion
from exports.models.dataset import Dataset
from exports.models.family import FamilyMember, Sketch
from exports.models.gate import GateFigure, GateThreshold, GoldenPair, Waiver
from exports.models.held_out import HeldOutLabeler
from exports.models.life import VersionEvent
from exports.models.push import Push
from exports.models.reading import RowReading, SampleRow
from exports.models.removal import Removal, RemovedFrom
from exports.models.version import PRIVATE, DatasetFile, DatasetRow, DatasetVersion, VersionCampaign

__all__ = [
    "PRIVATE",
    "Conversion",
    "Dataset",
    "DatasetFile",
    "DatasetRow",
    "DatasetVersion",
    "Download",
    "DownloadLink",
    "FamilyMember",
    "FlagDecision",
    "GateFigure",
    "GateThreshold",
    "GoldenPair",
    "HeldOutLabeler",
    "Push",
    "Removal",
    "RemovedFrom",
    "RowFlag",
    "RowReading",
    "SampleRow",
    "Sketch",
    "SplitAccess",
    "TextCheck",
    "VersionCampaign",
    "VersionEvent",
    "Waiver",
]
