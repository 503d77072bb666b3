"""What the Python pages say that only running code tells: signatures of settings, and public names.

Extensions of griffe, which reads code without running it. Of a model it finds only ``**values`` there, of
``__all__`` nothing where that is computed.
"""

from importlib import import_module
from inspect import formatannotation, getdoc
from typing import Any, get_type_hints

from griffe import Class, Extension, Function, GriffeLoader, Module, Parameter, ParameterKind, Parameters
from pydantic import BaseModel


class FieldSignatures(Extension):
    """Gives each pydantic model the signature that it is made with."""

    def on_class(self, *, cls: Class, loader: GriffeLoader, **kwargs: Any) -> None:  # noqa: ANN401 - as griffe has it
        """Replace what a class takes by its fields, if it is a model."""
        if not any("BaseModel" in map(str, one.bases) for one in (cls, *cls.mro())):
            return
        model: type[BaseModel] = getattr(import_module(cls.module.path), cls.name)
        types = get_type_hints(model)
        parameters = [
            Parameter(
                name,
                annotation=formatannotation(types[name]),
                kind=ParameterKind.keyword_only,
                default=None if field.is_required() else repr(field.get_default(call_default_factory=True)),
            )
            for name, field in model.model_fields.items()
        ]
        this = Parameter("self", kind=ParameterKind.positional_or_keyword)
        cls.set_member("__init__", Function("__init__", parent=cls, parameters=Parameters(this, *parameters)))
        # Settings say what their fields mean when they are made: by the help of their options.
        if cls.docstring is not None:
            cls.docstring.value = getdoc(model) or ""


class PublicNames(Extension):
    """Gives each package that imports its names when they are first used what stands in its ``__all__``."""

    def on_module(self, *, mod: Module, loader: GriffeLoader, **kwargs: Any) -> None:  # noqa: ANN401 - as griffe has it
        """Replace what a package exports, if it computes that."""
        if "__all__" in mod.members and not mod.exports:
            mod.exports = list(import_module(mod.path).__all__)
