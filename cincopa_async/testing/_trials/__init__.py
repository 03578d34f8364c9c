"""
The trials: each tries some facts of the contract against a service.

A trial says with `about` which facts a block of it looks at, and with `saw` what it saw of them; what every answer
shows, methods and fields, is noted on the way.
"""

from __future__ import annotations

from ._findings import Finding, Findings, Verdict
from ._run import check_contract

__all__ = ["Finding", "Findings", "Verdict", "check_contract"]
