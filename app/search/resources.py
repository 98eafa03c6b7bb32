"""How resources are looked for: `aws_eks_node_group.*` and `module.eks.*` name what stands above them, which the index holds.

A resource is indexed under each name above it (`above`), so that a star behind a dot or a slash is an exact look-up, and a star
further on is looked for only among the changes of what stands above it.
"""

from dataclasses import replace

from app.search.tree import Term, Value, Word

ENDS = "./"


def above(name: str) -> list[str]:
    """The names above a Terraform address or a Kubernetes kind/name, the widest first: each ends before a dot or a slash that is
    not part of an index key. `module.eks.aws_iam_role.node["a.b"]` gives module, module.eks and module.eks.aws_iam_role."""
    found, bracket, quoted, escaped = [], False, False, False
    for place, letter in enumerate(name):
        if quoted:
            quoted, escaped = letter != '"' or escaped, letter == "\\" and not escaped
        elif bracket:
            bracket, quoted = letter != "]", letter == '"'
        elif letter == "[":
            bracket = True
        elif letter in ENDS and place:
            found.append(name[:place])
    return found


def spoken(term: Term) -> list[Term]:
    """A term as the index is asked for it; of another key than `resource` just itself."""
    if term.key != "resource":
        return [term]
    values = tuple(_exact(value) for value in term.values)
    only = values[0] if len(values) == 1 and not term.negated else None
    asked = replace(term, values=values)
    if isinstance(only, Word) and only.wild and (names := above(only.text.partition("*")[0])):
        return [asked, replace(term, values=(Word(names[-1]),))]
    return [asked]


def _exact(value: Value) -> Value:
    """`X.*` is all that stands under X, and X is a name of each of it."""
    if not isinstance(value, Word) or not value.wild or value.text[-2:-1] not in ENDS:
        return value
    name = value.text[:-2]
    return Word(name) if value.text.endswith("*") and name and "*" not in name and name in above(value.text) else value
