"""YAML as people mean it: only `true` and `false` are booleans, so that the key `on` stays a word (as in YAML 1.2)."""

import re
from typing import Any

import yaml

_BOOL = re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$")


_FastLoader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_FastDumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
"""libyaml's, ten times as fast; PyYAML is made without it where there is no wheel."""


class _Loader(_FastLoader):  # type: ignore[misc]  # chosen when this is loaded
    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002 - PyYAML's own
        """A key that is written twice is refused: the first would be dropped without a word."""
        keys = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        for key in {key for key in keys if keys.count(key) > 1}:
            raise yaml.constructor.ConstructorError(None, None, f"{key!r} is written twice", node.start_mark)
        made: dict[Any, Any] = super().construct_mapping(node, deep)
        return made


class _Dumper(_FastDumper):  # type: ignore[misc]  # likewise
    pass


def _use_plain_booleans(cls: Any) -> None:
    tag = "tag:yaml.org,2002:bool"
    cls.yaml_implicit_resolvers = {
        first: [(kind, pattern) for kind, pattern in resolvers if kind != tag]
        for first, resolvers in cls.yaml_implicit_resolvers.items()
    }
    cls.add_implicit_resolver(tag, _BOOL, list("tTfF"))


_use_plain_booleans(_Loader)
_use_plain_booleans(_Dumper)


def load_yaml(text: str, where: str) -> Any:
    """The document as plain data.

    Raises:
        ValueError: not YAML; the message names `where` and the line.
    """
    try:
        _refuse_aliases(text)
        return yaml.load(text, _Loader)  # noqa: S506 - a SafeLoader
    except (yaml.YAMLError, RecursionError, ValueError, LookupError, AttributeError) as error:
        # PyYAML's constructors let Python's own errors out: a 13th month, an empty !!int, an unknown !!bool.
        raise ValueError(f"{where}: not YAML: {' '.join(str(error).split())}") from error


def _refuse_aliases(text: str) -> None:
    """A few lines of them can stand for gigabytes."""
    if "*" not in text:
        return
    for event in yaml.parse(text, Loader=_FastLoader):
        if isinstance(event, yaml.AliasEvent):
            mark: Any = event.start_mark
            raise yaml.composer.ComposerError(None, None, "write it out; aliases (*name) are not read here", mark)


def dump_yaml(document: Any) -> str:
    """Plain data as YAML text, keys in the order given."""
    return str(yaml.dump(document, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=120))
