"""Services for tests, all on the loopback interface: what the providers' real client libraries talk to.

`recorder`  An HTTP or HTTPS server that notes every request and answers as a test tells it: a list of answers and
            faults, then a function. Any fake service over HTTP is such a function; a recorder in front of another
            server notes what passes, and breaks it where the test wants.
`moto_kms`  AWS KMS, STS and IAM: moto in a process of its own (`strict_moto`), as strict as the real service.
`fixtures`  The same as fixtures of pytest: `recorder`, `second_recorder`, `authority`, `aws`. The root conftest imports
            them, so every test has them by name.

Rules: bind 127.0.0.1 and port 0; never replace a client class or a function; point clients here by documented settings
(endpoint, credentials, CA) in an `Ambient` of the test's own; no waiting that is not bounded by the test.
"""
