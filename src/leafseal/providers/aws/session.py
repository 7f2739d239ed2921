"""Sessions of botocore that look at an `Ambient` where botocore would look at the process.

The chain of credentials is botocore's own; only the members that read the environment are made anew, with the one that
counts. Of the process's environment these remain: proxies, `REQUESTS_CA_BUNDLE`, and the home directory for tokens of
SSO and for paths that begin with `~`.
"""

from __future__ import annotations

import functools
import subprocess
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from botocore import credentials as chain
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from botocore.exceptions import ResponseStreamingError
from botocore.loaders import create_loader
from botocore.session import Session

from leafseal import __version__
from leafseal.errors import ProviderError
from leafseal.keys import Ambient
from leafseal.providers.network import ATTEMPTS, MAX_ANSWER_BYTES, Deadlines
from leafseal.system.environment import helper_environment
from leafseal.system.programs import ProgramError, check_exit_statuses, find_program

_CONNECTIONS = 16
_WEB_IDENTITY = {
    "web_identity_token_file": "AWS_WEB_IDENTITY_TOKEN_FILE",
    "role_arn": "AWS_ROLE_ARN",
    "role_session_name": "AWS_ROLE_SESSION_NAME",
}


class Access(NamedTuple):
    """What decides which client a key needs."""

    region: str
    profile: str
    role: str


class AmbientSession(Session):  # type: ignore[misc]
    """A session of botocore with the settings, the files and the credentials of an `Ambient`."""

    def __init__(self, ambient: Ambient, access: Access, deadlines: Deadlines) -> None:
        self._ambient = ambient
        environ = ambient.environ
        super().__init__(session_vars=_variables(ambient), profile=access.profile or None)
        for name, (_, variables, _, _) in self.SESSION_VARIABLES.items():
            if name not in _PLACES and (value := _first(environ, variables)):
                self.set_config_variable(name, value)
        self.set_config_variable("region", access.region)  # also for the roles of profiles
        self.register_component("data_loader", _loader(self.get_config_variable("data_path")))
        self.user_agent_extra = f"leafseal/{__version__}"
        self.set_default_client_config(_config(self, deadlines))
        resolver = self.get_component("credential_provider")
        own = _providers(self, ambient, explicit=bool(access.profile), instance=resolver.get_provider("iam-role"))
        resolver.providers = [provider for old in resolver.providers if (provider := own.get(old.METHOD, old))]

    def create_client(self, service_name: str, *arguments: Any, **options: Any) -> Any:
        """Create a client of a service, at the endpoint that the environment names for it, if it does."""
        ignored = self.get_config_variable("ignore_configured_endpoint_urls")
        own = "AWS_ENDPOINT_URL_" + service_name.upper().replace("-", "_")
        url = _first(self._ambient.environ, [own, "AWS_ENDPOINT_URL"])
        if url and not ignored and not options.get("endpoint_url"):
            options["endpoint_url"] = url
        client = super().create_client(service_name, *arguments, **options)
        client._endpoint.http_session = _ShortReader(client._endpoint.http_session)
        return client


@functools.cache
def _loader(data_path: str | None) -> Any:
    """Return what loads botocore's descriptions of services, which takes longer than all else, and keeps them."""
    return create_loader(data_path)


class _ShortReader:
    """What sends the requests of a client, and reads no more of an answer than a key service has to say.

    botocore reads whatever comes, as long as it comes, and has no setting for it.
    """

    def __init__(self, http: Any) -> None:
        self._http = http

    def send(self, request: Any) -> AWSResponse:
        """Send a request and return the whole answer. Raises what botocore's own sender does."""
        request.stream_output = True  # leaves the body unread
        answer = self._http.send(request)
        body = bytearray()
        try:
            for piece in answer.raw.stream(decode_content=False):
                body += piece
                if len(body) > MAX_ANSWER_BYTES:
                    break
        except Exception as error:  # of urllib3, which botocore does not let out either
            raise ResponseStreamingError(error=type(error).__name__) from None
        if len(body) > MAX_ANSWER_BYTES:
            answer.raw.close()
            raise ProviderError(f"the answer of AWS is longer than {MAX_ANSWER_BYTES} bytes")
        return AWSResponse(answer.url, answer.status_code, answer.headers, _Body(bytes(body)))

    def close(self) -> None:
        """Close all connections."""
        self._http.close()


class _Body:
    """A body that was read, in the place of the response it came with."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def stream(self) -> Iterator[bytes]:
        """Yield all of it."""
        yield self._data


_PLACES = ("profile", "config_file", "credentials_file", "region")


def _variables(ambient: Ambient) -> dict[str, Any]:
    """Return botocore's table of settings without the names of variables, which it would look up in the process."""
    environ, folder = ambient.environ, ambient.home / ".aws"
    table = {name: (file, None, default, to) for name, (file, _, default, to) in Session.SESSION_VARIABLES.items()}
    places = {
        "profile": _first(environ, ["AWS_DEFAULT_PROFILE", "AWS_PROFILE"]),
        "config_file": environ.get("AWS_CONFIG_FILE") or str(folder / "config"),
        "credentials_file": environ.get("AWS_SHARED_CREDENTIALS_FILE") or str(folder / "credentials"),
    }
    return {**table, **{name: (None, None, value, None) for name, value in places.items()}}


def _first(environ: Mapping[str, str], names: str | list[str] | None) -> str | None:
    """Return the first variable that is set and not empty."""
    names = [names] if isinstance(names, str) else names or []
    return next((environ[name] for name in names if environ.get(name)), None)


def _nobody_to_ask(_question: str) -> str:
    raise ProviderError(
        "the profile asks for a code of an MFA device, and there is nobody to ask",
        hint='get a session first, such as with "aws sts get-session-token", and put it into the environment',
    )


def _config(session: AmbientSession, deadlines: Deadlines) -> Config:
    asked = session.get_config_variable("max_attempts")
    return Config(
        connect_timeout=deadlines.connect,
        read_timeout=deadlines.answer,
        retries={"mode": "standard", "total_max_attempts": min(asked or ATTEMPTS, ATTEMPTS)},
        max_pool_connections=_CONNECTIONS,
    )


def _providers(session: AmbientSession, ambient: Ambient, *, explicit: bool, instance: Any) -> dict[str, Any]:
    """Return, by name, the providers to put in the place of those that look at the process; None takes one out."""
    name = session.get_config_variable("profile") or "default"
    environ = ambient.environ
    static, container = chain.EnvProvider(environ), chain.ContainerProvider(environ)

    def load() -> Any:
        return session.full_config

    def load_web_identity() -> Any:
        own = {} if explicit else {key: environ[text] for key, text in _WEB_IDENTITY.items() if environ.get(text)}
        return {"profiles": {name: {**session.full_config["profiles"].get(name, {}), **own}}}

    return {
        "env": static,
        "assume-role": chain.AssumeRoleProvider(
            load,
            session.create_client,
            {},
            name,
            prompter=ambient.ask or _nobody_to_ask,
            credential_sourcer=chain.CanonicalNameCredentialSourcer([static, container, instance]),
            profile_provider_builder=_SourceProfiles(session, environ),
        ),
        "assume-role-with-web-identity": chain.AssumeRoleWithWebIdentityProvider(
            load_web_identity, session.create_client, name, cache={}, disable_env_vars=True
        ),
        "custom-process": _process(session, environ, name),
        "container-role": container,
        **({"iam-role": None} if environ.get("AWS_EC2_METADATA_DISABLED", "").lower() == "true" else {}),
    }


class _SourceProfiles(chain.ProfileProviderBuilder):  # type: ignore[misc]
    """The providers of a profile whose credentials assume the role of another."""

    def __init__(self, session: AmbientSession, environ: Mapping[str, str]) -> None:
        super().__init__(session)
        self._process_for = functools.partial(_process, session, environ)

    def providers(self, profile_name: str, disable_env_vars: bool = False) -> list[Any]:
        """Return botocore's providers, the one for programs made anew."""
        found = super().providers(profile_name, disable_env_vars)
        return [self._process_for(profile_name) if one.METHOD == "custom-process" else one for one in found]


def _process(session: AmbientSession, environ: Mapping[str, str], profile: str) -> Any:
    """Return a provider that runs the program of a profile, without showing it our identities."""

    def run(argv: list[str], **options: Any) -> subprocess.Popen[bytes]:
        try:
            check_exit_statuses()
            program = find_program(argv[0], environ)
        except ProgramError as error:
            raise ProviderError(f"credential_process of the AWS profile {profile}: {error}") from None
        return subprocess.Popen([program, *argv[1:]], env=helper_environment(environ), **options)

    return chain.ProcessProvider(profile, lambda: session.full_config, run)
