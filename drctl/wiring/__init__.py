"""The composition root: the one place where ports meet drivers.

| module | what it opens or binds |
| --- | --- |
| ``world`` | everything a plan acts on, of ``sites``, ``links`` and ``client_routing`` |
| ``survey``, ``canary``, ``checker``, ``leases`` | what one command needs, and no more |
| ``logins`` | how a site is reached and logged in to, for all of them |
| ``files`` | nothing: whether the files that a plan file names can be read |
"""
