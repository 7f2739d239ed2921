"""Services for tests, all on the loopback interface: what the providers' real client libraries talk to.

`recorder`  An HTTP or HTTPS server that notes every request and answers as a test tells it: a list of answers and
            faults, then a function. Any fake service over HTTP is such a function; a recorder in front of another
            server notes what passes, and breaks it where the test wants.
`moto_kms`  AWS KMS, STS and IAM: moto in a process of its own (`strict_moto`), as strict as the real service.
`cloud_kms` Cloud KMS of Google, over gRPC and as a function for a recorder, made of Google's own messages.
`key_vault` Azure Key Vault, and who gives tokens for it, as functions for recorders with TLS.
`proxy`     A proxy that leads clients which ask real hosts by name to services of the test.
`fixtures`  The same as fixtures of pytest: `recorder`, `second_recorder`, `authority`, `aws`, `azure`, `cloud_kms`. The
            root conftest imports them, so every test has them by name.

Rules: bind 127.0.0.1 and port 0; never replace a client class or a function; point clients here by documented settings
(endpoint, credentials, CA) in an `Ambient` of the test's own; no waiting that is not bounded by the test.
"""
