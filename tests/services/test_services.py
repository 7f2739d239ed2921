"""What the services promise: without it, tests that pass would prove nothing."""

from __future__ import annotations

import http.client
import ssl
import time
from contextlib import closing
from typing import Any
from urllib.parse import urlsplit

import pytest

from ..services.fixtures import Authority
from ..services.moto_kms import AWS
from ..services.recorder import Answer, Cut, Drip, Hang, Recorder, forward, redirect


def ask(url: str, body: bytes = b"", *, seconds: float = 120.0, ca: str | None = None) -> tuple[int, bytes]:
    parts = urlsplit(url)
    if ca is None:
        connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=seconds)
    else:
        context = ssl.create_default_context(cafile=ca)
        connection = http.client.HTTPSConnection(str(parts.hostname), parts.port, timeout=seconds, context=context)
    with closing(connection):
        connection.request("POST", "/p?q", body, {"X-Name": "v"})
        with closing(connection.getresponse()) as answer:
            return answer.status, answer.read()


def test_a_recorder_answers_in_order_and_notes_everything(recorder: Recorder, second_recorder: Recorder) -> None:
    second_recorder.otherwise = lambda request: Answer(200, request.body.upper())
    recorder.will(Answer(503), redirect(second_recorder.url))
    recorder.otherwise = forward(second_recorder.url)
    assert [ask(recorder.url, b"abc") for _ in range(3)] == [(503, b""), (307, b""), (200, b"ABC")]
    assert [(r.method, r.path, r.headers["x-name"], r.body) for r in recorder.requests] == [
        ("POST", "/p?q", "v", b"abc")
    ] * 3
    assert len(second_recorder.requests) == 1


def test_a_recorder_misbehaves(recorder: Recorder) -> None:
    recorder.will(Hang(), Cut(), Cut(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"), Cut(reset=True))
    with pytest.raises(TimeoutError):
        ask(recorder.url, seconds=0.2)
    while not recorder.requests:  # it was sent, and arrives before the next
        time.sleep(0.01)
    for error in (http.client.RemoteDisconnected, http.client.IncompleteRead, OSError):
        with pytest.raises(error):
            ask(recorder.url)
    recorder.will(Drip(Answer(200, b"x"), 0.001))
    assert ask(recorder.url) == (200, b"x")
    assert ask(recorder.url)[0] == 418


def test_a_recorder_speaks_https(authority: Authority) -> None:
    with Recorder(authority.server_context()) as recorder:
        recorder.will(Answer(200, b"x"))
        assert ask(recorder.url, ca=str(authority.path)) == (200, b"x")
        with pytest.raises(ssl.SSLError):
            ask(recorder.url, ca=ssl.get_default_verify_paths().cafile)
        assert len(recorder.requests) == 1


def code_of(call: Any, **arguments: object) -> str:
    from botocore.exceptions import ClientError

    with pytest.raises(ClientError) as caught:
        call(**arguments)
    return str(caught.value.response["Error"]["Code"])


def test_aws_is_strict_about_keys(aws: AWS) -> None:
    client, arn, other = aws.client(), aws.create_key(), aws.create_key()
    answer = client.encrypt(KeyId=arn, Plaintext=b"x", EncryptionContext={"a": "b"})
    assert (answer["KeyId"], answer["EncryptionAlgorithm"]) == (arn, "SYMMETRIC_DEFAULT")
    blob = {"CiphertextBlob": answer["CiphertextBlob"], "EncryptionContext": {"a": "b"}}
    assert client.decrypt(KeyId=arn, **blob)["Plaintext"] == b"x"
    assert code_of(client.decrypt, **{**blob, "EncryptionContext": {"a": "c"}}) == "InvalidCiphertextException"
    assert code_of(client.decrypt, KeyId=other, **blob) == "IncorrectKeyException"
    aws.disable(arn)
    assert code_of(client.decrypt, **blob) == "DisabledException"
    assert code_of(client.encrypt, KeyId=arn, Plaintext=b"x") == "DisabledException"
    aws.schedule_deletion(other)
    assert code_of(client.encrypt, KeyId=other, Plaintext=b"x") == "KMSInvalidStateException"
    assert code_of(client.encrypt, KeyId=aws.create_key("us-east-1"), Plaintext=b"x") == "NotFoundException"


def test_aws_has_multi_region_keys_and_aliases(aws: AWS) -> None:
    primary = aws.create_key(multi_region=True)
    replica = aws.replicate(primary, "us-east-1")
    blob = aws.client().encrypt(KeyId=primary, Plaintext=b"x")["CiphertextBlob"]
    answer = aws.client(region="us-east-1").decrypt(KeyId=replica, CiphertextBlob=blob)
    assert (answer["KeyId"], answer["Plaintext"]) == (replica, b"x")
    alias = aws.create_alias(primary, "of-this-test")
    assert aws.client().encrypt(KeyId=alias, Plaintext=b"x")["KeyId"] == primary
