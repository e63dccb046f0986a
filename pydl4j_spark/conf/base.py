"""The root of every config object: frozen, checked at construction, and told by DL4J's class name in JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Mapping
from typing import Any, ClassVar, NamedTuple, TypeVar, cast, dataclass_transform

import attrs

from pydl4j_spark.conf import fields
from pydl4j_spark.conf.kinds import Kind, declare, shown, suggestion
from pydl4j_spark.errors import ConfigError

T = TypeVar("T", bound="Config")

_BY_JAVA_CLASS: dict[str, type[Config]] = {}
_UNKNOWN: dict[type[Config], type[Config]] = {}

_JAVA_NAME = re.compile(r"[A-Za-z_$][\w$]*(\.[A-Za-z_$][\w$]*)+", re.ASCII)
# Where DL4J keeps its own classes, every one of which is known here; a class elsewhere is somebody else's.
_OWN_PACKAGES = (
    "org.deeplearning4j.nn.conf.",
    "org.deeplearning4j.nn.weights.",
    "org.deeplearning4j.preprocessors.",
    "org.deeplearning4j.nn.modelimport.keras.preprocessors.",
    "org.nd4j.linalg.",
)


class _Arguments(NamedTuple):
    accepted: frozenset[str]
    positional: tuple[str, ...]
    required: frozenset[str]


class Config:
    """A config object. A subclass is a list of fields, the name of its DL4J class, and what it computes.

    Misspelt, missing and surplus arguments raise ConfigError like wrong values do, so that a whole network
    description fails in one way.
    """

    java_class: ClassVar[str] = ""
    type_key: ClassVar[str] = "@class"
    names: ClassVar[dict[str, Callable[[], Any]]] = {}
    # What DL4J computes itself and writes, but does not read: passed over in reading.
    derived_keys: ClassVar[frozenset[str]] = frozenset()

    settings: ClassVar[tuple[tuple[str, Kind], ...]] = ()
    inherited: ClassVar[tuple[str, ...]] = ()
    _arguments: ClassVar[_Arguments] = _Arguments(frozenset(), (), frozenset())

    def __new__(cls, *args: Any, **kwargs: Any) -> Config:  # noqa: D102 - checks only, attrs documents the arguments
        _check_arguments(cls, args, kwargs)
        return object.__new__(cls)

    @property
    def label(self) -> str:
        """The name of its class, as tables and messages show it."""
        return type(self).__name__

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle and copy without a new construction, which would miss its arguments."""
        return _restore, (type(self), self.__dict__)

    def to_dict(self) -> dict[str, Any]:
        """Give this object as DL4J's JSON spells it.

        Returns
        -------
        dict
            Every setting that is known, under DL4J's keys.
        """
        document: dict[str, Any] = {self.type_key: self.java_class}
        for field, kind in self.settings:
            document.update(kind.to_json(getattr(self, field)))
        return document

    @classmethod
    def from_dict(cls: type[T], document: Any) -> T:
        """Make an object of this family from DL4J's JSON.

        Parameters
        ----------
        document : dict
            An object of the JSON, with DL4J's class name in it.

        Raises
        ------
        ConfigError
            Where the class is missing or of another family, a key is unknown, or a value is impossible. A class that
            a user wrote in Java is no error: what stands for it is an `Unknown`.
        """
        if not isinstance(document, Mapping):
            raise ConfigError(f"{cls.__name__}: expected a JSON object with {cls.type_key!r}, found {shown(document)}")
        name = document.get(cls.type_key)
        found = _BY_JAVA_CLASS.get(str(name))
        if (
            found is None
            and isinstance(name, str)
            and _JAVA_NAME.fullmatch(name)
            and not name.startswith(_OWN_PACKAGES)
        ):
            return cast("T", _unknown(cls)(document=document))
        if found is None or not issubclass(found, cls):
            known = [java.rpartition(".")[2] for java, kind in _BY_JAVA_CLASS.items() if issubclass(kind, cls)]
            meant = suggestion(str(name).rpartition(".")[2], known)
            raise ConfigError(f"{cls.__name__}: the class {name!r} is not supported; {meant}")
        return found._from_keys(document)

    @classmethod
    def _from_keys(cls: type[T], document: Mapping[str, Any]) -> T:
        known = cls.derived_keys.union({cls.type_key}, *(kind.keys for _, kind in cls.settings))
        for key, value in document.items():
            # DL4J writes null for what is not set, also where this class has no such setting.
            if key not in known and value is not None:
                raise ConfigError(f"{cls.__name__}: unknown JSON key {key!r}; {suggestion(key, known)}")
        return cls(**read_settings(cls, document))

    @classmethod
    def short(cls, value: Any) -> Any:
        """Make an object of this family from its name, or from its class.

        Parameters
        ----------
        value : str or type
            A name in any case, DL4J's enum spelling included, or a class whose settings all have defaults.
        """
        if isinstance(value, type) and issubclass(value, cls):
            return value()
        if not isinstance(value, str) or not cls.names:
            raise TypeError(f"{type(value).__name__} is not a {cls.__name__}")
        found = cls.names.get(value.lower())
        if found is None:
            raise ValueError(suggestion(value, cls.names))
        return found()


def read_settings(
    cls: type[Config], document: Mapping[str, Any], names: Collection[str] | None = None
) -> dict[str, Any]:
    """Take a class's settings, or those of some names, out of DL4J's JSON."""
    read: dict[str, Any] = {}
    for field, kind in cls.settings:
        if names is not None and field not in names:
            continue
        try:
            value = kind.from_json(document)
        except ConfigError as inner:
            raise ConfigError(f"{cls.__name__}.{field}: {inner}") from None
        except (AttributeError, LookupError, TypeError, ValueError):
            raise ConfigError(f"{cls.__name__}.{field}: damaged JSON, wanted {kind.wants}") from None
        if value is not attrs.NOTHING:
            read[field] = value
    return read


def _check_arguments(cls: type[Config], args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    accepted, positional, required = cls._arguments
    for name in kwargs:
        if name not in accepted:
            raise ConfigError(f"{cls.__name__}: unknown setting {name!r}; {suggestion(name, accepted)}")
    if len(args) > len(positional):
        allowed = f"only {', '.join(positional)}" if positional else "nothing"
        raise ConfigError(f"{cls.__name__}: {allowed} may be given by position; write name=value for the others")
    missing = required - kwargs.keys() - set(positional[: len(args)])
    if missing:
        raise ConfigError(f"{cls.__name__}: {', '.join(sorted(missing))} must be given")


def _restore(cls: type[T], state: dict[str, Any]) -> T:
    restored: T = object.__new__(cls)
    restored.__dict__.update(state)
    return restored


def evolve(made: T, **settings: Any) -> T:
    """Give a copy with some settings changed, checked like a new one."""
    copy: T = attrs.evolve(cast("Any", made), **settings)
    return copy


@dataclass_transform(
    frozen_default=True,
    kw_only_default=True,
    field_specifiers=(
        attrs.field,
        fields.borders,
        fields.choice,
        declare,
        fields.flag,
        fields.indexed,
        fields.matrix,
        fields.named,
        fields.nested,
        fields.nested_list,
        fields.numbers_of,
        fields.paired,
        fields.points,
        fields.real,
        fields.row,
        fields.scheduled,
        fields.text,
        fields.texts,
        fields.whole,
    ),
)
def config(java_class: str = "", *names: str, also: str = "") -> Callable[[type[T]], type[T]]:
    """Make a frozen config class of a list of fields.

    Parameters
    ----------
    java_class : str
        DL4J's class; empty for one that only carries the fields of a family.
    *names : str
        The words that stand for this class with its defaults.
    also : str
        Another class of DL4J's that is the same but for its name; it is read, not written.
    """

    def make(cls: type[T]) -> type[T]:
        # Without slots, so that a layer may have two parents with fields.
        made = attrs.frozen(slots=False)(cls)
        declared = attrs.fields(cast("Any", made))
        made.java_class = java_class
        made.settings = tuple((field.name, field.metadata["kind"]) for field in declared if "kind" in field.metadata)
        made.inherited = tuple(field.name for field in declared if field.metadata.get("inherited"))
        made._arguments = _Arguments(
            frozenset(field.name for field in declared if field.init),
            tuple(field.name for field in declared if field.init and not field.kw_only),
            frozenset(field.name for field in declared if field.init and field.default is attrs.NOTHING),
        )
        for read in filter(None, (java_class, also)):
            _BY_JAVA_CLASS[read] = made
        for name in names:
            made.names[name] = made
        return made

    return make


def _frozen_json(document: Any) -> str:
    return document if isinstance(document, str) else json.dumps(document, sort_keys=True, allow_nan=False)


@config()
class Unknown(Config):
    """What a user wrote in Java, of any family: a layer, an activation, … Read from DL4J's JSON, and kept as it is.

    Nothing is known of it but its name: shapes end with it, and this package runs no such classes.

    Parameters
    ----------
    document : dict or str
        Its JSON, with its class in it.
    """

    # Of a vertex: it takes any number of inputs.
    max_inputs: ClassVar[int | None] = None

    document: str = declare(Kind(None, "finite JSON", _frozen_json))

    def __attrs_post_init__(self) -> None:
        document = self.to_dict()
        object.__setattr__(self, "java_class", document[self.type_key])
        # The one setting that messages and tables need.
        name = document.get("layerName")
        if "name" in self._arguments.accepted and isinstance(name, str) and name:
            object.__setattr__(self, "name", name)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.java_class!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore_unknown, (type(self).__bases__[1], self.__dict__)

    def to_dict(self) -> dict[str, Any]:
        """Give its JSON, as it was read."""
        return cast("dict[str, Any]", json.loads(self.document))

    @property
    def label(self) -> str:
        """The Java class."""
        return self.java_class

    @property
    def n_params(self) -> None:
        """How many parameters it has is not known."""

    def accept(self, given: Any) -> Any:
        """Take any input."""
        return self

    def output_type(self, given: Any) -> None:
        """Say that what comes out is not known."""


def _unknown(family: type[Config]) -> type[Config]:
    """Give the class that stands for a family's unknown ones."""
    if family not in _UNKNOWN:
        body = {"__doc__": Unknown.__doc__, "__module__": family.__module__, "__repr__": Unknown.__repr__}
        _UNKNOWN[family] = config()(type(f"Unknown{family.__name__}", (Unknown, family), body))
    return _UNKNOWN[family]


def _restore_unknown(family: type[Config], state: dict[str, Any]) -> Config:
    return _restore(_unknown(family), state)
