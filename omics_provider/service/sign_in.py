"""Signing in to AWS without a question: nobody can answer one while an update is at work.

A part of botocore's chain of credentials, before the one that assumes roles. botocore is imported
here: only the module of clients imports this one, when it makes a session.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from botocore.credentials import CredentialProvider
from botocore.session import Session

from omics_provider.base import errors

_ASSUMES_ROLES = "assume-role"


def ask_nothing(session: Session) -> None:
    """Have `session` raise CredentialsError where it would ask for an MFA code."""
    chain = session.get_component("credential_provider")
    chain.insert_before(_ASSUMES_ROLES, _NoQuestion(session))


class _NoQuestion(CredentialProvider):
    """Has no credentials; refuses a profile whose role takes a code that is typed in."""

    METHOD = "no-question"

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._aws = session

    def load(self) -> None:
        """Raise CredentialsError where botocore would go on to ask for a code."""
        name = self._aws.get_config_variable("profile") or "default"
        profiles = self._aws.full_config.get("profiles", {})
        if any("mfa_serial" in role for role in _assumed(profiles, name)):
            raise errors.CredentialsError(
                "Signing in",
                f"profile {name} asks for an MFA code, and nobody can enter a code here",
                advice="First sign in by a way that needs no code later: `aws sso login`, "
                "`aws-vault exec PROFILE -- pulumi up`, or session credentials "
                "(`aws sts get-session-token`) in AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and "
                "AWS_SESSION_TOKEN, without a profile.",
            )


def _assumed(profiles: Mapping[str, Mapping[str, Any]], name: str) -> Iterator[Mapping[str, Any]]:
    """Give the roles that botocore assumes one after the other for the profile `name`."""
    seen: set[str] = set()
    while name in profiles and name not in seen:
        seen.add(name)
        profile = profiles[name]
        # A token in a file stands for the code.
        if "role_arn" not in profile or "web_identity_token_file" in profile:
            return
        yield profile
        name = str(profile.get("source_profile", ""))
