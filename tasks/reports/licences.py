"""The identifiers of licences that dataset hubs know.

A hub filters by them; a licence that it does not know is `other`, with a name of its own.
"""

from __future__ import annotations

import re
from difflib import get_close_matches

from graph.errors import SettingsError

OTHER = "other"

_KNOWN = """
    afl-3.0 agpl-3.0 apache-2.0 apple-amlr apple-ascl artistic-2.0 bigcode-openrail-m bigscience-bloom-rail-1.0
    bigscience-openrail-m bsd bsd-2-clause bsd-3-clause bsd-3-clause-clear bsl-1.0 c-uda cc cc-by-2.0 cc-by-2.5
    cc-by-3.0 cc-by-4.0 cc-by-nc-2.0 cc-by-nc-3.0 cc-by-nc-4.0 cc-by-nc-nd-3.0 cc-by-nc-nd-4.0 cc-by-nc-sa-2.0
    cc-by-nc-sa-3.0 cc-by-nc-sa-4.0 cc-by-nd-4.0 cc-by-sa-3.0 cc-by-sa-4.0 cc0-1.0 cdla-permissive-1.0
    cdla-permissive-2.0 cdla-sharing-1.0 creativeml-openrail-m deepfloyd-if-license ecl-2.0 epl-1.0 epl-2.0
    etalab-2.0 eupl-1.1 eupl-1.2 fair-noncommercial-research-license gemma gfdl gpl gpl-2.0 gpl-3.0 h-research
    intel-research isc lgpl lgpl-2.1 lgpl-3.0 lgpl-lr llama2 llama3 llama3.1 llama3.2 llama3.3 llama4 lppl-1.3c mit
    mpl-2.0 ms-pl ncsa odbl odc-by ofl-1.1 openmdw-1.0 openrail openrail++ osl-3.0 pddl postgresql unknown unlicense
    wtfpl zlib
"""
IDENTIFIERS = frozenset(_KNOWN.split())


def identifier(licence: str) -> tuple[str, str | None]:
    """(identifier, name of a licence that hubs do not know) of what a person calls a licence."""
    plain = re.sub(r"\s+", "-", licence.strip().lower())
    if plain in IDENTIFIERS:
        return plain, None
    return OTHER, licence.strip().removeprefix(f"{OTHER}:").strip()


def check_licence(licence: str | None) -> None:
    """Raises SettingsError for a licence that hubs do not know and that is not called another one."""
    if licence is None or licence.strip().startswith(f"{OTHER}:") or identifier(licence)[1] is None:
        return
    near = get_close_matches(re.sub(r"\s+", "-", licence.strip().lower()), sorted(IDENTIFIERS), 1)
    hint = f"did you mean {near[0]}?" if near else "such as cc-by-4.0, apache-2.0 or cc0-1.0"
    raise SettingsError(
        f"publish.license: {licence!r} is no identifier that dataset hubs know; {hint} "
        f"For a licence of another name write '{OTHER}: its name'."
    )
