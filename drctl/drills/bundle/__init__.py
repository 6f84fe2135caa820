"""A report folder that others can check: a manifest of its files, a signature, and all that the verdict came from.

::

    manifest.json       every other file with size and SHA-256, which run it was, and who signed; written last
    manifest.sig        Ed25519 over the bytes of manifest.json, as hexadecimal digits; only if somebody signed
    report.json …       what the drill told: report.html, the salvaged records, with --keep logs and state
    evidence/
      facts.json        what the run did and when, who was to do what, and who ran it with what
      histories/        what every client wrote down, as it wrote it: CLIENT.jsonl.gz
      primary.jsonl.gz  what a fresh reader found where the work ended; standby and stranded tail likewise
      journal.jsonl.gz  every line of the journal, chained by SHA-256

A chaos experiment has ``verdict.json`` in place of ``report.json``, and no journal of drctl's own. Beside its evidence
lie ``journal.json`` (the Chaos Toolkit's), ``faults.jsonl`` (who saw what of the faults) and the toolkit's log.
"""
