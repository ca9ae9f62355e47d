"""What the program's classes share: how they take arguments, and how they become resources."""

from __future__ import annotations

import copy
import functools
import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar, Final, TypeVar, cast

import pulumi
from pulumi import Input, Output, ResourceOptions, dynamic

from omics_provider.base import checks
from omics_provider.base.keys import STACK
from omics_provider.base.table import Table
from omics_provider.base.values import CANNOT_CROSS, UNKNOWN, cannot_cross, whole
from omics_provider.sheets import scalars

from .provider import warn_of_unknown_keys

Self = TypeVar("Self", bound="Readable")
Class = TypeVar("Class", bound=type)

_OPTS: Final = "opts"


class Declared(dynamic.Resource):
    """A resource of a table, with a provider."""

    _table: ClassVar[Table]
    _host: ClassVar[dynamic.ResourceProvider]
    #: Inputs that the state tells, whether or not the program gives them.
    _kept: ClassVar[tuple[str, ...]] = ()

    def _declare(
        self, resource_name: str, inputs: Mapping[str, Any], opts: ResourceOptions | None
    ) -> None:
        """Declare the resource with inputs by the API's names; those of None are left out."""
        warn_of_unknown_keys()
        # An output is an attribute only where the property bag names it, if only as None. Each name
        # costs the program an Output with two tasks, so inputs are named where they can be known:
        # the given ones, and all of what was made elsewhere.
        given = {name: crossing(value) for name, value in inputs.items() if value is not None}
        elsewhere = not given or "adoptRunId" in given
        inputs_named = self._table.by_wire if elsewhere else self._kept
        names = [*inputs_named, *(fact.wire for fact in self._table.facts)]
        if concealed := list(_concealed(self._table, inputs)):
            given[checks.CONCEALED] = concealed
        dynamic.Resource.__init__(
            self,
            self._host,
            resource_name,
            {**dict.fromkeys(names), **given, STACK: stack()},
            _by_wire(self._table, opts),
        )

    def _output(self, wire: str) -> Output[Any]:
        # An input left unset is no property of what is made here.
        if wire not in self.__dict__:
            return Output.from_input(None)
        return cast(Output[Any], pulumi.get(self, wire))


class Readable(Declared):
    """A resource that can be read without being the stack's own."""

    @classmethod
    def get(
        cls: type[Self],
        resource_name: str,
        id: Input[str],  # noqa: A002  # Pulumi's own name for it in every resource's get
        opts: ResourceOptions | None = None,
    ) -> Self:
        """Read an existing one, which this stack will neither change nor delete.

        Fails with a clear error where there is none of this id in the configured Region.
        """
        found = cls.__new__(cls)
        options = ResourceOptions.merge(opts, ResourceOptions(id=id))
        found._declare(resource_name, {}, options)
        return found


def _concealed(table: Table, inputs: Mapping[str, Any]) -> Iterator[str]:
    """Yield the inputs that may be secret and that the check would else show in a message."""
    for field in table.fields:
        is_shown = field.kind in checks.SHOWN or field.shape is not None
        if is_shown and not _is_plain(inputs.get(field.wire)):
            yield field.wire


def _is_plain(value: Any) -> bool:
    if isinstance(value, Mapping):
        return all(map(_is_plain, value.values()))
    if isinstance(value, list | tuple):
        return all(map(_is_plain, value))
    return not isinstance(value, Output) and not hasattr(value, "__await__")


def stack() -> str:
    """Return the stack's full name."""
    return f"{pulumi.get_organization()}/{pulumi.get_project()}/{pulumi.get_stack()}"


def inputs_of(table: Table, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return the inputs by the API's names; names that do not exist are for the preview to tell."""
    fields = table.by_name
    known = {fields[name].wire: value for name, value in arguments.items() if name in fields}
    own = {argument.name for argument in table.arguments}
    misnamed = [name for name in arguments if name not in fields and name not in own]
    return {**known, checks.MISNAMED: misnamed} if misnamed else known


# Arguments ---------------------------------------------------------------------------------------


def takes(table: Table) -> Callable[[Class], Class]:
    """Give a class the signature, the attributes and the docstrings of its table.

    Its calls tell at once all that is wrong with them, where nothing can be declared at all.
    """

    def taking(cls: Class) -> Class:
        called = _called(vars(cls)["__init__"], table, cls)
        setattr(cls, "_table", table)  # noqa: B010
        setattr(cls, "__init__", called)  # noqa: B010  # mypy takes no assignment to it
        for name, wire, doc in _attributes(table) if issubclass(cls, Declared) else ():
            setattr(cls, name, property(_getter(wire), doc=doc))
        return cls

    return taking


def _attributes(table: Table) -> Iterator[tuple[str, str, str]]:
    for field in table.fields:
        yield field.name, field.wire, field.doc
    for fact in table.facts:
        yield fact.name, fact.wire, fact.doc


def _getter(wire: str) -> Callable[[Declared], Output[Any]]:
    return lambda resource: resource._output(wire)


def _called(init: Callable[..., None], table: Table, cls: type) -> Callable[..., None]:
    own = inspect.signature(init)
    named = next(name for name in own.parameters if name != "self")

    @functools.wraps(init)
    def called(self: Any, *positional: Any, **arguments: Any) -> None:
        first = dict(zip((named, _OPTS), positional, strict=False))
        wrong = [f"{name}: is given twice" for name in first.keys() & arguments.keys()]
        if more := positional[2:]:
            wrong.append(
                f"only {named} and opts can stand without their names, {len(more)} more "
                f"{'does' if len(more) == 1 else 'do'}"
            )
        given = {**arguments, **first}
        wrong += _wrong(table, named, given)
        if wrong:
            wrong += _misgiven(table, arguments)
            about = f" {given[named]}" if isinstance(given.get(named), str) else ""
            lines = "".join(f"\n  {each}" for each in wrong)
            raise pulumi.RunError(f"{table.resource}{about} can't be declared:{lines}")
        init(self, **given)

    called.__doc__ = cls.__doc__
    called.__signature__ = _signature(own, table, named)  # type: ignore[attr-defined]
    return called


def _wrong(table: Table, named: str, given: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is wrong with a call so that nothing can be declared."""
    if named not in given:
        yield f"{named}: {checks.REQUIRED}"
    elif not isinstance(given[named], str) or not given[named]:
        yield f"{named}: must be a text that is not empty"
    if not isinstance(given.get(_OPTS), ResourceOptions | None):
        yield "opts: must be pulumi.ResourceOptions"
    for argument in table.arguments:
        if argument.required and argument.name not in given:
            yield f"{argument.name}: {checks.REQUIRED}"


def _misgiven(table: Table, arguments: Mapping[str, Any]) -> Iterator[str]:
    """Yield what the preview would tell of names, had it come so far."""
    if not table.fields:
        return
    given = inputs_of(table, arguments)
    for name in given.get(checks.MISNAMED, ()):
        if name != _OPTS:
            yield f"{name}: {checks.misnamed(table, name)}"
    own = {argument.name for argument in table.arguments}
    for field in table.fields:
        if field.required and field.name not in {*own, *arguments}:
            yield f"{field.name}: {checks.REQUIRED}"


def _signature(own: inspect.Signature, table: Table, named: str) -> inspect.Signature:
    """Return the signature as it is promised: every argument has a name, and opts is the last."""
    taken = {argument.name for argument in table.arguments}
    from_template = "template" in taken
    names = {argument.name: argument.required for argument in table.arguments}
    for field in table.fields:
        if field.name not in taken:
            names[field.name] = field.required and not from_template
    ordered = sorted(names, key=lambda name: not names[name])
    parameters = [own.parameters["self"], own.parameters[named]]
    for name in (*ordered, _OPTS):
        default = inspect.Parameter.empty if names.get(name) else None
        parameters.append(inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default))
    if not table.fields:
        parameters.append(own.parameters["arguments"])
    return own.replace(parameters=parameters)


def _by_wire(table: Table, opts: ResourceOptions | None) -> ResourceOptions | None:
    """Return the options with each property by the API's name, however the program names it.

    Pulumi's own hook for that, translate_input_property, would rename keys inside of values, too.
    """
    if opts is None:
        return None
    wires = {name: wire for name, wire, _ in _attributes(table)}

    def wire(path: str) -> str:
        return re.sub(r"^\w+", lambda found: wires.get(found[0], found[0]), path)

    opts = copy.copy(opts)
    for option in ("ignore_changes", "replace_on_changes", "additional_secret_outputs"):
        paths = getattr(opts, option)
        if isinstance(paths, list):
            setattr(opts, option, [wire(each) if isinstance(each, str) else each for each in paths])
    return opts


# Values ------------------------------------------------------------------------------------------


def crossing(value: Any) -> Any:
    """Return an argument with a marker for each part that Pulumi would drop or change.

    The provider's check reports the markers together with every other problem of the declaration.
    Outputs are looked into when they are known; awaitables are left as they are. None is an
    argument not given.
    """
    if isinstance(value, Output):
        return value.apply(crossing)
    return None if value is None else _marked(value)


def known_now(value: Any) -> Any:
    """Return a value as the check gets it, with what is not known at once as unknown."""
    return whole(_marked(_known(value)))


def _known(value: Any) -> Any:
    if isinstance(value, Output) or hasattr(value, "__await__"):
        return UNKNOWN
    if isinstance(value, Mapping):
        return {key: _known(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_known(item) for item in value]
    return value


def _marked(value: Any) -> Any:
    value = scalars.own(value)
    if isinstance(value, Output):
        return value.apply(_marked)
    if hasattr(value, "__await__"):
        return value
    reason = cannot_cross(value)
    if reason is not None:
        return {CANNOT_CROSS: reason}
    if isinstance(value, Mapping):
        return {key: _marked(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_marked(item) for item in value]
    return value
