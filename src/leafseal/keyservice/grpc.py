"""Loading grpcio, which key services and the client of Google Cloud need."""

from __future__ import annotations

import os
from typing import Any

from leafseal.errors import ProviderMissingError
from leafseal.system import libraries

_VERBOSITY = "GRPC_VERBOSITY"  # looked at when gRPC is loaded; it would write of each failure to standard error


def load() -> Any:
    """Import grpcio. Raises `ProviderMissingError`."""
    is_ours = _VERBOSITY not in os.environ
    os.environ.setdefault(_VERBOSITY, "NONE")
    try:
        import grpc
    except ImportError:
        raise ProviderMissingError(
            "key services need grpcio, which is not installed", hint="pip install 'leafseal[grpc]'"
        ) from None
    finally:
        if is_ours:
            os.environ.pop(_VERBOSITY, None)  # programs that we start may want to hear it
    libraries.quiet_loggers()
    return grpc
