"""The names of mlx.core and the C# members that stand for them: the table in docs/coverage.md."""

import os
import re


def _table():
    names, section = {}, ""
    with open(os.path.join(os.environ["CONFORMANCE_ROOT"], "docs", "coverage.md")) as f:
        for line in f:
            if line.startswith("## "):
                section = line[3:].strip()
                names.setdefault(section, {})
            m = re.match(r"\| `([a-z_A-Z0-9.]+)` \| `([A-Za-z.0-9]+)`", line)
            if m:
                names[section].setdefault(m.group(1), m.group(2))
    return names


TABLE = _table()
for _path, _member in TABLE.get("mlx.core of 0.32", {}).items():
    _module, _, _name = _path.rpartition(".")
    TABLE["mlx.core." + _module if _module else "mlx.core"].setdefault(_name, _member)
FUNCTIONS = TABLE["mlx.core"]
METHODS = {k: v for k, v in TABLE["mlx.core.array"].items() if v.startswith("MlxArray.")}
