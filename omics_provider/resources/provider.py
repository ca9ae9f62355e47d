"""Provider: another account or Region for some of a stack's resources, and which one each has."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping
from typing import Any, Final
from weakref import WeakSet

import pulumi
from pulumi import ResourceOptions

from omics_provider.base import errors, settings
from omics_provider.base.settings import Settings
from omics_provider.engine.urn import DYNAMIC, RUN

#: The package that Pulumi knows Python's dynamic resources by.
PACKAGE: Final = "pulumi-python"
_PLACE: Final = ("omics:region", "omics:profile", "omics:endpoint", "omics:localState")


class Provider(pulumi.ProviderResource):
    """Where HealthOmics is for the resources that are given it: Region, account, endpoint.

    It is given as any Pulumi provider: `opts=ResourceOptions(provider=…)` for a resource,
    `providers=[…]` for a component, whose children inherit it. A resource without one follows the
    stack's configuration. What is left out here follows it, too, and boto3's own chain where the
    stack says nothing. An empty text leaves the choice to boto3 whatever the stack says.

    Credentials are never an argument: the profile names them, in `~/.aws/config`, where
    `role_arn` and `source_profile` assume a role.

    A run stays in the account and Region that it was started in. Another Provider, or another
    Region for this one, starts nothing and ends nothing: where the Region is not that of a
    recorded resource, previews and updates stop before anything is done.
    """

    def __init__(
        self,
        resource_name: str,
        *,
        region: str | None = None,
        profile: str | None = None,
        endpoint: str | None = None,
        local_state: str | None = None,
        opts: ResourceOptions | None = None,
    ) -> None:
        """Declare a place.

        Args:
            resource_name: Pulumi's name of the provider.
            region: The Region; unset, `omics:region`, else `aws:region`.
            profile: A profile of `~/.aws/config`; unset, `omics:profile`, else `aws:profile`. With
                one, credentials in environment variables are not used.
            endpoint: `local` for the emulator in the process, or a URL; unset, `omics:endpoint`.
            local_state: The emulator's file for the endpoint `local`, below the project's folder
                where it is relative; unset, `omics:localState`. Another file is another account.
            opts: Pulumi's resource options, but env_var_mappings: those would be the plugin's
                alone, while the program waits with its own environment.

        Raises:
            pulumi.RunError: a value can't be meant, or is an Output: a place has to be known when
                the program runs, since the program asks there itself.

        """
        given: dict[str, Any] = {
            "region": region,
            "profile": profile,
            "endpoint": endpoint,
            "localState": local_state,
        }
        try:
            _require_text(resource_name, given)
            _require_own_environment(resource_name, opts)
            config = settings.provider_config(resource_name, given, config_value)
            self._settings = settings.from_config(config.get)
        except errors.SettingsError as error:
            raise pulumi.RunError(f"Provider {resource_name}: {error}") from None
        properties = {key: _guarded(key, value) for key, value in config.items()}
        super().__init__(PACKAGE, resource_name, properties, _replaced_with_its_place(config, opts))

    @property
    def settings(self) -> Settings:
        """How the program itself reaches this place."""
        return self._settings


def config_value(key: str) -> str | None:
    """Return a value of the stack's configuration by its full key."""
    namespace, _, name = key.partition(":")
    return pulumi.Config(namespace).get(name)


#: Event loops, and so programs, whose configuration has been looked through.
_looked: Final[WeakSet[asyncio.AbstractEventLoop]] = WeakSet()


def warn_of_unknown_keys() -> None:
    """Warn once a program of keys of the stack's configuration that mean nothing here."""
    loop = asyncio.get_event_loop()
    if loop in _looked:
        return
    _looked.add(loop)
    keys = {**pulumi.runtime.config.get_config_env(), **pulumi.runtime.config.CONFIG.get()}
    for line in settings.unknown_keys(keys, pulumi.get_project()):
        pulumi.log.warn(f"Configuration: {line}")


def place_of_stack() -> Settings:
    """Return the stack's own place. Raises RunError for values that can't be meant."""
    try:
        return settings.from_config(config_value)
    except errors.SettingsError as error:
        raise pulumi.RunError(str(error)) from None


def place_of(resource: pulumi.CustomResource) -> Settings:
    """Return a declared resource's place: its Provider's, given or inherited, else the stack's.

    Raises RunError as place_of_stack does, and for a provider that is no `omics_provider.Provider`.
    """
    # Pulumi resolves options, parents and transformations when the resource is declared.
    return _of(resource._provider, resource._name)


def place_of_child(
    name: str, options: ResourceOptions | None, parent: ResourceOptions | None
) -> Settings:
    """Return the place that the resource `name` will have, from its options and its parent's.

    Raises RunError as place_of does.
    """
    provider = _given(options) or _given(parent)
    if provider is None and parent is not None and parent.parent is not None:
        provider = parent.parent.get_provider(DYNAMIC + RUN)
    return _of(provider, name)


def _of(provider: pulumi.ProviderResource | None, name: str) -> Settings:
    if provider is None:
        return place_of_stack()
    if isinstance(provider, Provider):
        return provider.settings
    raise pulumi.RunError(
        f"{name} has a provider whose Region and account the program can't read. Create it with "
        f"omics_provider.Provider."
    )


def _given(options: ResourceOptions | None) -> pulumi.ProviderResource | None:
    if options is None:
        return None
    listed = options.providers or ()
    several = listed.values() if isinstance(listed, Mapping) else listed
    fitting = (p for p in (options.provider, *several) if p is not None and p.package == PACKAGE)
    return next(fitting, None)


def _replaced_with_its_place(
    config: Mapping[str, str], opts: ResourceOptions | None
) -> ResourceOptions:
    """Add that another place is another provider: what is left at the old one is ended there."""
    place: dict[str, Any] = {key: _unsaid(key, config[key]) for key in _PLACE if key in config}
    if opts is not None and opts.replacement_trigger is not None:
        place["own"] = opts.replacement_trigger
    return ResourceOptions.merge(opts, ResourceOptions(replacement_trigger=place))


def _unsaid(key: str, value: str) -> str:
    # The engine keeps a trigger as it is given, and `pulumi preview --json` dies of a secret in it.
    is_secret = pulumi.runtime.is_config_secret(key)
    return hashlib.sha256(value.encode()).hexdigest() if is_secret else value


def _guarded(key: str, value: str) -> Any:
    # The stack's secrets stay secrets, though none of these should be one.
    return pulumi.Output.secret(value) if pulumi.runtime.is_config_secret(key) else value


def _require_text(name: str, given: Mapping[str, Any]) -> None:
    wrong = [key for key, value in given.items() if not isinstance(value, str | None)]
    if wrong:
        raise errors.SettingsError(
            "Configuration",
            f"{', '.join(wrong)} of {name} is not a text that the program knows",
            advice="Give a plain text, for example from pulumi.Config, not an Output.",
        )


def _require_own_environment(name: str, opts: ResourceOptions | None) -> None:
    if opts is not None and opts.env_var_mappings is not None:
        raise errors.SettingsError(
            "Configuration",
            f"{name} has env_var_mappings, which the program's own waits and checks do not see",
            advice="Name a profile of ~/.aws/config instead: profile=….",
        )
